"""How long does a line take to decode, format by format, beside what mining it takes?

    python -m tests.benchmarks.decoding [LINES]

The same lines (seeded, of seven kinds) as bodies of 500, decoded to log records; then the texts of the records through
drain3 with the masks of its README, and through the miner of Tocsin. CPU time of one process; of three rounds, in which
all take their turns, the shortest.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import cramjam
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from bot.logs.miner import Miner
from bot.logs.record import LogRecord
from bot.sources.loki import PROTOBUF, PushRequest
from bot.sources.model import Decode, Posted
from bot.sources.registry import BY_NAME
from handlers.http.lines import blocks_of, form_of
from handlers.http.records import read
from tests.benchmarks.reference import clusters, readme_miner

BODY_LINES = 500
LINE_BYTES_MAX = 64 << 10
Read = Callable[[Posted], Sequence[LogRecord]]
ROUNDS = 3
NOW = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
START_NS = int(datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()) * 10**9
KINDS = (
    "order {n} placed by user {u} total={f} currency=EUR",
    "payment {h} accepted for order {n} in {ms} ms",
    "GET /api/v1/orders/{n}/items?page={p} 200 {ms}ms upstream=10.0.{p}.{q}:8080",
    "connection from 10.1.{p}.{q} port {port} closed after {ms} ms",
    "cache miss key=cart:{u}:{h} ttl={ms}",
    "worker {p} finished batch {h} rows={n} seconds={f}",
    "retrying request {h} to payments: timeout after {ms} ms (attempt {p})",
)


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    us_a_line: float


def texts(count: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return [
        rng.choice(KINDS).format(
            n=rng.randrange(10**6), u=rng.randrange(9999), f=f"{rng.random() * 100:.2f}",
            h=f"{rng.getrandbits(48):012x}",
            ms=rng.randrange(3000), p=rng.randrange(9), q=rng.randrange(255), port=rng.randrange(65536),
        )
        for _ in range(count)
    ]  # fmt: skip


def bodies(lines: Sequence[str]) -> dict[str, tuple[str, dict[str, str], list[bytes]]]:
    """Format → (source, headers, bodies)."""
    parts = [lines[start : start + BODY_LINES] for start in range(0, len(lines), BODY_LINES)]
    made: dict[str, tuple[str, Callable[[Sequence[str]], bytes], str]] = {
        "OTLP protobuf": ("otlp", _otlp, "application/x-protobuf"),
        "OTLP JSON": ("otlp", _otlp_json, "application/json"),
        "Loki JSON": ("loki", _loki, "application/json"),
        "Loki snappy": ("loki", _loki_snappy, PROTOBUF),
        "Elasticsearch bulk": ("bulk", _bulk, "application/x-ndjson"),
        "syslog 5424": ("syslog", _syslog, ""),
        "journal": ("journal", _journal, "application/x-ndjson"),
        "ndjson": ("lines", _ndjson, "application/x-ndjson"),
        "text": ("lines", _text, "text/plain"),
    }
    return {
        name: (source, {"content-type": kind}, [fold(part) for part in parts])
        for name, (source, fold, kind) in made.items()
    }


def measure(count: int) -> tuple[list[Figure], list[Figure]]:
    """Decoding by format, and mining."""
    lines = texts(count)
    decoding: dict[str, Callable[[], object]] = {}
    for name, (source, headers, folded) in bodies(lines).items():
        decode = _read if source == "lines" else _decoded(BY_NAME[source].decode)
        posted = [Posted(body, headers, NOW, {"service": "checkout"}) for body in folded]
        assert [r.text for r in decode(posted[0])] == list(lines[:BODY_LINES]), name
        decoding[name] = partial(_decode_all, decode, posted)
        decoding[f"{name}, attributes read"] = partial(_decode_all, partial(_with_attributes, decode), posted)
    mining: dict[str, Callable[[], object]] = {
        "drain3 0.9.11": lambda: clusters(readme_miner(), lines),
        "Tocsin's miner": lambda: _mine(Miner(), lines),
    }
    took = {name: float("inf") for name in (*mining, *decoding)}
    for _ in range(ROUNDS):
        for name, work in {**mining, **decoding}.items():
            took[name] = min(took[name], _cpu_s(work) / count * 1e6)
    return [Figure(name, took[name]) for name in decoding], [Figure(name, took[name]) for name in mining]


def _decoded(decode: Decode) -> Read:
    return lambda posted: decode(posted).records


def _read(posted: Posted) -> Sequence[LogRecord]:
    """As `POST /v1/ingest/{service}` does."""
    form = form_of(posted.headers["content-type"], posted.body)
    return read(
        blocks_of([posted.body], form, LINE_BYTES_MAX), form, posted.path["service"], NOW, LINE_BYTES_MAX, 20
    ).records


def _with_attributes(decode: Read, posted: Posted) -> None:
    for record in decode(posted):
        len(record.attributes)


def _decode_all(decode: Callable[[Posted], object], posted: Sequence[Posted]) -> None:
    for one in posted:
        decode(one)


def _mine(miner: Miner, lines: Sequence[str]) -> None:
    for start in range(0, len(lines), BODY_LINES):
        miner.mine("checkout", lines[start : start + BODY_LINES])


def _cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _stamp(index: int) -> str:
    return f"2026-03-01T12:00:{index % 60:02}.{index % 1000:03}Z"


def _otlp(lines: Sequence[str]) -> bytes:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "checkout"
    scope = resource.scope_logs.add()
    for index, line in enumerate(lines):
        record = scope.log_records.add(time_unix_nano=START_NS + index, severity_number=9, severity_text="INFO")
        record.body.string_value = line
        record.attributes.add(key="code.function.name").value.string_value = "place"
    return request.SerializeToString()


def _otlp_json(lines: Sequence[str]) -> bytes:
    records = [
        {
            "timeUnixNano": str(START_NS + index),
            "severityNumber": 9,
            "severityText": "INFO",
            "body": {"stringValue": line},
            "attributes": [{"key": "code.function.name", "value": {"stringValue": "place"}}],
        }
        for index, line in enumerate(lines)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "checkout"}}]}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}).encode()


def _loki(lines: Sequence[str]) -> bytes:
    values = [[str(START_NS + index), line] for index, line in enumerate(lines)]
    return json.dumps({"streams": [{"stream": {"service": "checkout", "level": "info"}, "values": values}]}).encode()


def _loki_snappy(lines: Sequence[str]) -> bytes:
    request = PushRequest()
    stream = request.streams.add(labels='{service="checkout", level="info"}')
    for index, line in enumerate(lines):
        entry = stream.entries.add(line=line)
        entry.timestamp.seconds, entry.timestamp.nanos = START_NS // 10**9, index
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def _bulk(lines: Sequence[str]) -> bytes:
    rows = []
    for index, line in enumerate(lines):
        document = {"@timestamp": _stamp(index), "service.name": "checkout", "log.level": "info", "message": line}
        rows.append('{"create":{"_index":"logs"}}\n' + json.dumps(document) + "\n")
    return "".join(rows).encode()


def _syslog(lines: Sequence[str]) -> bytes:
    return "".join(f"<134>1 {_stamp(i)} node-1 checkout 7 - - {line}\n" for i, line in enumerate(lines)).encode()


def _journal(lines: Sequence[str]) -> bytes:
    return "".join(
        json.dumps(
            {"__REALTIME_TIMESTAMP": str(START_NS // 1000 + i), "PRIORITY": "6", "SYSLOG_IDENTIFIER": "checkout",
             "_HOSTNAME": "node-1", "_PID": "7", "MESSAGE": line}
        ) + "\n"
        for i, line in enumerate(lines)
    ).encode()  # fmt: skip


def _ndjson(lines: Sequence[str]) -> bytes:
    return "".join(
        json.dumps({"ts": _stamp(i), "level": "info", "host": "node-1", "message": line}) + "\n"
        for i, line in enumerate(lines)
    ).encode()


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{_stamp(i)} INFO {line}\n" for i, line in enumerate(lines)).encode()


def main() -> None:
    decoding, mining = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    for figure in mining:
        sys.stdout.write(f"{figure.name:20} {figure.us_a_line:8.2f} µs a line\n")
    for figure in decoding:
        times = "   ".join(f"{other.us_a_line / figure.us_a_line:6.1f}x of {other.name}" for other in mining)
        sys.stdout.write(f"{figure.name:20} {figure.us_a_line:8.2f} µs a line   {times}\n")


if __name__ == "__main__":
    main()
