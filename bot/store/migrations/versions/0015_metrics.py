"""Points of OpenTelemetry's metrics, and the attempts of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "stream_point",
        sa.Column("watch", sa.String(100), primary_key=True),
        sa.Column("stream", sa.String(64), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("labels", sa.String(1000), nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.add_column("pipeline_run", sa.Column("attempt", sa.Integer, nullable=False, server_default="1"))
    op.create_index("ix_stream_point_at", "stream_point", ["watch", "at_ms"])


def downgrade() -> None:
    op.drop_table("stream_point")
    op.drop_column("pipeline_run", "attempt")
