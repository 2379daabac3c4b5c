"""What is watched beside logs, and what people said about it."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id, Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("id", Id, nullable=False),
        sa.Column("watch", sa.String(100), nullable=False),
        sa.Column("labels", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("watch", "labels", name=op.f("uq_series_watch_labels")),
    )
    op.create_table(
        "series_hour",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "hour", name=op.f("pk_series_hour")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watch_state",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("standing", Json, nullable=False),
        sa.Column("notes", Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_state")),
    )
    op.create_table(
        "sensitivity",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("times", sa.Float(), nullable=False),
        sa.Column("useful", sa.Integer(), nullable=False),
        sa.Column("useless", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_sensitivity")),
    )


def downgrade() -> None:
    for name in ("sensitivity", "watch_state", "series_hour", "series"):
        op.drop_table(name)
