"""Which log lines come regularly."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "rhythm",
        sa.Column("template_id", sa.String(64), primary_key=True),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("period_s", sa.Integer, nullable=False),
        sa.Column("weekdays", sa.String(7), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("spread_s", sa.Integer, nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("expected_at", UtcDateTime(), nullable=False),
        sa.Column("late_at", UtcDateTime(), nullable=False),
        sa.Column("absent_since", UtcDateTime()),
    )
    op.create_index("ix_rhythm_late_at", "rhythm", ["late_at"])


def downgrade() -> None:
    op.drop_table("rhythm")
