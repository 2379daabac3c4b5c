"""Logs of a service that breaks."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
BROKEN_AT = START + timedelta(minutes=60)
MENDED_AT = START + timedelta(minutes=66)
END = START + timedelta(minutes=90)

Line = tuple[datetime, str, str]


def lines() -> Iterator[Line]:
    """(time, level, text): an hour of calm, six minutes of trouble, calm again."""
    at, number = START, 0
    while at < END:
        number += 1
        yield at, "INFO", f"order {number} placed in {number % 90 + 10} ms"
        if number % 3 == 0:
            yield at, "INFO", f"cache refreshed for customer {number}"
        if BROKEN_AT <= at < MENDED_AT:
            yield at, "ERROR", f"payment refused: no rate for currency JPY, order {number}"
        at += timedelta(seconds=3)


def plain() -> bytes:
    return "".join(f"{at:%Y-%m-%dT%H:%M:%S}Z {level} {text}\n" for at, level, text in lines()).encode()


def json_lines() -> bytes:
    made = ({"ts": at.isoformat(), "level": level.lower(), "message": text} for at, level, text in lines())
    return "".join(json.dumps(line) + "\n" for line in made).encode()


def csv_lines() -> bytes:
    """As people export from Kubernetes: newest first, the container's line as JSON in a column."""
    rows = ["Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log"]
    for at, level, text in reversed(list(lines())):
        log = json.dumps({"log": f"{at:%H:%M:%S}.000 {level} {text}\n", "stream": "stdout", "time": at.isoformat()})
        quoted = log.replace('"', '""')
        rows.append(f'{at.isoformat()},0,10.0.0.1,checkout-64469b5b48-25zj6,server,,,"{quoted}"')
    return "\n".join(rows).encode()
