"""How does a report of a deploy, a push or a run become a change or a pipeline run, within the lengths kept?"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.changes.model import Change, ChangeKind
from bot.sources.model import Decode, Heard, PipelineRun, Posted, RunState
from bot.sources.received import decoded_object, link, service_like

KEY_MAX = 200
VERSION_MAX = 200
SUMMARY_MAX = 300
NAME_MAX = 300
ERROR_MAX = 2_000
SHA_SHOWN = 12


def change(
    key: str,
    kind: ChangeKind,
    service: str,
    at: datetime | None,
    now: datetime,
    *,
    source: str,
    version: str = "",
    previous: str = "",
    by: str = "",
    summary: str = "",
    url: str = "",
    environment: str = "",
    attributes: Mapping[str, str] | None = None,
) -> Change:
    """A change as its sender tells it. A time that is still to come becomes now."""
    return Change(
        key=f"{source}:{key}"[:KEY_MAX],
        kind=kind,
        service=service_like(service),
        at=min(at or now, now),
        version=version[:VERSION_MAX],
        previous=previous[:VERSION_MAX],
        by=by[:VERSION_MAX],
        summary=" ".join(summary.split())[:SUMMARY_MAX],
        link=link(url),
        environment=environment[:100],
        source=source,
        attributes=attributes or {},
    )


def run(
    source: str,
    key: str,
    pipeline: str,
    service: str,
    state: RunState,
    at: datetime,
    *,
    name: str = "",
    task: str = "",
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    error: str = "",
    url: str = "",
    rows: int | None = None,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    attempt: object = 1,
) -> PipelineRun:
    """How a run stands, as its sender tells it."""
    return PipelineRun(
        key=f"{source}:{key}"[:KEY_MAX],
        pipeline=pipeline[:NAME_MAX],
        service=service_like(service),
        state=state,
        at=at,
        run=name[:NAME_MAX],
        task=task[:NAME_MAX],
        started_at=started_at,
        ended_at=ended_at,
        error=error[:ERROR_MAX],
        link=link(url),
        rows=rows,
        inputs=tuple(name[:NAME_MAX] for name in inputs[:50]),
        outputs=tuple(name[:NAME_MAX] for name in outputs[:50]),
        source=source,
        attempt=_attempt(attempt),
    )


def _attempt(told: object) -> int:
    """1 when it is not told, or not as a number."""
    text = str(told)
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 4 else 1


Body = Mapping[str, Any]
Told = Change | PipelineRun | None
"""None: it was read, and means nothing to Tocsin."""
Event = Callable[[Body, Posted], Told]


def by_event(kind: Callable[[Posted, Body], str], events: Mapping[str, Event]) -> Decode:
    """For senders of one event a message: `kind` finds what it is, and one of `events` reads it."""

    def decode(posted: Posted) -> Heard:
        body, heard = decoded_object(posted.body), Heard()
        read = events.get(kind(posted, body))
        told = read(body, posted) if read is not None else None
        if isinstance(told, Change):
            heard.changes.append(told)
        elif told is not None:
            heard.runs.append(told)
        else:
            heard.ignored += 1
        return heard

    return decode


def short(sha: str) -> str:
    return sha[:SHA_SHOWN]
