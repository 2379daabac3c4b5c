# ruff: noqa: E501 - tables of patterns and cases, one a line
"""A raw line's time, level and message are found, whatever wrote it."""

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logs.parse import LINE_CHARACTERS_MAX, LineParser
from tests.benchmarks.loghub import load
from tests.benchmarks.streams import hdfs_raw, loghub, read_lines

AT = datetime(2023, 1, 29, 15, 38, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "at", "level", "text"),
    [
        ("2023-01-29T15:38:06Z INFO hello there", "2023-01-29T15:38:06", "info", "hello there"),
        ("2023-01-29 15:38:06,123 - shop.cart - ERROR - boom", "2023-01-29T15:38:06.123", "error", "boom"),
        ("2023-01-29T17:38:06+02:00 hello", "2023-01-29T15:38:06", "", "hello"),
        ("[Sun Dec 04 04:47:44 2005] [error] mod_jk in state 6", "2005-12-04T04:47:44", "error", "mod_jk in state 6"),
        ("081109 203518 143 INFO dfs.DataNode$DataXceiver: Receiving", "2008-11-09T20:35:18", "info", "Receiving"),
        ("Jan 28 12:16:49 combo ftpd[23142]: connection", "2023-01-28T12:16:49", "", "connection"),
        ("Dec 31 23:59:59 combo sshd(pam_unix)[2]: late", "2022-12-31T23:59:59", "", "late"),
        ("<34>1 2003-10-11T22:14:15.003Z host su 1 ID47 [a b=\"c\"] failed", "2003-10-11T22:14:15.003", "", "failed"),
        ("I0129 08:45:03.123456       1 main.go:12] started", "2023-01-29T08:45:03.123456", "info", "started"),
        ("17/06/09 20:10:40 WARN storage.Block: gone", "2017-06-09T20:10:40", "warning", "gone"),
        ("1675006686.5 hello", "2023-01-29T15:38:06.5", "", "hello"),
        ("1675006686500 hello", "2023-01-29T15:38:06.5", "", "hello"),
        ("2009/11/10 23:00:00 [error] 12#0: *1 open() failed", "2009-11-10T23:00:00", "error", "*1 open() failed"),
        ("2023-01-29T15:38:06.1Z stdout F hello", "2023-01-29T15:38:06.1", "", "hello"),
        ('{"level":"warn","ts":1675006686.5,"msg":"slow","took":3}', "2023-01-29T15:38:06.5", "warning", "slow"),
        ('{"level":30,"time":1675006686500,"msg":"hello"}', "2023-01-29T15:38:06.5", "info", "hello"),
        ('{"log":"15:38:06.500 INFO  o.c.Order#39 [get] ok\\n","stream":"stdout","time":"2023-01-29T15:38:06.5Z"}', "2023-01-29T15:38:06.5", "info", "[get] ok"),
        ("ts=2023-01-29T15:38:06Z level=error msg=\"it \\\"broke\\\"\" id=3", "2023-01-29T15:38:06", "error", 'it "broke"'),
        ("\x1b[32m2023-01-29 15:38:06 INFO\x1b[0m hello", "2023-01-29T15:38:06", "info", "hello"),
    ],
)  # fmt: skip
def test_a_line_says_when_how_bad_and_what(line: str, at: str, level: str, text: str) -> None:
    record = LineParser("shop", fallback_at=AT).parse(line).record
    assert record is not None
    assert (record.at, record.level, record.text) == (datetime.fromisoformat(at).replace(tzinfo=UTC), level, text)


def test_a_line_without_a_time_takes_the_one_before_it_and_says_so() -> None:
    parser = LineParser("shop")
    assert parser.parse("no time yet").problem == "the line has no time, and none came before it"
    parser.parse("2023-01-29T15:38:06Z first")
    second = parser.parse("and on")
    assert second.inherited_time
    assert second.record is not None
    assert second.record.at == AT


def test_the_service_is_the_lines_own_unless_it_is_given() -> None:
    line = "Jan 28 12:16:49 combo sshd[23142]: hello"
    said = LineParser(None, fallback_at=AT).parse(line).record
    given_one = LineParser("shop", fallback_at=AT).parse(line).record
    assert said is not None
    assert given_one is not None
    assert (said.service, given_one.service) == ("sshd", "shop")


@pytest.mark.parametrize("line", ["", "  ", "\x00", "\x1b[0m"])
def test_an_empty_line_is_a_problem(line: str) -> None:
    assert LineParser("shop", fallback_at=AT).parse(line).problem is not None


def test_control_characters_and_length_are_bounded() -> None:
    record = LineParser("shop", fallback_at=AT).parse("a\x00b\x07c" + "x" * 100_000).record
    assert record is not None
    assert record.text.startswith("a b cxx")
    assert len(record.text) < LINE_CHARACTERS_MAX + 20


@pytest.mark.parametrize("name", ["Apache", "BGL", "HDFS", "HPC", "Hadoop", "Linux", "OpenSSH", "Zookeeper"])
def test_a_known_header_ends_where_the_labels_say(shared: Path, name: str) -> None:
    labelled = load(shared / "data/logs/loghub" / name)
    parser = LineParser(None, fallback_at=AT)
    found = [parser.parse(line) for line in labelled.raw]
    texts = [" ".join(p.record.text.split()) if p.record else "" for p in found]
    wrong = sum(text != " ".join(message.split()) for text, message in zip(texts, labelled.messages, strict=True))
    assert wrong <= 1
    assert sum(p.inherited_time for p in found) == 0


def test_the_container_lines_of_kubernetes_have_their_messages(shared: Path) -> None:
    path = sorted((shared / "data/incidents/trainticket-2023-01-29/log").glob("*.gz"))[0]
    parser = LineParser(None)
    with gzip.open(path, "rt") as file:
        rows = [(row["Timestamp"], parser.parse(row["Log"]).record) for row in csv.DictReader(file)]
    assert len(rows) > 1_000
    for stamp, record in rows:
        assert record is not None
        assert record.at == datetime.fromisoformat(stamp[:26].rstrip("Z")).replace(tzinfo=UTC)
        assert not record.text.startswith("{")


def test_the_memory_of_shapes_changes_nothing(shared: Path) -> None:
    lines = [
        line
        for name in ("BGL", "Linux", "Hadoop", "Zookeeper")
        for line in read_lines(shared / f"data/logs/loghub/{name}/{name}_2k.log")
    ]
    lines += hdfs_raw(shared)[:3_000]
    one = LineParser(None, fallback_at=AT)
    for line, parsed in zip(lines, one.parse_all(lines), strict=True):
        fresh = LineParser(None, fallback_at=parsed.record.at if parsed.record else AT).parse(line)
        assert fresh.record == parsed.record
    assert loghub(shared)["HDFS"]


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.text(max_size=60)
        | st.sampled_from(['{"a":', "{}", '{"msg":{"a":[1]}}', "a=b msg=c", "<1>1 - - - - -", "[", "Jan 1 1:1:1 a b"]),
        max_size=5,
    ).map("".join)
)
def test_no_text_breaks_the_parser(text: str) -> None:
    parsed = LineParser(None, fallback_at=AT).parse(text)
    assert (parsed.record is None) != (parsed.problem is None)
    if parsed.record is not None:
        parsed.record.text.encode()
        assert "\x00" not in parsed.record.text
        assert parsed.record.at.tzinfo is UTC
