"""What was found in some lines? Templates with counts, times, examples and parameters; and what changed between two.

Turns files' lines into the rows that `tocsin mine` and `tocsin patterns diff` print.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.logs.masks import WILDCARD, Masks
from bot.logs.miner import Miner, MinerSettings, prepared
from bot.logs.parameters import Parameters, names_of
from bot.logs.parse import LineParser, clean
from bot.logs.plain import PlainMiner
from bot.logs.record import LogRecord
from bot.logs.redact import Redactor
from bot.logs.variants import Variant

BATCH = 2_000
EXAMPLES = 3
SHIFT_MIN = 2.0  # a template's share of the lines must change by this factor to be told
SHIFT_LINES = 20  # and by at least so many lines
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LineFound:
    """One input line and what it was found to be."""

    line: int
    template_id: str
    cluster_id: int
    template: str
    parameters: tuple[str, ...]


@dataclass(slots=True)
class TemplateFound:
    """One template of a file; times are None when the lines have none of their own."""

    template_id: str
    template: str
    lines: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    examples: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` is new, vanished or shifted; the counts are of the first and the second file."""

    kind: str
    template: str
    before: int
    after: int


@dataclass(slots=True)
class Read:
    """A line's record and whether its time is its own."""

    record: LogRecord
    has_time: bool


def read(lines: Iterable[str], service: str, redactor: Redactor, near: datetime = _EPOCH) -> Iterator[list[Read]]:
    """The lines' records in batches, redacted; a line without a time has the one before it, else `near`, which also
    dates times without a year."""
    parser = LineParser(service, fallback_at=near)
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH:
            yield _read_batch(parser, batch, service, redactor)
            batch = []
    if batch:
        yield _read_batch(parser, batch, service, redactor)


def _read_batch(parser: LineParser, lines: Sequence[str], service: str, redactor: Redactor) -> list[Read]:
    parsed = parser.parse_all(lines)
    texts = redactor.redact_all(
        [p.record.text if p.record else clean(line) for p, line in zip(parsed, lines, strict=True)]
    )
    found = []
    for p, text in zip(parsed, texts, strict=True):
        at, level = (p.record.at, p.record.level) if p.record else (_EPOCH, "")
        found.append(Read(LogRecord(at, service, text, level), p.record is not None and not p.inherited_time))
    return found


class Mining:
    """Lines mined by the short road, with what is needed to report them."""

    def __init__(self, service: str, miner: Miner) -> None:
        self.service = service
        self.miner = miner
        self._found: list[Variant] = []
        self._records: list[Read] = []

    def take(self, batch: Sequence[Read]) -> None:
        self._records += batch
        self._found += self.miner.assign(self.service, [read.record.text for read in batch])

    def lines(self) -> Iterator[LineFound]:
        """One for each input line, in order; ids and texts as they are after the last line."""
        texts = {variant: " ".join(variant.root().display()) for variant in set(self._found)}
        for number, (variant, read) in enumerate(zip(self._found, self._records, strict=True), 1):
            parameters = self.miner.parameters(self.service, variant.root(), read.record.text)
            cluster = variant.cluster.cluster_id
            yield LineFound(number, variant.root().id, cluster, texts[variant], parameters)

    def counts(self) -> dict[str, tuple[str, int]]:
        """By template id, its text and number of lines."""
        counted = Counter(variant.root() for variant in self._found)
        return {root.id: (" ".join(root.display()), lines) for root, lines in counted.items()}

    def templates(self) -> list[TemplateFound]:
        """The templates, the most frequent first."""
        found: dict[str, TemplateFound] = {}
        values = Parameters()
        for variant, read in zip(self._found, self._records, strict=True):
            root = variant.root()
            row = found.get(root.id)
            if row is None:
                row = found[root.id] = TemplateFound(root.id, " ".join(root.display()))
            row.lines += 1
            at, text = read.record.at, read.record.text
            if read.has_time:
                row.first_at = at if row.first_at is None else min(row.first_at, at)
                row.last_at = at if row.last_at is None else max(row.last_at, at)
            if len(row.examples) < EXAMPLES and text not in row.examples:
                row.examples.append(text)
            if variant is root:
                values.add(root.id, self.miner.parameters(self.service, root, text))
        for row in found.values():
            row.parameters = _describe(values, row)
        return sorted(found.values(), key=lambda row: (-row.lines, row.template))


def _describe(values: Parameters, row: TemplateFound) -> list[str]:
    """`host: 87 % db-3` and `took: 40 … 900 ms` in words, at most one a place."""
    names = names_of(row.template)
    numbers = {n.position: n for n in values.numbers(row.template_id)}
    said = []
    for place in range(values.width(row.template_id)):
        name = names[place] if place < len(names) and names[place] else f"value {place + 1}"
        top = values.top(row.template_id, place, 1)
        if top and (top[0].share >= 0.5 or place not in numbers):
            said.append(f"{name}: {top[0].share:.0%} {top[0].value}")
        elif place in numbers:
            n = numbers[place]
            bounds = (
                f"half below {_short(n.p50)}{n.unit}",
                f"95 % below {_short(n.p95)}{n.unit}",
                f"at most {_short(n.maximum)}{n.unit}",
            )
            said.append(f"{name}: {', '.join(bounds)}")
    return said


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:.3g}"


def reference(
    service: str, batches: Iterable[Sequence[Read]], masks: Masks, settings: MinerSettings
) -> Iterator[LineFound]:
    """As `Mining.lines`, by drain3's own TemplateMiner fed line by line; a cluster is its own template."""
    plain = PlainMiner(settings, masks)
    texts: list[str] = []
    found: list[int] = []
    for batch in batches:
        lines = prepared([read.record.text for read in batch], settings)
        texts += lines
        found += plain.mine(lines)
    templates = {cluster: plain.text(cluster) for cluster in set(found)}
    for number, (cluster, text) in enumerate(zip(found, texts, strict=True), 1):
        template = templates[cluster]
        yield LineFound(number, str(cluster), cluster, template, _values(masks, template, text))


def _values(masks: Masks, template: str, text: str) -> tuple[str, ...]:
    found: list[str] = []
    for word, raw in zip(template.split(), text.split(), strict=False):
        if word == WILDCARD:
            found.append(raw)
        elif "<" in word:
            found += [raw[span.start : span.end] for span in masks.spans(raw)]
    return tuple(found)


def differences(before: Mining, after: Mining) -> list[Difference]:
    """New, vanished and shifted templates; both must have been mined by one miner, `after` second."""
    one, other = before.counts(), after.counts()
    lines_before, lines_after = max(sum(n for _, n in one.values()), 1), max(sum(n for _, n in other.values()), 1)
    found = []
    for id in {**one, **other}:
        text = (other.get(id) or one[id])[0]
        b, a = one.get(id, ("", 0))[1], other.get(id, ("", 0))[1]
        if not b or not a:
            found.append(Difference("new" if a else "vanished", text, b, a))
        elif _has_shifted(b / lines_before, a / lines_after, abs(a - b)):
            found.append(Difference("shifted", text, b, a))
    order = {"new": 0, "vanished": 1, "shifted": 2}
    return sorted(found, key=lambda d: (order[d.kind], -max(d.before, d.after), d.template))


def _has_shifted(before: float, after: float, lines: int) -> bool:
    return max(before, after) / min(before, after) >= SHIFT_MIN and lines >= SHIFT_LINES


def between(
    batches: Iterable[Sequence[Read]], start: datetime | None, length: timedelta | None
) -> Iterator[list[Read]]:
    """Only the records with start <= at < start + length."""
    for batch in batches:
        yield [
            read
            for read in batch
            if start is None or (read.record.at >= start and (length is None or read.record.at < start + length))
        ]
