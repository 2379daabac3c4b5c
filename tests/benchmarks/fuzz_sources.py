"""Is there a body that a decoder cannot stand? Mutations of the fixtures, for as long as you like.

    python -m tests.benchmarks.fuzz_sources [SECONDS] [SEED]

A decoder may refuse a body with `InputError` and reject its parts; whatever else it raises, and whatever takes longer
than a second, is printed with the body that did it.
"""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cramjam
import msgspec

from bot.errors import InputError
from bot.logs.record import LogRecord
from bot.sources.loki import PROTOBUF, PushRequest
from bot.sources.mapping import Rules
from bot.sources.model import Heard, Posted, Source
from bot.sources.registry import SOURCES
from tests.benchmarks.decoding import BODY_LINES, bodies, texts
from tests.sources.posting import NOW, fixture

SLOW_S = 1.0
WORDS = (
    b"null", b"true", b"-1", b"1e999", b"[]", b"{}", b'""', b'"\\ud800"', b'"\\u0000"', b"9" * 400, b"[" * 500,
    b'"' + b"x" * 9000 + b'"', b'{"a":' * 500, b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59-23:59"', b"\xff\xfe",
    b"\x00",
)  # fmt: skip
RULES = Rules(items="problems", key="id", title="name", status="state", ended=("OK",), labels="tags", began_at="since")


@dataclass(frozen=True, slots=True)
class Fall:
    """What a decoder could not stand."""

    source: str
    problem: str
    posted: Posted


def falls(rng: random.Random, count: int) -> Iterator[Fall]:
    seeds = list(_seeds())
    for _ in range(count):
        source, posted = rng.choice(seeds)
        tried = Posted(mutated(rng, posted.body), posted.headers, NOW, posted.path, rules=RULES)
        began = time.process_time()
        try:
            check(source.decode(tried))
            source.identify(tried)
        except InputError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, is what we look for
            yield Fall(source.name, f"{type(error).__name__}: {error}", tried)
        if time.process_time() - began > SLOW_S:
            yield Fall(source.name, f"it took {time.process_time() - began:.1f} s", tried)


def check(heard: Heard) -> None:
    """What was heard can be kept: texts encode, times are aware, services have names."""
    for record in heard.records:
        assert isinstance(record, LogRecord)
        assert record.at.tzinfo is not None
        assert record.service
        assert all(isinstance(value, str) for value in record.attributes.values())
    for signal in heard.signals:
        assert signal.began_at <= signal.at
        assert signal.service
        msgspec.json.encode(signal.evidence)
    for run in heard.runs:
        assert len(run.key) <= 200
        assert run.rows is None or 0 <= run.rows < 2**63
    for change in heard.changes:
        assert len(change.key) <= 200
        assert change.at <= NOW


def mutated(rng: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(len(changed) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            changed[at:at] = rng.choice(WORDS)
        elif kind == 1:
            del changed[at : at + rng.randrange(1, 40)]
        elif kind == 2 and at < len(changed):
            changed[at] = rng.randrange(256)
        elif kind == 3:
            start = rng.randrange(len(changed) + 1)
            changed[at:at] = changed[start : start + rng.randrange(200)]
        elif kind == 4:
            _replace_value(rng, changed)
        else:
            del changed[at:]
    return bytes(changed)


def _replace_value(rng: random.Random, changed: bytearray) -> None:
    """Another value behind a colon: still JSON, mostly."""
    colons = [index for index, byte in enumerate(changed) if byte == ord(":")]
    if colons:
        start = rng.choice(colons) + 1
        ends = [end for end in (changed.find(b",", start), changed.find(b"}", start)) if end > 0]
        changed[start : min(ends, default=start)] = rng.choice(WORDS)


def _seeds() -> Iterator[tuple[Source, Posted]]:
    for source in SOURCES:
        kinds = source.content_types or ("",)
        kind = "application/json" if source.fixture.endswith(".json") else kinds[0]
        headers = {"content-type": kind, **source.fixture_headers}
        yield source, Posted(fixture(source), headers, NOW, {"service": "s", "name": "mine"})
    by_name = {source.name: source for source in SOURCES}
    for name, headers, folded in bodies(texts(BODY_LINES // 50)).values():
        yield by_name[name], Posted(folded[0], headers, NOW, {"service": "s"})
    request = PushRequest()
    request.streams.add(labels='{a="b"}').entries.add(line="x").timestamp.seconds = int(NOW.timestamp())
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    yield by_name["loki"], Posted(body, {"content-type": PROTOBUF}, NOW)


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else None)
    until, tried, found = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until:
        for fall in falls(rng, 1000):
            found += 1
            sys.stdout.write(f"{fall.source}: {fall.problem}\n  {fall.posted.body[:400]!r}\n")
        tried += 1000
    sys.stdout.write(f"{tried:,} bodies, {found} falls\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
