"""How well do changes go out? DORA's measures of delivery (dora.dev/guides/dora-metrics), from the ledger of changes.

A deploy failed when it was rolled back, or when people confirmed it as the cause of an incident.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bot.changes.model import Change, ChangeKind

COMMITTED_AT = "committed_at"
"""The attribute of a deploy that says when its commit was made (ISO 8601); without it there is no lead time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`per_day` deploys; `failure_rate` 0..1 or None without deploys; `lead_time` from commit to deploy, the median."""

    deploys: int
    failed: int
    per_day: float
    failure_rate: float | None
    lead_time: timedelta | None


def delivery(changes: Sequence[Change], confirmed: Collection[int], since: datetime, until: datetime) -> Delivery:
    """Of the deploys with since <= at < until. `changes` also holds the rollbacks that came after; `confirmed` are the
    ids of changes that people called a cause."""
    deploys = [c for c in changes if c.kind is ChangeKind.DEPLOY and since <= c.at < until]
    rollbacks = [c for c in changes if c.kind is ChangeKind.ROLLBACK]
    failed = [d for d in deploys if d.id in confirmed or any(_undoes(r, d) for r in rollbacks)]
    led_s = [lead.total_seconds() for deploy in deploys if (lead := _lead_time(deploy)) is not None]
    return Delivery(
        deploys=len(deploys),
        failed=len(failed),
        per_day=len(deploys) / max((until - since) / timedelta(days=1), 1.0),
        failure_rate=len(failed) / len(deploys) if deploys else None,
        lead_time=timedelta(seconds=median(led_s)) if led_s else None,
    )


def _undoes(rollback: Change, deploy: Change) -> bool:
    """In the same place, as far as both say where."""
    places = {rollback.environment, deploy.environment} - {""}
    same = rollback.service == deploy.service and len(places) < 2
    return same and rollback.at >= deploy.at and bool(deploy.version) and rollback.previous == deploy.version


def _lead_time(deploy: Change) -> timedelta | None:
    try:
        committed_at = datetime.fromisoformat(deploy.attributes.get(COMMITTED_AT, ""))
    except ValueError:
        return None
    if committed_at.tzinfo is None or committed_at > deploy.at:
        return None
    return deploy.at - committed_at
