"""What happens in a minute? Log lines, changes, alerts, failed runs; and which fault is behind each."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.logs.record import LogRecord
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.simulation.estate import Line, Node
from bot.simulation.faults import ERRORS, Effect
from bot.simulation.plan import Plan

MINUTE = timedelta(minutes=1)
ALERT_FROM, ALERT_AFTER = 2.0, 2
"""The monitoring alerts when a series is twice its usual value in two minutes running."""

SEEN_LATER = timedelta(minutes=3)
"""What a fault did may be noticed so long after it ended."""

_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Minute:
    start: datetime
    records: tuple[LogRecord, ...]
    changes: tuple[Change, ...]
    signals: tuple[Signal, ...]

    @property
    def end(self) -> datetime:
        return self.start + MINUTE


@dataclass(slots=True)
class Writing:
    """Writes a plan down, minute by minute, the same for the same seed."""

    plan: Plan
    _rng: random.Random = field(init=False)
    _high_for: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self._rng = random.Random(self.plan.seed * 1_000_003 + 1)

    def minutes(self) -> Iterator[Minute]:
        effects = [*self.plan.noise, *(e for fault in self.plan.faults for e in fault.effects)]
        start = self.plan.begin
        while start < self.plan.end:
            end = start + MINUTE
            active: dict[str, list[Effect]] = defaultdict(list)
            for effect in effects:
                if effect.since < end and effect.until > start:
                    active[effect.service].append(effect)
            changes = tuple(c for c in self.plan.changes if start <= c.at < end)
            yield Minute(start, tuple(self._records(start, active, changes)), changes, tuple(self._told(start, active)))
            start = end

    # -- lines

    def _records(
        self, start: datetime, active: dict[str, list[Effect]], changes: tuple[Change, ...]
    ) -> Iterator[LogRecord]:
        for node in self.plan.estate.nodes.values():
            for line in node.lines:
                yield from self._healthy(node, line, start, active.get(node.name, []))
            for effect in active.get(node.name, []):
                since, until = max(effect.since, start), min(effect.until, start + MINUTE)
                for line in effect.lines:
                    yield from self._lines(node.name, line, since, until)
        for change in changes:
            if change.kind is ChangeKind.DEPLOY:
                yield LogRecord(change.at, change.service, f"starting version {change.version}", "info")
                yield LogRecord(change.at, change.service, "listening on port 8080", "info")

    def _healthy(self, node: Node, line: Line, start: datetime, effects: list[Effect]) -> Iterator[LogRecord]:
        """Its own lines; where an effect scales them, only for the part of the minute it lasts."""
        for record in self._lines(node.name, line, start, start + MINUTE, max([1.0, *(e.scale for e in effects)])):
            scales = [e.scale for e in effects if e.since <= record.at < e.until] or [1.0]
            scale = min(scales) if min(scales) < 1 else max(scales)
            if self._rng.random() < scale / max([1.0, *(e.scale for e in effects)]):
                yield record

    def _lines(
        self, service: str, line: Line, since: datetime, until: datetime, scale: float = 1.0
    ) -> Iterator[LogRecord]:
        """As many as chance has it, in the order of their times."""
        gap_s = 60.0 / (line.per_minute * scale)
        at = since + timedelta(seconds=self._rng.expovariate(1 / gap_s))
        while at < until:
            yield LogRecord(at, service, _filled(line.text, self._rng), line.level)
            at += timedelta(seconds=self._rng.expovariate(1 / gap_s))

    # -- series and runs

    def _told(self, start: datetime, active: dict[str, list[Effect]]) -> Iterator[Signal]:
        for node in self.plan.estate.nodes.values():
            effects = active.get(node.name, [])
            for name in sorted({name for e in effects for name, _ in e.series} | self._high(node.name)):
                yield from self._alert(node, name, start, effects)
            for effect in effects:
                if effect.runs_fail and effect.since <= start < effect.since + 2 * MINUTE:
                    yield _signal(node, SignalKind.RUN_FAILED, "run", Severity.MAJOR, start)

    def _high(self, service: str) -> set[str]:
        return {name for (other, name), minutes in self._high_for.items() if other == service and minutes}

    def _alert(self, node: Node, name: str, start: datetime, effects: list[Effect]) -> Iterator[Signal]:
        """Error ratio, latency or quality of a service, as a monitoring sees them: the usual value is 1."""
        factors = [f if f >= 1 else 1 / f for e in effects for series, f in e.series if series == name]
        value = max([1.0, *factors]) * self._rng.lognormvariate(0, 0.1)
        high = self._high_for[node.name, name] + 1 if value > ALERT_FROM else 0
        self._high_for[node.name, name] = high
        if node.is_alerted and high >= ALERT_AFTER:
            severity = Severity.MAJOR if name == ERRORS else Severity.MINOR
            yield _signal(node, SignalKind.ALERT, name, severity, start)


def _signal(node: Node, kind: SignalKind, name: str, severity: Severity, start: datetime) -> Signal:
    return Signal(
        fingerprint=fingerprint(kind, node.name, name),
        kind=kind,
        service=node.name,
        severity=severity,
        began_at=start,
        at=start + MINUTE,
        title=f"{name} of {node.name}",
        source="simulation",
        entities=(("host", node.host),),
    )


def _filled(text: str, rng: random.Random) -> str:
    while "{n}" in text:
        text = text.replace("{n}", str(rng.randint(1, 99_999)), 1)
    return text


# -- the truth


def truth_of(plan: Plan, signal: Signal) -> int:
    """The number of the fault behind a signal, 0 for none."""
    lines = {skeleton(text) for text in signal.evidence.examples[-1:]}
    found = [
        (number, effect)
        for number, effects in [*((f.number, f.effects) for f in plan.faults), (0, plan.noise)]
        for effect in effects
        if effect.service == signal.service and effect.since - MINUTE <= signal.at <= effect.until + SEEN_LATER
    ]
    written = [number for number, e in found if lines & {skeleton(line.text) for line in e.lines}]
    if written:
        return max(written)
    if signal.kind in (SignalKind.ALERT, SignalKind.RUN_FAILED):
        fitting = [number for number, e in found if e.series or e.runs_fail]
    elif signal.kind is SignalKind.UNUSUAL_MIX:
        fitting = [number for number, _ in found]
    else:
        fitting = [number for number, e in found if e.scale != 1]
    return max(fitting, default=0)


def skeleton(text: str) -> str:
    return _NUMBERS.sub("0", text.replace("{n}", "0"))
