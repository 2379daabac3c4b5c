"""Does a batch arrive as it was sent?"""

from datetime import UTC, datetime

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InputError
from bot.logs.record import LogRecord
from bot.stream.batch import decode, encode
from bot.stream.partition import PARTITIONS, partition_of
from bot.stream.publish import BATCH_BYTES_MAX, BATCH_LINES_MAX, split
from bot.stream.split import split as split_lines
from tests.stream.builders import records

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
some_record = st.builds(
    LogRecord,
    at=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    service=texts,
    text=texts,
    level=st.sampled_from(["", "info", "error"]),
    attributes=st.dictionaries(texts, texts, max_size=3),
)


@given(st.lists(some_record, max_size=20))
def test_records_come_back_equal(sent: list[LogRecord]) -> None:
    assert decode(encode(sent)) == sent


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(junk: bytes) -> None:
    with pytest.raises(InputError):
        decode(junk)
    with pytest.raises(InputError):
        decode(zstandard.ZstdCompressor().compress(junk))


def test_a_bomb_is_refused() -> None:
    with pytest.raises(InputError):
        decode(zstandard.ZstdCompressor().compress(bytes(200 << 20)))


@settings(deadline=None)
@given(st.lists(st.integers(0, 300_000), max_size=1200))
def test_splitting_keeps_all_in_order_and_within_bounds(sizes: list[int]) -> None:
    template = records(1)[0]
    sent = [LogRecord(template.at, "s", "x" * size) for size in sizes]
    parts = list(split(sent))
    assert [record for part in parts for record in part] == sent
    for part in parts:
        assert 1 <= len(part) <= BATCH_LINES_MAX
        assert len(part) == 1 or sum(len(record.text) for record in part) <= BATCH_BYTES_MAX


@given(texts)
def test_a_service_has_one_partition(service: str) -> None:
    assert 0 <= partition_of(service) == partition_of(service) < PARTITIONS


@given(st.lists(st.binary(max_size=30)), st.integers(1, 40))
def test_lines_are_the_same_however_the_bytes_are_cut(pieces: list[bytes], bytes_max: int) -> None:
    whole = list(split_lines([b"".join(pieces)], bytes_max))
    assert list(split_lines(pieces, bytes_max)) == whole
    assert all(len(line) <= bytes_max for _, line, _ in whole)
