"""Silences as other systems have them."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("silence", sa.Column("origin", sa.String(100), nullable=False, server_default=""))
    op.create_table(
        "silence_copy",
        sa.Column("silence_id", Id, sa.ForeignKey("silence.id"), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("copy_id", sa.String(100), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("silence_id", "source"),
    )


def downgrade() -> None:
    op.drop_table("silence_copy")
    with op.batch_alter_table("silence") as batch:
        batch.drop_column("origin")
