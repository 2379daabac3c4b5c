"""Does no body whatever bring a decoder down? A seeded few; tests/benchmarks/fuzz_sources.py looks for longer."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InputError
from bot.sources.model import Posted
from bot.sources.registry import SOURCES
from bot.sources.syslog import Framer, parse
from tests.benchmarks.fuzz_sources import check, falls
from tests.sources.posting import NOW

KINDS = ("application/json", "application/x-protobuf", "", "text/plain")


def test_mutations_of_every_fixture_are_heard_or_refused() -> None:
    assert [(fall.source, fall.problem) for fall in falls(random.Random(7), 4000)] == []


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300), kind=st.sampled_from(KINDS))
def test_any_bytes_are_heard_or_refused(body: bytes, kind: str) -> None:
    for source in SOURCES:
        try:
            check(source.decode(Posted(body, {"content-type": kind}, NOW)))
        except InputError:
            pass


@settings(max_examples=200, deadline=None)
@given(stream=st.binary(max_size=300), cuts=st.lists(st.integers(1, 40), max_size=10))
def test_a_framer_gives_the_same_messages_however_a_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    whole = Framer(bytes_max=1000)
    told = [*whole.feed(stream), whole.end()]
    framer, cut, start = Framer(bytes_max=1000), [], 0
    for size in [*cuts, len(stream)]:
        cut += list(framer.feed(stream[start : start + size]))
        start += size
    assert [*cut, framer.end()] == told
    for message in told:
        parse(message.decode("utf-8", "replace"), NOW)
