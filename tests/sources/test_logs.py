"""Which records do the log formats hold?"""

import json
from datetime import UTC, datetime, timedelta

import cramjam
import pytest

from bot.errors import InputError
from bot.logs.record import LogRecord
from bot.sources.loki import PROTOBUF, PushRequest, parse_labels
from bot.sources.model import LATE_MAX, Posted
from bot.sources.registry import BY_NAME
from bot.sources.syslog import Framer, parse
from tests.conftest import shared_data
from tests.sources.posting import NOW, heard

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def told(records: list[LogRecord]) -> list[tuple[str, int, str, str]]:
    """(service, seconds after noon, level, text) of each."""
    return [(r.service, int((r.at - NOON).total_seconds()), r.level, r.text) for r in records]


def test_an_otlp_record_brings_its_service_time_level_and_attributes() -> None:
    found = heard("otlp")
    assert told(found.records) == [
        ("checkout", 0, "error", "order 1 failed: card refused"),
        ("checkout", 1, "info", "order placed"),
        ("checkout", 2, "warning", "[pool-1] slow query"),
    ]
    trace = "5b8efff798038103d269b633813fc60c"
    assert found.records[0].attributes == {"order": "1", "retry": "true", "trace_id": trace}
    assert found.records[1].attributes["total"] == "9.5"
    assert found.is_timed


def test_an_otlp_record_without_a_time_is_of_now_and_its_batch_has_no_identity() -> None:
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"},"severityNumber":9},{}]}]}]}'
    found = heard("otlp", body)
    assert [(r.at, r.service) for r in found.records] == [(NOW, "unknown")]
    assert not found.is_timed
    assert [part.problem for part in found.rejected] == ["it has neither a body nor attributes"]


@pytest.mark.parametrize("name", ["otlp", "loki"])
@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"{", b"[1]", b'{"resourceLogs": 1, "streams": 1}'])
def test_a_body_that_is_no_export_is_refused_as_a_whole(name: str, body: bytes) -> None:
    for content_type in ("application/json", PROTOBUF):
        if content_type == PROTOBUF and name == "otlp" and body.startswith((b"{", b"[")):
            continue  # unknown fields are no error in protobuf
        with pytest.raises(InputError):
            heard(name, body, content_type=content_type)


def test_loki_streams_are_told_apart_by_their_labels() -> None:
    found = heard("loki")
    assert told(found.records) == [
        ("checkout", 0, "error", "order 1 failed: card refused"),
        ("checkout", 1, "warning", "slow query"),
        ("payments", 2, "", "payment accepted"),
    ]
    assert found.records[0].attributes == {"service_name": "checkout", "pod": "checkout-7d9f", "trace_id": "5b8efff7"}


def test_loki_in_protobuf_says_the_same_as_in_json() -> None:
    request = PushRequest()
    stream = request.streams.add(labels='{service_name="checkout", level="error", pod="checkout-7d9f"}')
    entry = stream.entries.add(line="order 1 failed: card refused")
    entry.timestamp.seconds = int(NOON.timestamp())
    entry.structuredMetadata.add(name="trace_id", value="5b8efff7")
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    assert heard("loki", body, content_type=PROTOBUF).records == heard("loki").records[:1]


def test_a_snappy_block_that_says_it_is_huge_is_not_unfolded() -> None:
    with pytest.raises(InputError, match="more than is read"):
        heard("loki", b"\xff\xff\xff\xff\x0f" + b"x" * 20, content_type=PROTOBUF)


def test_a_loki_line_without_a_time_is_rejected_and_its_neighbours_count() -> None:
    old = str(int((NOW - LATE_MAX - timedelta(hours=1)).timestamp()) * 10**9)
    values = [["x", "a"], ["1772366400000000000", "b"], 7, [old, "c"], ["1772366400000000000", " "]]
    found = heard("loki", json.dumps({"streams": [{"stream": {"app": "s"}, "values": values}]}).encode())
    assert [record.text for record in found.records] == ["b"]
    assert (found.rejected_count, found.ignored) == (3, 1)
    assert "7 days late" in found.rejected[-1].problem


def test_labels_are_read_as_loki_writes_them() -> None:
    assert parse_labels('{a="x", b_c="say \\"hi\\""}') == {"a": "x", "b_c": 'say "hi"'}
    assert parse_labels("nonsense") == {}


def test_bulk_items_are_answered_in_their_order() -> None:
    body = (
        b'{"index":{"_index":"a"}}\n{"message":"one","@timestamp":"2026-03-01T12:00:00Z"}\n'
        b'{"delete":{"_index":"a","_id":"1"}}\n'
        b'{"create":{}}\nnot json\n'
        b'{"index":{}}\n{"message":"two","@timestamp":"2026-03-01T12:00:01Z","service.name":"checkout"}\n'
    )
    found = heard("bulk", body)
    assert [(r.service, r.text) for r in found.records] == [("a", "one"), ("checkout", "two")]
    assert [result.split("\n")[:2] for result in found.results] == [
        ["index", "a"],
        ["delete", "a"],
        ["create", ""],
        ["index", ""],
    ]
    assert found.rejected_count == 2


def test_bulk_documents_of_filebeat_are_read() -> None:
    found = heard("bulk")
    assert told(found.records) == [
        ("checkout", 0, "error", "order 1 failed: card refused"),
        ("payments", 1, "", "payment accepted"),
    ]


def test_syslog_old_and_new() -> None:
    found = heard("syslog")
    assert told(found.records) == [
        ("checkout", 0, "error", "order 1 failed: card refused"),
        ("payments", 1, "info", "payment accepted"),
    ]
    assert found.records[0].attributes == {"host": "node-1", "ip": "10.0.0.1"}


def test_a_line_that_is_no_syslog_is_still_a_line() -> None:
    record = parse("<13> something went wrong", NOW)
    assert record is not None
    assert (record.service, record.text, record.level, record.at) == ("unknown", "something went wrong", "notice", NOW)
    assert parse("<13>", NOW) is None


def test_messages_are_framed_by_count_and_by_line_however_they_are_cut() -> None:
    stream = b"<13>1 - a b - - - one\n11 <13>1 - x y6 <13>hi<14>last line\n5 \xc3\xa4\xc3\xa4!<15>open"
    whole = list(Framer().feed(stream))
    assert whole == [b"<13>1 - a b - - - one", b"<13>1 - x y", b"<13>hi", b"<14>last line", b"\xc3\xa4\xc3\xa4!"]
    for size in (1, 2, 3, 7):
        framer = Framer()
        cut = [m for start in range(0, len(stream), size) for m in framer.feed(stream[start : start + size])]
        assert cut == whole
        assert framer.end() == b"<15>open"


def test_a_message_without_an_end_is_cut_and_the_next_one_is_whole() -> None:
    framer = Framer(bytes_max=100)
    stream = b"x" * 1000 + b"\nsecond\n300 " + b"y" * 300 + b"6 <13>hi"
    cut = [m for start in range(0, len(stream), 37) for m in framer.feed(stream[start : start + 37])]
    assert cut[0].startswith(b"x" * 100)
    assert b"second" in cut
    assert cut[-1] == b"<13>hi"
    assert max(map(len, cut)) < 200


def test_journal_entries_may_be_bytes() -> None:
    found = heard("journal")
    assert told(found.records) == [
        ("checkout", 0, "error", "order 1 failed: card refused"),
        ("nginx", 1, "info", "GET / 200"),
    ]


@pytest.mark.parametrize(
    ("name", "service", "text"),
    [("otlp", "checkout", "otel py: order 0 failed"), ("loki", "checkout", "pino: order failed")],
)
def test_what_real_clients_sent_is_read(name: str, service: str, text: str) -> None:
    assert (service, text) in captured(name)


def test_what_real_bulk_clients_and_rsyslog_sent_is_read() -> None:
    assert {("checkout", "ERROR order 1 failed"), ("logs", "pino: order failed")} <= captured("bulk")
    for file, lines in (("tcp_1514", 9), ("tls_6514", 12)):
        body = shared_data("captures", "ingest", file).read_bytes()
        found = BY_NAME["syslog"].decode(Posted(body, {}, datetime(2026, 11, 21, 3, 0, tzinfo=UTC)))
        assert len(found.records) == lines
        assert {record.service for record in found.records} == {"checkout"}
        assert not found.rejected_count


PATHS = {"/v1/logs": "otlp", "/loki/api/v1/push": "loki", "/_bulk": "bulk"}


def captured(name: str) -> set[tuple[str, str]]:
    """(service, text) of every record in the captured bodies of a source."""
    folder = shared_data("captures", "ingest")
    bodies = {len(data): data for path in folder.glob("body*.bin") for data in [path.read_bytes()]}
    found: set[tuple[str, str]] = set()
    for line in (folder / "http.jsonl").read_text().splitlines():
        request = json.loads(line)
        if PATHS.get(request["p"]) != name or request["len"] not in bodies:
            continue
        sent = Posted(bodies[request["len"]], request["h"], datetime(2026, 11, 21, 3, 0, tzinfo=UTC))
        records = BY_NAME[name].decode(sent).records
        assert records
        found |= {(record.service, record.text) for record in records}
    return found
