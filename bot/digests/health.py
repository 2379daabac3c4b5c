"""How healthy was a service, a pipeline, a model? In trouble for how long, and how much of its work failed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from bot.incidents.model import Incident, Resolution
from bot.sources.model import Measured, PipelineRun, RunState

ROWS_MAX = 12
NOT_TROUBLE = frozenset({Resolution.NOT_A_PROBLEM, Resolution.MERGED})

Stretch = tuple[datetime, datetime]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Trouble:
    """In trouble for `lasted`; `failed` of the `of` runs or checks went wrong."""

    lasted: timedelta = timedelta()
    failed: int = 0
    of: int = 0

    def __bool__(self) -> bool:
        return bool(self.lasted or self.failed)


@dataclass(frozen=True, slots=True)
class Health:
    """`kind` is "service" | "pipeline" | "model". `now`: in the stretch that is told of; `days`: on each of the last
    local days, the oldest first."""

    kind: str
    name: str
    now: Trouble
    days: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class HealthTable:
    dates: tuple[date, ...]
    rows: tuple[Health, ...]
    """Those with most trouble first, of each kind."""

    def of(self, kind: str) -> tuple[Health, ...]:
        return tuple(row for row in self.rows if row.kind == kind)

    @property
    def troubled(self) -> tuple[tuple[Health, tuple[tuple[date, Trouble], ...]], ...]:
        """The rows that had trouble, each with its bad days."""
        bad = ((row, tuple((d, t) for d, t in zip(self.dates, row.days, strict=True) if t)) for row in self.rows)
        return tuple((row, days) for row, days in bad if days)

    @property
    def drawn(self) -> tuple[Health, ...]:
        """Those that are worth a row: the ones with trouble, then others, at most `ROWS_MAX`."""
        troubled = [row for row, _ in self.troubled]
        return tuple([*troubled, *(row for row in self.rows if row not in troubled)][:ROWS_MAX])


def health_table(
    stretch: Stretch,
    days: Sequence[tuple[date, datetime, datetime]],
    services: Iterable[str],
    incidents: Sequence[Incident],
    runs: Sequence[PipelineRun],
    measured: Sequence[Measured],
) -> HealthTable:
    """`incidents`, `runs` and `measured` are all that touch the days."""
    stretches = [stretch, *((start, end) for _, start, end in days)]
    quiet: dict[str, Sequence[Incident]] = dict.fromkeys(services, ())
    real = [one for one in incidents if one.resolution not in NOT_TROUBLE]
    rows = [
        *_rows("service", {**quiet, **_grouped(real, lambda i: i.service)}, stretches, _lasted),
        *_rows("pipeline", _grouped(runs, lambda r: r.pipeline), stretches, _runs),
        *_rows("model", _grouped(measured, lambda m: m.subject), stretches, _checks),
    ]
    return HealthTable(tuple(day for day, _, _ in days), tuple(rows))


def _grouped(found: Iterable[Item], name_of: Callable[[Item], str]) -> dict[str, Sequence[Item]]:
    groups: dict[str, list[Item]] = {}
    for one in found:
        groups.setdefault(name_of(one), []).append(one)
    return dict(groups)


def _rows(
    kind: str,
    groups: Mapping[str, Sequence[Item]],
    stretches: Sequence[Stretch],
    look: Callable[[Sequence[Item], Stretch], Trouble],
) -> list[Health]:
    seen = {name: [look(mine, stretch) for stretch in stretches] for name, mine in groups.items()}
    made = [Health(kind, name, found[0], tuple(found[1:])) for name, found in seen.items()]
    return sorted(made, key=lambda row: (*_weight([row.now]), *_weight(row.days), row.name))


def _weight(found: Iterable[Trouble]) -> tuple[float, int]:
    found = list(found)
    return -sum(one.lasted.total_seconds() for one in found), -sum(one.failed for one in found)


def _lasted(incidents: Sequence[Incident], stretch: Stretch) -> Trouble:
    """Two incidents at the same time are one trouble."""
    start, end = stretch
    total, reached = timedelta(), start
    for since, until in sorted((max(start, i.opened_at), min(end, i.resolved_at or end)) for i in incidents):
        if until > max(since, reached):
            total += until - max(since, reached)
            reached = until
    return Trouble(total)


def _runs(runs: Sequence[PipelineRun], stretch: Stretch) -> Trouble:
    """Whole runs where they are told of, else their tasks."""
    in_time = [r for r in runs if stretch[0] <= r.at < stretch[1]]
    ended = [r for r in in_time if r.state in (RunState.SUCCEEDED, RunState.FAILED)]
    whole = [r for r in ended if not r.task] or ended
    return Trouble(failed=sum(r.state is RunState.FAILED for r in whole), of=len(whole))


def _checks(measured: Sequence[Measured], stretch: Stretch) -> Trouble:
    judged = [m for m in measured if m.passed is not None and stretch[0] <= m.at < stretch[1]]
    return Trouble(failed=sum(m.passed is False for m in judged), of=len(judged))
