"""What does a batch bring to each of its log templates?

Every line counts; of the values in the lines a spread sample is cut out, for that costs more than all the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.logs.level import worse_level
from bot.logs.record import LogRecord
from bot.logs.variants import Variant
from bot.logs.windows import window_start

SAMPLES_A_BATCH = 3
SAMPLE_LENGTH_MAX = 2_000
ROWS_A_BATCH = 256
"""Lines of a batch whose values are looked at, shared among its templates; each has at least `ROWS_LEAST`."""
ROWS_LEAST = 4

ENTITIES = ("host", "pod", "instance", "node")
"""The attributes of a line that say where it comes from."""

Counts = Mapping[tuple[str, datetime], int]
Values = Callable[[Variant, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Use:
    """What one batch brings to one template. `rows`: the values of some of its lines; `entities`: (kind, name) of where
    these come from."""

    template_id: str
    first_at: datetime
    last_at: datetime
    level: str
    samples: tuple[str, ...]
    lines: int
    rows: Sequence[tuple[str, ...]]
    entities: frozenset[tuple[str, str]] = frozenset()


def count(found: Sequence[Variant], times: Sequence[datetime], window: timedelta) -> Counts:
    """The lines of each (template id, window)."""
    starts = {at: window_start(at, window) for at in set(times)}
    counts: dict[tuple[str, datetime], int] = defaultdict(int)
    for (variant, at), lines in Counter(zip(found, times, strict=True)).items():
        counts[variant.root().id, starts[at]] += lines
    return counts


def uses(
    found: Sequence[Variant],
    times: Sequence[datetime],
    records: Sequence[LogRecord],
    texts: Sequence[str],
    values: Values,
) -> Iterator[Use]:
    """One for each template, in the order of their first lines. `texts` are the records' lines, redacted."""
    places: dict[str, list[int]] = {}
    ids = {variant: variant.root().id for variant in set(found)}
    for place, variant in enumerate(found):
        places.setdefault(ids[variant], []).append(place)
    share = max(ROWS_LEAST, ROWS_A_BATCH // max(len(places), 1))
    for template_id, of in places.items():
        at = [times[place] for place in of]
        level = ""
        for name in {records[place].level for place in of}:
            level = worse_level(level, name)
        samples = tuple(texts[place][:SAMPLE_LENGTH_MAX] for place in of[:SAMPLES_A_BATCH])
        spread = of[:: -(-len(of) // share)]
        rows = [values(found[place], texts[place]) for place in spread]
        yield Use(template_id, min(at), max(at), level, samples, len(of), rows, _entities(records, spread))


def _entities(records: Sequence[LogRecord], places: Sequence[int]) -> frozenset[tuple[str, str]]:
    attributes = (records[place].attributes for place in places)
    return frozenset((kind, of[kind]) for of in attributes if of for kind in ENTITIES if of.get(kind))
