"""Which mixes of log templates are usual in a service."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "mix_model",
        sa.Column("service", sa.String(200), primary_key=True),
        sa.Column("fitted_at", UtcDateTime(), nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("mix_model")
