"""Which mixes of log templates are usual in a service, and which sessions."""

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
    op.create_table(
        "open_session",
        sa.Column("service", sa.String(200), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("steps", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_open_session_opened_at", "open_session", ["opened_at"])
    op.create_index("ix_open_session_seen_at", "open_session", ["seen_at"])
    op.create_table(
        "session_service",
        sa.Column("service", sa.String(200), primary_key=True),
        sa.Column("limit", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.BigInteger, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("history", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("session_service")
    op.drop_table("open_session")
    op.drop_table("mix_model")
