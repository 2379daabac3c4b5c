"""What varies in a log template, and how often which value?

Per (template, position): the most frequent values in bounded memory (SpaceSaving, Metwally et al. 2005), and when the
values are numbers their distribution in bins of 10 % width. All state is plain values that merge.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

VALUES_MAX = 64  # values counted per position: 64 finds every value above 1/64 of the lines
VALUE_CHARACTERS_MAX = 120
NUMBERS_SHARE_MIN = 0.9  # of a position's values, for it to be a number
POSITIONS_MAX = 16  # positions of a template that are followed
_NUMBER = re.compile(r"([+-]?\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?)([A-Za-z%µ]{0,5})")
_GROWTH = math.log(1.1)


@dataclass(frozen=True, slots=True)
class Share:
    """`share` of the position's `total` values are `value`; with `error` at most this much too high."""

    position: int
    value: str
    share: float
    total: int
    error: float


@dataclass(frozen=True, slots=True)
class Typical:
    """One position in short: of `lines` the `share` have the value `top`; `median` of its numbers in `unit`, None when
    they are none."""

    lines: int
    top: str
    share: float
    median: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Quantiles of a position's numbers, each within 10 % of the true one; `unit` as written, or ''."""

    position: int
    unit: str
    total: int
    p50: float
    p95: float
    maximum: float


class Position:
    """Counts of one position's values."""

    __slots__ = ("bins", "counts", "errors", "maximum", "numbers", "total", "unit")

    def __init__(self) -> None:
        self.total = 0
        self.counts: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self.numbers = 0
        self.bins: dict[int, int] = {}
        self.maximum = -math.inf
        self.unit = ""

    def add(self, value: str, times: int = 1) -> None:
        value = value[:VALUE_CHARACTERS_MAX]
        self.total += times
        self._count(value, times, 0)
        number = _NUMBER.fullmatch(value)
        if number is not None:
            size = float(number[1])
            self.numbers += times
            self.maximum = max(self.maximum, size)
            self.unit = number[2]
            bin = _bin(size)
            self.bins[bin] = self.bins.get(bin, 0) + times

    def _count(self, value: str, times: int, error: int) -> None:
        if value in self.counts:
            self.counts[value] += times
        elif len(self.counts) < VALUES_MAX:
            self.counts[value] = times
        else:
            least = min(self.counts, key=self.counts.__getitem__)
            floor = self.counts.pop(least)
            self.errors.pop(least, None)
            self.counts[value], error = floor + times, error + floor
        if error:
            self.errors[value] = self.errors.get(value, 0) + error

    def typical(self) -> Typical:
        top = max(self.counts, key=lambda value: (self.counts[value], value), default="")
        share = (self.counts[top] - self.errors.get(top, 0)) / self.total if top else 0.0
        is_number = self.numbers >= NUMBERS_SHARE_MIN * max(self.total, 1)
        median = self.quantile(0.5) if is_number else None
        return Typical(self.total, top, round(share, 4), median, self.unit if is_number else "")

    def merge(self, other: "Position") -> None:
        for value, count in other.counts.items():
            self._count(value, count, other.errors.get(value, 0))
        for bin, count in other.bins.items():
            self.bins[bin] = self.bins.get(bin, 0) + count
        self.total += other.total
        self.numbers += other.numbers
        self.maximum = max(self.maximum, other.maximum)
        self.unit = self.unit or other.unit

    def quantile(self, q: float) -> float:
        """The middle of the bin that holds the q-quantile of the numbers; nan when there is none."""
        rank, seen = q * self.numbers, 0
        for bin in sorted(self.bins):
            seen += self.bins[bin]
            if seen >= rank:
                return min(_middle(bin), self.maximum)
        return math.nan


def _bin(size: float) -> int:
    if abs(size) < 1e-9:
        return 0
    index = round(math.log(abs(size)) / _GROWTH) + 1_000
    return index if size > 0 else -index


def _middle(bin: int) -> float:
    if bin == 0:
        return 0.0
    return math.copysign(math.exp((abs(bin) - 1_000) * _GROWTH), bin)


class Parameters:
    """The positions of many templates."""

    def __init__(self) -> None:
        self._templates: dict[str, list[Position]] = {}

    def add(self, template_id: str, values: Sequence[str], times: int = 1) -> None:
        positions = self._templates.setdefault(template_id, [])
        for index, value in enumerate(values[:POSITIONS_MAX]):
            if index == len(positions):
                positions.append(Position())
            positions[index].add(value, times)

    def add_at(self, template_id: str, position: int, value: str, times: int) -> None:
        positions = self._templates.setdefault(template_id, [])
        while len(positions) <= position:
            positions.append(Position())
        positions[position].add(value, times)

    def shares(self, template_id: str, *, at_least: float = 0.5) -> list[Share]:
        """The values that make up at least this share of their position, the largest first."""
        found = [
            Share(index, value, count / position.total, position.total, position.errors.get(value, 0) / position.total)
            for index, position in enumerate(self._templates.get(template_id, []))
            for value, count in position.counts.items()
            if count - position.errors.get(value, 0) >= at_least * position.total
        ]
        return sorted(found, key=lambda share: (-share.share, share.position, share.value))

    def varies(self, template_id: str) -> bool:
        """Whether some position has another value on nearly every line."""
        return any(
            max(there.counts.values(), default=1) <= 0.2 * there.total for there in self._templates.get(template_id, [])
        )

    def width(self, template_id: str) -> int:
        """How many positions were seen."""
        return len(self._templates.get(template_id, []))

    def top(self, template_id: str, position: int, limit: int = 5) -> list[Share]:
        """The most frequent values of one position."""
        positions = self._templates.get(template_id, [])
        if position >= len(positions):
            return []
        there = positions[position]
        ranked = sorted(there.counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return [
            Share(position, v, n / there.total, there.total, there.errors.get(v, 0) / there.total) for v, n in ranked
        ]

    def numbers(self, template_id: str) -> list[Numbers]:
        """The positions whose values are nearly all numbers."""
        return [
            Numbers(index, there.unit, there.numbers, there.quantile(0.5), there.quantile(0.95), there.maximum)
            for index, there in enumerate(self._templates.get(template_id, []))
            if there.numbers and there.numbers >= NUMBERS_SHARE_MIN * there.total
        ]

    def typical(self, template_id: str) -> list[Typical]:
        """Each position in short."""
        return [position.typical() for position in self._templates.get(template_id, [])]

    def merge(self, other: "Parameters") -> None:
        for template_id, positions in other._templates.items():
            mine = self._templates.setdefault(template_id, [])
            for index, position in enumerate(positions):
                if index == len(mine):
                    mine.append(Position())
                mine[index].merge(position)

    def forget(self, template_ids: Iterable[str]) -> None:
        for template_id in template_ids:
            self._templates.pop(template_id, None)

    def state(self, template_id: str) -> list[dict[str, object]]:
        """Plain values for a row (JSON)."""
        return [
            {
                "total": p.total,
                "counts": dict(p.counts),
                "errors": dict(p.errors),
                "numbers": p.numbers,
                "bins": {str(bin): n for bin, n in p.bins.items()},
                "maximum": p.maximum if p.numbers else None,
                "unit": p.unit,
            }
            for p in self._templates.get(template_id, [])
        ]

    def restore(self, template_id: str, state: Sequence[Mapping[str, object]]) -> None:
        self._templates[template_id] = [_position(row) for row in state]


@dataclass(frozen=True, slots=True)
class Dominant:
    """`share` of the lines have `value` at the position that the template's words call `name`."""

    name: str
    value: str
    share: float


def observe(before: Mapping[str, object], lines: Sequence[Sequence[str]]) -> dict[str, object]:
    """The row of one template's parameters after these lines' values; `before` is the row so far, or empty.

    When the template's text changed so that it has another number of values, the counting starts again.
    """
    if not lines:
        return dict(before)
    width = len(lines[-1])
    counted = Parameters()
    rows = before.get("positions")
    if before.get("width") == width and isinstance(rows, list):
        counted.restore("", rows)
    for column, values in enumerate(zip(*(line for line in lines if len(line) == width), strict=True)):
        if column < POSITIONS_MAX:
            for value, times in Counter(values).items():
                counted.add_at("", column, value, times)
    return {"width": width, "positions": counted.state("")}


def dominant(text: str, row: Mapping[str, object], *, at_least: float = 0.8, lines_min: int = 10) -> Dominant | None:
    """The value that most lines of a template share at one of its positions, where others exist too; else a word that
    all of them share at a `key=` while another position varies from line to line (`currency=JPY` of many orders)."""
    rows = row.get("positions")
    if not isinstance(rows, list) or not rows:
        return None
    counted = Parameters()
    counted.restore("", rows)
    shares = [share for share in counted.shares("", at_least=at_least) if share.total >= lines_min]
    found = next((share for share in shares if share.share < 1), None)
    if found is None and counted.varies(""):
        told = _keys_of(text) - {place.position for place in counted.numbers("")}
        found = next((share for share in shares if share.position in told), None)
    if found is None:
        return None
    names = names_of(text)
    return Dominant(names[found.position] if found.position < len(names) else "", found.value, found.share)


def _keys_of(text: str) -> set[int]:
    """The positions that are the value of a `key=`."""
    return {
        index for index, place in enumerate(_PLACE.finditer(text)) if text[: place.start()].rstrip("\"'").endswith("=")
    }


def typical(row: Mapping[str, object]) -> list[Typical]:
    """Each position of a template's row in short."""
    rows = row.get("positions")
    counted = Parameters()
    counted.restore("", rows if isinstance(rows, list) else [])
    return counted.typical("")


def names_of(text: str) -> list[str]:
    """What a template's words call each of its values: `host` in `host=<*>`, `port` in `port <NUM>`, else `ip`."""
    names: list[str] = []
    before = ""
    for word in text.split():
        for found in _PLACE.finditer(word):
            key = _KEY.search(word[: found.start()])
            kind = "" if found[1] == "*" else found[1].lower()
            names.append(key[1] if key else before or kind)
        bare = word.strip("[](){}<>,;:=\"'")
        before = bare if bare.replace("_", "").isalpha() and not _PLACE.search(word) else ""
    return names


def units_of(text: str) -> list[str]:
    """The word after each of a template's values where it is a unit of time (`took <NUM> ms`), or ''."""
    units: list[str] = []
    words = text.split()
    for word, after in zip(words, [*words[1:], ""], strict=True):
        glued = [found[1] for found in _PLACE_AND_UNIT.finditer(word)]
        bare = after.strip("[](){}<>,;:=\"'.")
        units += [unit or (bare if i == len(glued) - 1 and bare in TIME_UNITS else "") for i, unit in enumerate(glued)]
    return units


TIME_UNITS = frozenset(("ns", "us", "µs", "ms", "s", "sec", "secs", "seconds", "milliseconds", "min", "minutes"))
_PLACE_AND_UNIT = re.compile(r"<(?:[A-Z_]+|\*)>((?:ns|us|µs|ms|s|sec|min)(?![A-Za-z]))?")
_PLACE = re.compile(r"<([A-Z_]+|\*)>")
_KEY = re.compile(r"([A-Za-z_][\w.\-]*)[\"']?[=:][\"'\[({/]*$")


def _position(row: Mapping[str, object]) -> Position:
    position = Position()
    position.total, position.numbers = int(str(row["total"])), int(str(row["numbers"]))
    position.counts, position.errors = _counts(row["counts"]), _counts(row["errors"])
    position.bins = {int(bin): n for bin, n in _counts(row["bins"]).items()}
    position.maximum = -math.inf if row["maximum"] is None else float(str(row["maximum"]))
    position.unit = str(row["unit"])
    return position


def _counts(value: object) -> dict[str, int]:
    return {str(k): int(n) for k, n in value.items()} if isinstance(value, Mapping) else {}
