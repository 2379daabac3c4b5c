"""Is a pipeline's run late, does it take longer or more tries than its runs do? By its history, from what sources tell.

What is found stands until a run starts or ends; a run that failed is told by `bot/engine/events.py`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.anomalies.rhythm import rhythm_of
from bot.anomalies.runs import RUNS_MAX as TRIES_MAX
from bot.anomalies.runs import usual_length, usual_tries
from bot.clock import Clock
from bot.engine.events import Events
from bot.engine.ports import Store
from bot.engine.source_ports import RunTries
from bot.settings import Settings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Measure, Measured, Signal, SignalKind
from bot.signals.severity import Severity
from bot.sources.model import Ended, Heard, PipelineRun, RunState

HISTORY, RUNS_MAX = timedelta(days=35), 20_000
AWAY = timedelta(minutes=5)
HANGS_TIMES = 2.0
"""A run that takes so many times as long as what is slow is serious by itself."""

RETRIED_FOR = timedelta(hours=24)
"""That a run needed more tries is told of the last run only, and for so long."""

_SOURCE = "pipelines"
_LOOKED, _AWAY_UNTIL = "pipelines.looked", "pipelines.away_until"
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """`signal` is None while this is well."""

    fingerprint: str
    service: str
    signal: Signal | None


class Pipelines:
    def __init__(self, store: Store, clock: Clock, settings: Settings, events: Events) -> None:
        self._store, self._clock, self._events = store, clock, events
        self._zone = ZoneInfo(settings.digest.timezone)
        self._shadow = set(settings.detection.shadow)

    def run(self) -> int:
        """Returns how many runs were found late or slow just now."""
        now = self._clock.now()
        runs: dict[str, list[PipelineRun]] = defaultdict(list)
        with self._store.write() as tx:
            away_until = self._away_until(tx.records.recall(_LOOKED), tx.records.recall(_AWAY_UNTIL), now)
            tx.records.remember(_LOOKED, now.isoformat())
            tx.records.remember(_AWAY_UNTIL, away_until.isoformat())
            for run in tx.sources.latest_runs(now - HISTORY, RUNS_MAX):
                runs[run.pipeline].append(run)
            tried: dict[str, list[RunTries]] = defaultdict(list)
            for one in tx.sources.tries(now - HISTORY, RUNS_MAX):
                tried[one.pipeline].append(one)
            standing = {row.fingerprint for row in tx.sources.standing()}
        looks = [wrong for some in runs.values() for wrong in self._look(sorted(some, key=_start), away_until, now)]
        looks += [self._retried(sorted(some, key=lambda one: one.at), now) for some in tried.values()]
        new = [w.signal for w in looks if w.signal and w.fingerprint not in standing]
        over = [Ended(w.fingerprint, w.service, now) for w in looks if not w.signal and w.fingerprint in standing]
        if new or over:
            self._events.hear(_SOURCE, Heard(signals=new, ended=over))
        return len(new)

    def _away_until(self, looked: str, known: str, now: datetime) -> datetime:
        if looked and now - datetime.fromisoformat(looked) > AWAY:
            return now
        return datetime.fromisoformat(known) if known else _NEVER

    def _look(self, runs: Sequence[PipelineRun], away_until: datetime, now: datetime) -> list[_Wrong]:
        last = runs[-1]
        late, slow, hangs = (
            fingerprint(_SOURCE, what, last.service, last.pipeline) for what in ("late", "slow", "hangs")
        )
        found = [
            (late, self._late(runs, late, away_until, now)),
            (slow, _slow(runs, slow, now, 1.0, Severity.MINOR)),
            (hangs, _slow(runs, hangs, now, HANGS_TIMES, Severity.MAJOR)),
        ]
        return [
            _Wrong(name, last.service, None if signal and signal.kind in self._shadow else signal)
            for name, signal in found
        ]

    def _retried(self, runs: Sequence[RunTries], now: datetime) -> _Wrong:
        """The last run, when its parts were tried again more often than is usual. Over when the next run is not."""
        last = runs[-1]
        name = fingerprint(_SOURCE, "retried", last.service, last.pipeline)
        usual = usual_tries([run.again for run in runs[:-1]])
        is_told = SignalKind.SERIES not in self._shadow and usual is not None and last.again > usual
        if not is_told or now - last.at > RETRIED_FOR:
            return _Wrong(name, last.service, None)
        measure = Measure(
            what=Measured.RETRIED,
            subject=last.pipeline,
            now=float(last.again),
            high=float(usual or 0),
            parts=(("runs", str(min(len(runs) - 1, TRIES_MAX))), *((("task", last.task),) if last.task else ())),
        )
        signal = Signal(
            fingerprint=name,
            kind=SignalKind.SERIES,
            service=last.service,
            severity=Severity.MINOR,
            began_at=last.at,
            at=now,
            title=last.pipeline[:160],
            evidence=Evidence(measure=measure, link=last.link),
            source=last.source or _SOURCE,
            entities=(("pipeline", last.pipeline),),
        )
        return _Wrong(name, last.service, signal)

    def _late(self, runs: Sequence[PipelineRun], name: str, away_until: datetime, now: datetime) -> Signal | None:
        rhythm = rhythm_of([_start(run) for run in runs], self._zone)
        if rhythm is None:
            return None
        expected = rhythm.next_after(rhythm.last_at, self._zone)
        if now <= expected + rhythm.tolerance or expected <= away_until:
            return None
        measure = Measure(
            what=Measured.ABSENT,
            subject=runs[-1].pipeline,
            at=expected,
            earliest=rhythm.last_at,
            now=float(rhythm.times),
            high=float(rhythm.missed),
            step_s=round(rhythm.period.total_seconds()),
            parts=tuple(("weekday", str(day)) for day in rhythm.weekdays),
        )
        return _signal(SignalKind.ABSENCE, name, runs[-1], Severity.MAJOR, expected, now, measure)


def _slow(runs: Sequence[PipelineRun], name: str, now: datetime, times: float, severity: Severity) -> Signal | None:
    """The last run, while it is running for `times` as long as what is slow."""
    last = runs[-1]
    if last.state is not RunState.RUNNING or last.started_at is None:
        return None
    lengths = [
        run.ended_at - run.started_at
        for run in runs[:-1]
        if run.state is RunState.SUCCEEDED and run.started_at and run.ended_at
    ]
    usual = usual_length(lengths)
    took = now - last.started_at
    if usual is None or took <= times * usual.limit:
        return None
    measure = Measure(
        what=Measured.SLOW,
        subject=last.pipeline,
        unit="min",
        now=took / timedelta(minutes=1),
        low=usual.low / timedelta(minutes=1),
        high=usual.high / timedelta(minutes=1),
        parts=(("runs", str(usual.runs)),),
    )
    return _signal(SignalKind.SERIES, name, last, severity, last.started_at + times * usual.limit, now, measure)


def _signal(
    kind: SignalKind,
    name: str,
    run: PipelineRun,
    severity: Severity,
    began_at: datetime,
    now: datetime,
    measure: Measure,
) -> Signal:
    return Signal(
        fingerprint=name,
        kind=kind,
        service=run.service,
        severity=severity,
        began_at=began_at,
        at=now,
        title=run.pipeline[:160],
        evidence=Evidence(measure=measure, link=run.link),
        source=run.source or _SOURCE,
        entities=(("pipeline", run.pipeline),),
    )


def _start(run: PipelineRun) -> datetime:
    return run.started_at or run.at
