"""Who wants a digest, and what people are called."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id, Json, UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "subscription",
        sa.Column("id", Id, primary_key=True),
        sa.Column("to", sa.String(100), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("every", sa.String(10), nullable=False),
        sa.Column("at", sa.String(5), nullable=False),
        sa.Column("weekday", sa.SmallInteger, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("services", Json, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_subscription_to_every", "subscription", ["to", "every"], unique=True)


def downgrade() -> None:
    op.drop_table("subscription")
    op.drop_table("person")
