"""Who was asked about an incident, who stands in for whom, and what pagers were told."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "escalation",
        sa.Column("incident_id", Id, sa.ForeignKey("incident.id"), primary_key=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("policy", sa.String(100), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("stopped", sa.String(30)),
    )
    op.create_table(
        "page",
        sa.Column("id", Id, primary_key=True),
        sa.Column("incident_id", Id, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("policy", sa.String(100), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("reach", sa.String(20), nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.UniqueConstraint(
            "incident_id", "since", "policy", "turn", "target", name="uq_page_incident_id_since_policy_turn_target"
        ),
    )
    op.create_index("ix_page_state", "page", ["state"])
    op.create_table(
        "oncall_override",
        sa.Column("id", Id, primary_key=True),
        sa.Column("schedule", sa.String(100), nullable=False),
        sa.Column("person", sa.String(100), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.String(100), nullable=False),
    )
    op.create_index("ix_oncall_override_until", "oncall_override", ["until"])
    op.create_table(
        "outside_copy",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fetched_at", UtcDateTime()),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
    )
    op.create_table(
        "pager_alert",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("pager", sa.String(100), nullable=False),
        sa.Column("incident_id", Id, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("heard_at", UtcDateTime()),
        sa.Column("link", sa.Text(), nullable=False),
    )
    op.create_index("ix_pager_alert_incident_id", "pager_alert", ["incident_id"])
    op.create_index("ix_pager_alert_state", "pager_alert", ["state"])
    op.create_table(
        "pager_event",
        sa.Column("id", Id, primary_key=True),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("pager", sa.String(100), nullable=False),
        sa.Column("incident_id", Id, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("put_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    )
    op.create_index("ix_pager_event_key", "pager_event", ["key"])
    op.create_index("ix_pager_event_state", "pager_event", ["state"])


def downgrade() -> None:
    for table in ("pager_event", "pager_alert", "outside_copy", "oncall_override", "page", "escalation"):
        op.drop_table(table)
