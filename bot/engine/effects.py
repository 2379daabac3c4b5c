"""What do the lines of the services around an incident say, per call, and what do its figures? Read from the counts."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median, pstdev

import numpy as np

from bot.anomalies.failing import looks_failing
from bot.engine.ports import Transaction
from bot.incidents.effects import LINES, Blamed, Effect, rank_effects
from bot.incidents.graph import ServiceGraph
from bot.incidents.per_call import FLOOR, MISSING, WINDOWS_MIN, LineEffect, ServiceLines, line_effect
from bot.logs.windows import window_start
from bot.signals.model import Signal, SignalKind

BEFORE, SINCE = timedelta(minutes=60), timedelta(minutes=10)
"""What is usual is that of the hour before the trouble; what it did shows in its first minutes."""

SERVICES_MAX = 40
_FLOOR_SHARE = 0.1
_PAST_MIN = 4
_KEPT = 400
"""Services of which the lines are kept in memory until the next window."""

_Key = tuple[str, datetime, datetime]


class Effects:
    def __init__(self, graph: ServiceGraph, window: timedelta) -> None:
        self._graph, self._window = graph, window
        self._lines: dict[_Key, ServiceLines] = {}
        self._found: dict[_Key, LineEffect | None] = {}
        self._closed_until: datetime | None = None

    def of(self, tx: Transaction, signals: Sequence[Signal], began_at: datetime, now: datetime) -> list[Blamed]:
        """Of the services of the signals and those near them, the likeliest origin first."""
        begin = window_start(began_at, self._window)
        closed = min(window_start(now, self._window), begin + SINCE)
        if closed <= begin:
            return rank_effects(_figures(signals), self._graph)
        known = {row.name for row in tx.logs.services()}
        services = [name for name in self._near(signals) if name in known]
        lines = []
        for name in services:
            effect = self._line_effect(tx, name, known, begin, closed)
            if effect is not None:
                lines.append(effect_of_lines(name, effect))
        return rank_effects([*lines, *_figures(signals)], self._graph)

    def _near(self, signals: Sequence[Signal]) -> list[str]:
        """Those in trouble, what they call, and what these call."""
        troubled = list(dict.fromkeys(signal.service for signal in signals))
        found = dict.fromkeys(troubled)
        reached = troubled
        for _ in range(2):
            reached = [other for service in reached for other in self._graph.depends_on(service)]
            found.update(dict.fromkeys(reached))
        return list(found)[:SERVICES_MAX]

    def _line_effect(
        self, tx: Transaction, service: str, known: Collection[str], begin: datetime, closed: datetime
    ) -> LineEffect | None:
        self._forget(closed)
        key = (service, begin, closed)
        if key not in self._found:
            callers = [name for name in self._graph.callers(service) if name in known]
            of_callers = [self._lines_of(tx, name, begin, closed) for name in callers]
            self._found[key] = line_effect(self._lines_of(tx, service, begin, closed), of_callers)
        return self._found[key]

    def _forget(self, closed: datetime) -> None:
        if self._closed_until != closed or len(self._lines) > _KEPT:
            self._lines.clear()
            self._found.clear()
            self._closed_until = closed

    def _lines_of(self, tx: Transaction, service: str, begin: datetime, closed: datetime) -> ServiceLines:
        key = (service, begin, closed)
        if key not in self._lines:
            counts = tx.logs.counts(service, begin - BEFORE, closed)
            self._lines[key] = self._table(tx, service, counts, begin, closed)
        return self._lines[key]

    def _table(
        self,
        tx: Transaction,
        service: str,
        counts: Mapping[str, Mapping[datetime, int]],
        begin: datetime,
        closed: datetime,
    ) -> ServiceLines:
        first = min((start for by_start in counts.values() for start in by_start), default=begin)
        windows = max(0, (begin - first) // self._window)
        rows = tx.logs.templates(counts) if windows >= WINDOWS_MIN else {}
        ids = [i for i in counts if i in rows]
        before, since = np.zeros((len(ids), windows)), np.zeros(len(ids))
        for row, i in enumerate(ids):
            for start, lines in counts[i].items():
                if start < begin:
                    before[row, (start - first) // self._window] += lines
                else:
                    since[row] += lines
        texts = tuple(rows[i].text for i in ids)
        failing = tuple(looks_failing(rows[i].level, rows[i].text) for i in ids)
        return ServiceLines(service, texts, failing, before, since, (closed - begin) // self._window)


def effect_of_lines(service: str, found: LineEffect) -> Effect:
    return Effect(
        service,
        LINES,
        found.size / FLOOR,
        found.size,
        text=found.text,
        is_own=found.what == MISSING,
        is_as_asked=found.is_as_asked,
    )


def _figures(signals: Sequence[Signal]) -> list[Effect]:
    """How far series are from their usual value, in the smallest change that counts, or in tenths of their limit. Those
    for which neither is declared have no unit to be compared in."""
    found = []
    for signal in signals:
        measure = signal.evidence.measure
        if signal.kind is not SignalKind.SERIES or measure is None or measure.now is None:
            continue
        past = [v for v in measure.values[:-1] if v is not None and math.isfinite(v)]
        floor = float(signal.attributes.get("floor", 0)) or _FLOOR_SHARE * abs(measure.limit or 0.0)
        if len(past) < _PAST_MIN or not floor:
            continue
        change = abs(measure.now - median(past))
        surprise = change / max(pstdev(past), floor / FLOOR)
        found.append(Effect(signal.service, signal.source, change / floor, surprise, text=measure.subject))
    return found
