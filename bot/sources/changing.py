"""How does a report of a deploy, a push or a run become a change or a pipeline run, within the lengths kept?"""

from collections.abc import Mapping
from datetime import datetime

from bot.changes.model import Change, ChangeKind
from bot.sources.model import PipelineRun, RunState
from bot.sources.received import link, service_like

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


def short(sha: str) -> str:
    return sha[:SHA_SHOWN]
