"""What do programs read of an incident, its review and the measures? Plain values, ready for JSON.

Times are aware UTC, lengths seconds, shares 0..1, people `Person.key`s beside their names. docs/review.schema.json
describes a review.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.actions.model import Run
from bot.changes.model import Change
from bot.engine.pages import IncidentPage, ReviewPage, StatsPage, SuspectLine
from bot.incidents.delivery import Delivery
from bot.incidents.life import Task
from bot.incidents.measures import Measures
from bot.incidents.model import Incident, TimelineEntry
from bot.signals.model import Signal

Json = dict[str, Any]
Said = Callable[[TimelineEntry, IncidentPage], str]
"""What happened, in words."""

REVIEW_VERSION = 1


def incident_json(incident: Incident) -> Json:
    return {
        "key": incident.key,
        "id": incident.id,
        "service": incident.service,
        "title": incident.title,
        "severity": incident.severity,
        "state": incident.state,
        "began_at": incident.began_at,
        "opened_at": incident.opened_at,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": incident.resolved_at,
        "resolved_by": incident.resolved_by,
        "resolution": incident.resolution,
        "declared_by": incident.declared_by,
    }


def signal_json(signal: Signal) -> Json:
    seen = signal.evidence
    return {
        "kind": signal.kind,
        "service": signal.service,
        "severity": signal.severity,
        "title": signal.title,
        "began_at": signal.began_at,
        "template": seen.template,
        "examples": seen.examples,
        "rate_before": seen.rate_before,
        "rate_now": seen.rate_now,
    }


def suspect_json(line: SuspectLine) -> Json:
    suspect = line.suspect
    return {
        "kind": suspect.kind,
        "label": suspect.label,
        "likelihood": suspect.likelihood,
        "word": line.word,
        "because": dict(suspect.because),
        "verdict": suspect.verdict,
    }


def timeline_json(page: IncidentPage, said: Said) -> list[Json]:
    return [{"at": entry.at, "kind": entry.kind, "by": entry.by, "said": said(entry, page)} for entry in page.timeline]


def review_json(review: ReviewPage, said: Said, names: Mapping[str, str]) -> Json:
    page = review.page
    incident = page.incident
    return {
        "version": REVIEW_VERSION,
        "made_at": page.now,
        "incident": incident_json(incident),
        "impact": {
            "services": page.impact.services,
            "failing_per_minute": page.impact.failing_per_minute,
            "raised": page.impact.raised,
        },
        "measures": {
            "detected_after_s": _seconds(incident.time_to_detect()),
            "acknowledged_after_s": _seconds(incident.time_to_acknowledge()),
            "resolved_after_s": _seconds(incident.time_to_resolve()),
        },
        "signals": [signal_json(signal) for signal in page.signals],
        "suspects": [suspect_json(line) for line in page.suspects],
        "actions": [_action(run) for run in page.runs],
        "changes": [_change(change) for change in review.changes],
        "roles": [{"name": r.name, "person": r.person, "since": r.since} for r in page.life.roles],
        "updates": [{"at": u.at, "by": u.by, "text": u.text} for u in page.life.updates],
        "tasks": [_task(task) for task in page.life.tasks],
        "timeline": timeline_json(page, said),
        "people": dict(sorted(names.items())),
    }


def stats_json(page: StatsPage) -> Json:
    """`now` are the last `days`, `before` as many days before them."""
    return {
        "days": page.days,
        "about": list(page.about),
        "now": {**_measures(page.measures), **_delivery(page.delivery)},
        "before": {**_measures(page.before), **_delivery(page.delivery_before)},
        "services": {line.service: line.count for line in page.services},
        "no_problem": page.no_problem,
        "declared": page.declared,
    }


def _measures(found: Measures) -> Json:
    return {
        "incidents": found.count,
        "mttd_s": _seconds(found.mean_to_detect),
        "mtta_s": _seconds(found.mean_to_acknowledge),
        "mttr_s": _seconds(found.mean_to_resolve),
    }


def _delivery(found: Delivery) -> Json:
    return {
        "deploys": found.deploys,
        "deploys_per_day": found.per_day,
        "change_failure_rate": found.failure_rate,
        "lead_time_s": _seconds(found.lead_time),
    }


def _action(run: Run) -> Json:
    return {
        "id": run.id,
        "kind": run.kind,
        "service": run.service,
        "before": run.plan.before,
        "after": run.plan.after,
        "state": run.state,
        "verdict": run.verdict,
        "asked_by": run.asked_by,
        "approved_by": list(run.approved_by),
        "asked_at": run.asked_at,
        "finished_at": run.finished_at,
    }


def _task(task: Task) -> Json:
    named = ("text", "at", "by", "owner", "is_follow_up", "done_at", "done_by")
    return {name: getattr(task, name) for name in named}


def _change(change: Change) -> Json:
    named = ("kind", "service", "at", "version", "previous", "by", "summary", "link", "environment")
    return {name: getattr(change, name) for name in named}


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()
