"""What the values of templates were."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Json, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "template_values",
        sa.Column("template_id", sa.String(64), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("past", Json, nullable=False),
    )
    op.create_index("ix_template_values_at", "template_values", ["at"])


def downgrade() -> None:
    op.drop_table("template_values")
