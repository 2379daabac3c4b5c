"""What sources need: who sends what, what was rejected, problems and runs that others watch, figures they measured."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id, Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("source_use", "rejected", "standing", "pipeline_run", "measured", "watched")


def upgrade() -> None:
    op.create_table(
        "source_use",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("sender", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.Column("batches", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("duplicates", sa.BigInteger, nullable=False),
        sa.Column("ahead", sa.BigInteger, nullable=False),
        sa.Column("late_s", sa.Float, nullable=False),
        sa.Column("late_s_max", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("source", "sender", "service", name="pk_source_use"),
    )
    op.create_table(
        "rejected",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("sender", sa.String(200), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("path", Json, nullable=False),
        sa.Column("replayed_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rejected"),
    )
    op.create_index("ix_rejected_at", "rejected", ["at"])
    op.create_table(
        "standing",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_standing"),
    )
    op.create_index("ix_standing_ended_at", "standing", ["ended_at"])
    op.create_table(
        "pipeline_run",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("pipeline", sa.String(300), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("run", sa.String(300), nullable=False),
        sa.Column("task", sa.String(300), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=True),
        sa.Column("inputs", Json, nullable=False),
        sa.Column("outputs", Json, nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pipeline_run"),
    )
    op.create_index("ix_pipeline_run_at", "pipeline_run", ["at"])
    op.create_index("ix_pipeline_run_pipeline_at", "pipeline_run", ["pipeline", "at"])
    op.create_table(
        "measured",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("value", sa.Float, nullable=True),
        sa.Column("passed", sa.Boolean, nullable=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_measured"),
    )
    op.create_index("ix_measured_at", "measured", ["at"])
    op.create_index("ix_measured_subject_name_at", "measured", ["subject", "name", "at"])
    op.create_table(
        "watched",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=True),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("down_since", UtcDateTime, nullable=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("latency_ms", sa.Float, nullable=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_watched"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
