"""What remedies did, what people said of them, and who has a second factor."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id, UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "remedy",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("stopped_at", UtcDateTime()),
        sa.Column("stopped_by", sa.String(100), nullable=False),
        sa.Column("resumed_at", UtcDateTime()),
        sa.Column("resumed_by", sa.String(100), nullable=False),
    )
    op.create_table(
        "remedied",
        sa.Column("id", Id, primary_key=True),
        sa.Column("remedy", sa.String(200), nullable=False),
        sa.Column("incident", Id, nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("run", Id, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.UniqueConstraint("remedy", "incident", "mode", name="uq_remedied_remedy_incident_mode"),
    )
    op.create_table(
        "second_factor",
        sa.Column("person", sa.String(100), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("confirmed_at", UtcDateTime()),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_at", UtcDateTime()),
    )


def downgrade() -> None:
    for table in ("second_factor", "remedied", "remedy"):
        op.drop_table(table)
