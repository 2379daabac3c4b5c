"""Counting raw lines in columns gives what the steps give one after the other."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.logs.miner import Miner
from bot.logs.parse import LineParser
from bot.logs.raw import RawCounter
from bot.logs.redact import Redactor
from bot.logs.windows import Window, count, window_start
from tests.benchmarks.streams import hdfs_raw, read_lines

AT = datetime(2023, 1, 29, tzinfo=UTC)


def step_by_step(lines: list[str], size: int) -> Counter[tuple[datetime, str]]:
    parser, redactor, miner = LineParser("s", fallback_at=AT), Redactor(), Miner()
    counts: Counter[tuple[datetime, str]] = Counter()
    for i in range(0, len(lines), size):
        records = [p.record for p in map(parser.parse, lines[i : i + size]) if p.record]
        for record, mined in zip(records, miner.mine("s", [redactor.redact(r.text) for r in records]), strict=True):
            counts[window_start(record.at), mined.born_as] += 1
    resolved: Counter[tuple[datetime, str]] = Counter()
    for (at, id), lines_there in counts.items():
        resolved[at, miner.resolve(id)] += lines_there
    return resolved


@pytest.mark.parametrize("size", [37, 2_000])
@pytest.mark.parametrize("name", ["hdfs", "Hadoop", "Linux", "OpenSSH", "odd"])
def test_columns_count_what_records_count(shared: Path, name: str, size: int) -> None:
    if name == "hdfs":
        lines = hdfs_raw(shared)[:8_000]
    elif name == "odd":
        lines = [
            *hdfs_raw(shared)[:500],
            "",
            "no header",
            '{"msg": "json", "ts": 1675006686}',
            "a\x00b",
            "password=geheim99",
            "x" * 70_000,
        ] * 3
        random.Random(1).shuffle(lines)
    else:
        lines = read_lines(shared / f"data/logs/loghub/{name}/{name}_2k.log")
    counter = RawCounter("s", Miner(), Redactor(), fallback_at=AT)
    for i in range(0, len(lines), size):
        counter.take(lines[i : i + size])
    found = {(w.start, id): n for w in counter.windows() for id, n in w.counts.items()}
    assert found == dict(step_by_step(lines, size))


def test_windows_count_by_the_minute_of_the_line() -> None:
    miner = Miner()
    parser = LineParser("s")
    records = [
        parser.parse(f"2023-01-29T15:{minute:02}:{second:02}Z tick").record for minute in (1, 2) for second in (0, 59)
    ]
    pairs = [(r, m) for r in records if r for m in miner.mine("s", [r.text])]
    windows = count(pairs)
    assert windows == [
        Window("s", datetime(2023, 1, 29, 15, minute, tzinfo=UTC), timedelta(minutes=1), {pairs[0][1].template_id: 2})
        for minute in (1, 2)
    ]
