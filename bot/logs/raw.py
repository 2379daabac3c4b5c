"""How are raw lines counted the shortest way? Header off, secrets out, mined and counted by minute, in columns.

For streams of one service whose lines are plain text. It gives what `LineParser`, `Redactor`, `Miner` and
`window_start` give one after the other (tests/logs/test_raw.py), without a record for every line: lines of one shape
share where their time and message stand.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import is_not
from typing import cast

from bot.logs.headers import Plan
from bot.logs.masks import fold_all
from bot.logs.miner import Miner
from bot.logs.parse import LineParser
from bot.logs.redact import Redactor
from bot.logs.variants import Variant
from bot.logs.windows import MINUTE, Window, window_start

MINUTES_MAX = 100_000  # times remembered
Cell = tuple[datetime, Variant]


class RawCounter:
    """One stream. `problems` counts lines that had no time and none before them."""

    def __init__(self, service: str, miner: Miner, redactor: Redactor, *, fallback_at: datetime | None = None) -> None:
        self.service = service
        self._miner, self._redactor = miner, redactor
        self._parser = LineParser(service, fallback_at=fallback_at)
        self._minutes: dict[str, datetime] = {}
        self._counts: Counter[Cell] = Counter()
        self.problems = 0

    def take(self, lines: Sequence[str]) -> None:
        """Count the lines, each at its own time."""
        shapes = fold_all(lines)
        plans = list(map(self._parser.plan_of, shapes))
        if None in plans:
            for line in {
                shape: line for shape, line, plan in zip(shapes, lines, plans, strict=True) if plan is None
            }.values():
                self._parser.parse(line)
            plans = list(map(self._parser.plan_of, shapes))
        if None in plans or any(plan.year_is_guessed for plan in set(plans) if plan is not None):
            self._take_slowly(lines)
            return
        sure = cast("list[Plan]", plans)
        times = [line[plan.time] for line, plan in zip(lines, sure, strict=True)]
        minutes = list(map(self._minutes.get, times))
        if None in minutes and not self._learn_times(dict(zip(times, lines, strict=True))):
            self._take_slowly(lines)
            return
        texts = [line[plan.message :] for line, plan in zip(lines, sure, strict=True)]
        heads = [shape[plan.message :] for shape, plan in zip(shapes, sure, strict=True)]
        self._count([self._minutes[time] for time in times], texts, heads)

    def _learn_times(self, lines: Mapping[str, str]) -> bool:
        """The minute of each time, by parsing one line that has it; false when a line has none of its own."""
        if len(self._minutes) > MINUTES_MAX:
            self._minutes.clear()
        for time, line in lines.items():
            if time not in self._minutes:
                parsed = self._parser.parse(line)
                if parsed.record is None or parsed.inherited_time:
                    return False
                self._minutes[time] = parsed.record.at.replace(second=0, microsecond=0)
        return True

    def _take_slowly(self, lines: Sequence[str]) -> None:
        minutes: list[datetime] = []
        texts: list[str] = []
        for line in lines:
            parsed = self._parser.parse(line)
            if parsed.record is None:
                self.problems += 1
                continue
            minute = parsed.record.at.replace(second=0, microsecond=0)
            minutes.append(minute)
            texts.append(parsed.record.text)
        self._count(minutes, texts, None)

    def _count(self, minutes: Sequence[datetime], texts: Sequence[str], shapes: Sequence[str] | None) -> None:
        clean = self._redactor.redact_all(texts, shapes)
        if shapes is not None and any(map(is_not, clean, texts)):
            shapes = None
        self._counts.update(zip(minutes, self._miner.assign(self.service, clean, shapes), strict=True))

    def windows(self, length: timedelta = MINUTE) -> list[Window]:
        """What was counted since the last call, by windows; template ids after aliases."""
        by_start: dict[datetime, Counter[str]] = {}
        for (minute, variant), lines in self._counts.items():
            by_start.setdefault(window_start(minute, length), Counter())[variant.root().id] += lines
        self._counts.clear()
        return [Window(self.service, start, length, dict(by_start[start])) for start in sorted(by_start)]
