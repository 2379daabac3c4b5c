"""What is the schema? Every table, by what it is about; `migrations/` holds how it came about."""

from bot.store.tables.acting import audit, audit_seal, decision, environment_lock, happened, memory, outbox, posted, run
from bot.store.tables.calling import escalation, oncall_override, outside_copy, page, pager_alert, pager_event
from bot.store.tables.incidents import change, hidden, incident, lesson, maintenance, signal, silence, suspect, timeline
from bot.store.tables.logs import (
    batch,
    bus_batch,
    bus_partition,
    count_hour,
    count_minute,
    lease,
    position,
    service,
    template,
    template_values,
)
from bot.store.tables.metadata import metadata
from bot.store.tables.sources import measured, pipeline_run, rejected, source_use, standing, watched
from bot.store.tables.watching import sensitivity, series, series_hour, watch_state

__all__ = [
    "audit",
    "audit_seal",
    "batch",
    "bus_batch",
    "bus_partition",
    "change",
    "count_hour",
    "count_minute",
    "decision",
    "environment_lock",
    "escalation",
    "happened",
    "hidden",
    "incident",
    "lease",
    "lesson",
    "maintenance",
    "measured",
    "memory",
    "metadata",
    "oncall_override",
    "outbox",
    "outside_copy",
    "page",
    "pager_alert",
    "pager_event",
    "pipeline_run",
    "position",
    "posted",
    "rejected",
    "run",
    "sensitivity",
    "series",
    "series_hour",
    "service",
    "signal",
    "silence",
    "source_use",
    "standing",
    "suspect",
    "template",
    "template_values",
    "timeline",
    "watch_state",
    "watched",
]
