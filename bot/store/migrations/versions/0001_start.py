"""The tables Tocsin starts with."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("facts", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_table(
        "batch",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_batch")),
    )
    op.create_index(op.f("ix_batch_at"), "batch", ["at"], unique=False)
    op.create_table(
        "bus_batch",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=300), nullable=True),
        sa.Column("batch", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "seq", name=op.f("pk_bus_batch")),
        sa.UniqueConstraint("partition", "key", name=op.f("uq_bus_batch_partition_key")),
    )
    op.create_table(
        "bus_partition",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("waiting_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_bus_partition")),
    )
    op.create_table(
        "change",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("previous", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("environment", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("attributes", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sa.UniqueConstraint("key", name=op.f("uq_change_key")),
    )
    op.create_index(op.f("ix_change_at"), "change", ["at"], unique=False)
    op.create_table(
        "count_hour",
        sa.Column("template_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("template_no", "hour", name=op.f("pk_count_hour")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "count_minute",
        sa.Column("template_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("template_no", "start", name=op.f("pk_count_minute")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decision",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("facts", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_subject"), "decision", ["subject"], unique=False)
    op.create_table(
        "happened",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_happened")),
    )
    op.create_index(op.f("ix_happened_at"), "happened", ["at"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("severity_reason", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("began_at", types.UtcDateTime(), nullable=False),
        sa.Column("opened_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_signal_at", types.UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", types.UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=100), nullable=False),
        sa.Column("resolved_at", types.UtcDateTime(), nullable=True),
        sa.Column("resolved_by", sa.String(length=100), nullable=False),
        sa.Column("resolution", sa.String(length=30), nullable=True),
        sa.Column("reopened_at", types.UtcDateTime(), nullable=True),
        sa.Column("declared_by", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_opened_at"), "incident", ["opened_at"], unique=False)
    op.create_index(op.f("ix_incident_state"), "incident", ["state"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "memory",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_memory")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("template", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("thread_of", sa.String(length=200), nullable=False),
        sa.Column("card", sa.Boolean(), nullable=False),
        sa.Column("facts", types.Json, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        sa.Column("put_at", types.UtcDateTime(), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at"], unique=False)
    op.create_table(
        "position",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_position")),
    )
    op.create_table(
        "posted",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("ts", sa.String(length=40), nullable=False),
        sa.Column("thread_ts", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_posted")),
    )
    op.create_index("ix_posted_channel_ts", "posted", ["channel", "ts"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("incident", types.Id, nullable=False),
        sa.Column("asked_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("bound_to", sa.String(length=64), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("leased_until", types.UtcDateTime(), nullable=True),
        sa.Column("body", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_asked_at"), "run", ["asked_at"], unique=False)
    op.create_index(op.f("ix_run_incident"), "run", ["incident"], unique=False)
    op.create_index(op.f("ix_run_state"), "run", ["state"], unique=False)
    op.create_table(
        "service",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("first_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_at", types.UtcDateTime(), nullable=False),
        sa.Column("checked_until", types.UtcDateTime(), nullable=True),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("name", name=op.f("uq_service_name")),
    )
    op.create_table(
        "signal",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("incident_id", types.Id, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("began_at", types.UtcDateTime(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("evidence", types.Json, nullable=False),
        sa.Column("entities", types.Json, nullable=False),
        sa.Column("attributes", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal")),
    )
    op.create_index(op.f("ix_signal_at"), "signal", ["at"], unique=False)
    op.create_index(op.f("ix_signal_incident_id"), "signal", ["incident_id"], unique=False)
    op.create_table(
        "template",
        sa.Column("no", types.Id, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("alias_of", sa.String(length=64), nullable=True),
        sa.Column("state", types.Json, nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("first_at", types.UtcDateTime(), nullable=True),
        sa.Column("last_at", types.UtcDateTime(), nullable=True),
        sa.Column("samples", types.Json, nullable=False),
        sa.Column("parameters", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_template")),
        sa.UniqueConstraint("id", name=op.f("uq_template_id")),
    )
    op.create_index("ix_template_service_first_at", "template", ["service", "first_at"], unique=False)
    op.create_table(
        "suspect",
        sa.Column("incident_id", types.Id, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("likelihood", sa.Float(), nullable=False),
        sa.Column("because", types.Json, nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_suspect_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "place", name=op.f("pk_suspect")),
    )
    op.create_table(
        "timeline",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("incident_id", types.Id, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("facts", types.Json, nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_timeline_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
    )
    op.create_index(op.f("ix_timeline_incident_id"), "timeline", ["incident_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_timeline_incident_id"), table_name="timeline")
    op.drop_table("timeline")
    op.drop_table("suspect")
    op.drop_index("ix_template_service_first_at", table_name="template")
    op.drop_table("template")
    op.drop_index(op.f("ix_signal_incident_id"), table_name="signal")
    op.drop_index(op.f("ix_signal_at"), table_name="signal")
    op.drop_table("signal")
    op.drop_table("service")
    op.drop_index(op.f("ix_run_state"), table_name="run")
    op.drop_index(op.f("ix_run_incident"), table_name="run")
    op.drop_index(op.f("ix_run_asked_at"), table_name="run")
    op.drop_table("run")
    op.drop_index("ix_posted_channel_ts", table_name="posted")
    op.drop_table("posted")
    op.drop_table("position")
    op.drop_index("ix_outbox_state_due_at", table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("memory")
    op.drop_table("lease")
    op.drop_index(op.f("ix_incident_state"), table_name="incident")
    op.drop_index(op.f("ix_incident_opened_at"), table_name="incident")
    op.drop_table("incident")
    op.drop_index(op.f("ix_happened_at"), table_name="happened")
    op.drop_table("happened")
    op.drop_index(op.f("ix_decision_subject"), table_name="decision")
    op.drop_table("decision")
    op.drop_table("count_minute")
    op.drop_table("count_hour")
    op.drop_index(op.f("ix_change_at"), table_name="change")
    op.drop_table("change")
    op.drop_table("bus_partition")
    op.drop_table("bus_batch")
    op.drop_index(op.f("ix_batch_at"), table_name="batch")
    op.drop_table("batch")
    op.drop_index(op.f("ix_audit_subject"), table_name="audit")
    op.drop_table("audit")
