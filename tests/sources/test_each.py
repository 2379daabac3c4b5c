# ruff: noqa: E501 - tables of cases, one a line
"""Is what is read at once what is read piece by piece? Generated bodies, and mutations of those that are usual."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import cramjam
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from bot.errors import InputError
from bot.logs.headers import FORMS, LEVEL_WORDS
from bot.logs.record import LogRecord
from bot.logs.texts import Texts
from bot.sources import bulk, journal, loki, otlp, syslog
from bot.sources.loki import PROTOBUF, PushRequest
from bot.sources.model import Decode, Heard, Posted
from bot.sources.registry import SOURCES
from handlers.http.lines import Form, blocks_of
from handlers.http.records import Reading, read, read_each
from tests.benchmarks.decoding import bodies, texts
from tests.benchmarks.fuzz_sources import mutated
from tests.sources.posting import NOW, fixture

EACH: dict[str, tuple[Decode, Decode]] = {
    "otlp": (otlp.decode, otlp.decode_each),
    "loki": (loki.decode, loki.decode_each),
    "bulk": (bulk.decode, bulk.decode_each),
    "journal": (journal.decode, journal.decode_each),
    "syslog": (syslog.decode, syslog.decode_each),
}
NOW_NS = int(NOW.timestamp()) * 10**9
MESSAGES = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("ab1[]{}=:\" -/\t\n\r\x00\x1b€"), max_size=30),
    st.sampled_from(
        ["", " ", "order 1 failed", "200 OK", "[pool-1] slow", '{"msg": "x"}', "12:00:01,123 INFO x", "\x1b[31mred\x1b[0m",
         "a=1 msg=x level=info", "E0301 12:00:00.000 1 a.go:3] x", "Mar  1 12:00:00 node app: x", "größer\u2003als",
         "2026-03-01T11:00:00Z ERROR boom: x", "x" * 33_000, "Sun Mar 01 12:00:00 2026 x", "line\n  next",
         '10.0.0.1 - - [01/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5']
    ),
)  # fmt: skip
LEVELS = st.sampled_from(["info", "ERROR", "", "Warning", "odd"])
STAMPS = st.one_of(
    st.sampled_from(["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.123456789+02:00", "2026-03-01 12:00:00,5", "2026-03-01",
                     "20260301T120000Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "yesterday", "", "1772366400",
                     "2025-01-01T00:00:00Z", "2026-03-01T12:00:60Z", "2026-03-01x12:00:00"]),
    st.datetimes(min_value=NOW.replace(tzinfo=None) - timedelta(days=9), max_value=NOW.replace(tzinfo=None)).map(
        lambda at: at.isoformat() + "Z"),
)  # fmt: skip
NANOSECONDS = st.one_of(
    st.integers(NOW_NS - 9 * 86400 * 10**9, NOW_NS),
    st.sampled_from([0, -1, 5, 10**18, 2**63 - 1, 4_102_444_800 * 10**9]),
)
VALUES = st.one_of(
    MESSAGES,
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.just({"name": "x", "level": "warn"}),
)


def usually(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda n: odd if n == 0 else usual)


def same(name: str, body: bytes, content_type: str = "application/json", **path: str) -> Heard | None:
    posted = Posted(body, {"content-type": content_type}, NOW, path)
    found: list[Heard | str] = []
    for decode in EACH[name]:
        try:
            found.append(decode(posted))
        except InputError as error:
            found.append(str(error))
    assert found[0] == found[1]
    return found[0] if isinstance(found[0], Heard) else None


@pytest.mark.parametrize("seed", range(3))
def test_mutations_of_usual_bodies_are_read_alike(seed: int) -> None:
    rng = random.Random(seed)
    seeds = [(name, headers["content-type"], folded[0]) for name, headers, folded in bodies(texts(12, seed)).values()]
    seeds += [(source.name, "application/json", fixture(source)) for source in SOURCES if source.name in EACH]
    for name, content_type, body in seeds:
        if name in EACH:
            assert same(name, body, content_type) is not None
            for _ in range(150):
                same(name, mutated(rng, body), content_type)


def test_usual_bodies_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all of this would compare a road with itself."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a usual body went piece by piece")

    for module, road in (
        (otlp, "_hear"),
        (loki, "_hear"),
        (bulk, "decode_each"),
        (journal, "decode_each"),
        (syslog, "hear"),
    ):
        monkeypatch.setattr(module, road, never)
    for name, headers, folded in bodies(texts(50)).values():
        if name in EACH:
            decode, _ = EACH[name]
            assert len(decode(Posted(folded[0], headers, NOW)).records) == 50


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"timeUnixNano": usually(NANOSECONDS.map(str), NANOSECONDS)},
        optional={
            "severityNumber": st.integers(-1, 26),
            "severityText": LEVELS,
            "body": usually(MESSAGES.map(lambda text: {"stringValue": text}), st.just({"intValue": "5"})),
            "attributes": st.lists(
                st.fixed_dictionaries(
                    {"key": st.text(max_size=5)}, optional={"value": MESSAGES.map(lambda t: {"stringValue": t})}
                ),
                max_size=2,
            ),
            "traceId": st.text(max_size=4),
        },
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(ENTRIES)
def test_otlp_in_json(entries: list[dict[str, object]]) -> None:
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": entries}]}]}
    same("otlp", json.dumps(body).encode())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**63 - 1) | NANOSECONDS.map(abs), st.integers(0, 25), MESSAGES), max_size=6))
def test_otlp_in_protobuf(entries: list[tuple[int, int, str]]) -> None:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for time_ns, number, text in entries:
        record = scope.log_records.add(time_unix_nano=time_ns, severity_number=number, trace_id=b"\x01" * (number % 2))
        record.body.string_value = text.encode("utf-8", "replace").decode()
        record.attributes.add(key="a").value.int_value = number
    same("otlp", request.SerializeToString(), PROTOBUF)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(usually(NANOSECONDS.map(str), STAMPS), usually(MESSAGES, st.just("x"))), max_size=6),
    LEVELS,
    st.booleans(),
)
def test_loki(rows: list[tuple[str, str]], level: str, has_metadata: bool) -> None:
    values = [
        [stamp, line, {"trace": "1"}] if has_metadata and i % 2 else [stamp, line]
        for i, (stamp, line) in enumerate(rows)
    ]
    same(
        "loki",
        json.dumps({"streams": [{"stream": {"app": "x", "level": level, "pod": "p"}, "values": values}]}).encode(),
    )
    request = PushRequest()
    stream = request.streams.add(labels=f'{{app="x", level="{level}"}}')
    for index, (stamp, line) in enumerate(rows):
        entry = stream.entries.add(line=line.encode("utf-8", "replace").decode())
        entry.timestamp.seconds = int(stamp) // 10**9 if stamp.isdecimal() else 0
        if has_metadata and index % 2:
            entry.structuredMetadata.add(name="trace", value="1")
    same("loki", bytes(cramjam.snappy.compress_raw(request.SerializeToString())), PROTOBUF)


OBJECTS = st.lists(
    st.fixed_dictionaries(
        {"@timestamp": usually(STAMPS, VALUES), "message": usually(MESSAGES, VALUES)},
        optional={
            "log.level": usually(LEVELS, VALUES),
            "level": usually(LEVELS | st.sampled_from([30, 6, 55]), VALUES),
            "log": st.one_of(st.just({"level": "warn"}), st.just({"offset": 5}), VALUES),
            "msg": VALUES,
            "time": usually(st.sampled_from([1772366400, 1772366400.25, 1772366400123, 5, 1e300]), VALUES),
            "service.name": usually(st.just("checkout"), VALUES),
            "service": VALUES,
            "host": VALUES,
            "kubernetes": st.just({"container": {"name": "cart"}, "labels": {"a": 1}}),
        },
    ),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@example([{"@timestamp": None, "message": "0", "log.level": "info", "log": {"level": "warn"}, "time": 1772366400}], "")
@given(OBJECTS, st.sampled_from(["", "logs"]))
def test_bulk(objects: list[dict[str, object]], index: str) -> None:
    action = json.dumps({"create": {"_index": index} if index else {}})
    body = "".join(f"{action}\n{json.dumps(one)}\n" for one in objects).encode()
    same("bulk", body)
    same("bulk", body, index="audit")


@settings(max_examples=300, deadline=None)
@given(OBJECTS, st.lists(st.integers(1, 300), max_size=4), st.booleans())
def test_objects_over_http(objects: list[dict[str, object]], cuts: list[int], is_array: bool) -> None:
    if is_array:
        reads_alike(json.dumps(objects).encode(), Form.JSON, cuts)
    else:
        reads_alike("".join(json.dumps(one) + "\n" for one in objects).encode(), Form.NDJSON, cuts)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "__REALTIME_TIMESTAMP": usually(NANOSECONDS.map(lambda ns: str(ns // 1000)), VALUES),
                "MESSAGE": usually(MESSAGES, VALUES),
            },
            optional={
                "PRIORITY": usually(st.sampled_from(["3", "6", "9"]), VALUES),
                "SYSLOG_IDENTIFIER": VALUES | st.just([65, 66]),
                "_HOSTNAME": VALUES,
                "_SYSTEMD_UNIT": st.just("nginx.service"),
                "_COMM": VALUES,
            },
        ),
        max_size=6,
    )
)
def test_the_journal(entries: list[dict[str, object]]) -> None:
    same("journal", "".join(json.dumps(one) + "\n" for one in entries).encode())


WORDS = usually(st.sampled_from(["checkout", "7", "-", "node-1"]), st.text(max_size=60))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(usually(st.just("<134>1"), st.text(max_size=8)), STAMPS, WORDS, WORDS, WORDS, WORDS,
                          usually(st.just("-"), st.just('[a b="c d"]')), MESSAGES), max_size=6), st.booleans())  # fmt: skip
def test_syslog(parts: list[tuple[str, ...]], is_counted: bool) -> None:
    messages = [" ".join(part).encode("utf-8", "replace") for part in parts]
    body = b"".join(b"%d %s" % (len(m), m) if is_counted else m + b"\n" for m in messages)
    same("syslog", body)


LOOKS = (
    "{t} {l} {m}", "{t} {l}  {m}", "{t} [{l}] {m}", "{t} {l} app.Orders: {m}", "{t} - app - {l} - {m}", "{t} {l} [main] a.B: {m}",
    "{t} [main] {l} a.B - {m}", "{t} {l} 7 --- [main] a.B : {m}", "{t} {m}", "{m}", "{t} {l} - {m}", "{t} {l} | {m}", "{t}  {l}: {m}",
    "{t} {l} web[12]: {m}", "{t} {l} a [01/Mar/2026:12:00:00 +0000] {m}", "  {m}", "\tat a.B.c(B.java:3)", "Caused by: x", "{l} {m}",
    "Traceback (most recent call last):", '  File "a.py", line 3, in f', "ValueError: {m}", "goroutine 7 [running]:", "main.f(0x1)",
    "Mar  1 12:00:00 node app[7]: {m}", '10.0.0.1 - - [01/Mar/2026:12:00:00 +0000] "GET / {m}', "{t} 7 {l} nova.x [-] {m}", "{t} {l}",
    '{{"ts": "{t}", "level": "{l}", "msg": "x"}}', "", " ", "{t} {l} panic: {m}", "{t} {l} {m}\r", "{t} {l}         {m}",
)  # fmt: skip
TEXT_STAMPS = usually(
    st.sampled_from(["2026-03-01T12:00:00Z", "2026-03-01 12:00:00,123", "2026-03-01T12:00:00.5+0200"]), STAMPS
)
TEXT_LEVELS = st.sampled_from([*LEVEL_WORDS, "INFO", "Error", "WARN", "odd", "INFO:", "i", "main"])
TEXT_LINES = st.builds(
    lambda look, stamp, level, text: look.format(t=stamp, l=level, m=text),
    st.sampled_from(LOOKS),
    TEXT_STAMPS,
    TEXT_LEVELS,
    MESSAGES,
)
USUAL_LINES = st.builds(lambda stamp, level, text: f"{stamp} {level} {text}", TEXT_STAMPS, TEXT_LEVELS, MESSAGES)


@settings(max_examples=500, deadline=None)
@given(st.lists(usually(USUAL_LINES, TEXT_LINES) | TEXT_LINES, max_size=12), st.lists(st.integers(1, 200), max_size=4))
def test_texts_over_http(lines: list[str], cuts: list[int]) -> None:
    reads_alike("\n".join(lines).encode("utf-8", "replace"), Form.TEXT, cuts)


def reads_alike(body: bytes, form: Form, cuts: Sequence[int], line_bytes_max: int = 64 << 10) -> None:
    ends = [0, *sorted({min(cut, len(body)) for cut in cuts}), len(body)]
    pieces = [body[start:end] for start, end in pairwise(ends)]
    roads: list[Callable[..., Reading]] = [read, read_each]
    found = [road(blocks_of(pieces, form, line_bytes_max), form, "cart", NOW, line_bytes_max, 20) for road in roads]
    assert found[0] == found[1]
    whole = read_each(blocks_of([body], form, line_bytes_max), form, "cart", NOW, line_bytes_max, 20)
    assert found[0] == whole


@settings(max_examples=200, deadline=None)
@given(st.lists(MESSAGES.map(lambda text: text.replace("\n", " ")), min_size=1, max_size=20), st.integers(1, 60))
def test_long_lines_are_cut_and_named_alike(lines: list[str], line_bytes_max: int) -> None:
    body = "\r\n".join(lines).encode("utf-8", "replace")
    for form in (Form.TEXT, Form.NDJSON):
        reads_alike(body, form, (5, 17, 40), line_bytes_max)


def test_every_form_of_header_is_read_alike_among_usual_lines() -> None:
    usual = ["2026-03-01T12:00:00Z INFO a", "2026-03-01T12:00:01Z INFO a: b"]
    for form in FORMS:
        for line in _like(form.name):
            lines = [*usual, line, *usual, line, line]
            at_once, one_by_one = Texts("cart", fallback_at=NOW), Texts("cart", fallback_at=NOW)
            assert _told(at_once, lines) == [*one_by_one.feed_each(lines), *one_by_one.flush()]


def _told(road: Texts, lines: Sequence[str]) -> list[LogRecord]:
    return [*road.feed(lines), *road.flush()]


def _like(name: str) -> Sequence[str]:
    stamp = "2026-03-01 12:00:02,123"
    return {
        "hdfs": ["260301 120002 143 INFO dfs.DataNode$PacketResponder: done"],
        "syslog": ["Mar  1 12:00:02 node app[7]: x", "<13>Mar  1 12:00:02 node app: x"],
        "syslog-5424": ["<13>1 2026-03-01T12:00:02Z node app 7 - - x"],
        "syslog-iso": ["2026-03-01T12:00:02Z INFO app[7]: x", "2026-03-01T12:00:02Z node app[7]: x"],
        "openstack": [f"{stamp} 7 INFO nova.compute [req-1] x", f"nova.log {stamp} 7 INFO nova.compute [req-1] x"],
        "zookeeper": [f"{stamp} - INFO  [main:A@5] - x"],
        "log4j-thread": [f"{stamp} INFO [main] a.B: x"],
        "logback": [f"{stamp} [main] INFO a.B - x"],
        "spring": [f"{stamp}  INFO 7 --- [main] a.B : x"],
        "python": [f"{stamp} - a.b - INFO - x"],
        "windows": [f"{stamp}, INFO                  CBS    x"],
        "access": ['10.0.0.1 - - [01/Mar/2026:12:00:02 +0000] "GET / HTTP/1.1" 200 5'],
        "klog": ["E0301 12:00:02.000123       7 a.go:3] x"],
        "words": ["Sun Mar 01 12:00:02 2026 x", "Mar 01 12:00:02 x"],
    }.get(name, [])
