"""Files in any order, names of any kind."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logs.record import LogRecord
from bot.replay.ordered import Ordered
from bot.replay.records import csv_columns, service_of_file, service_of_pod, tidy_name
from bot.services import service_name
from tests.replay.story import START


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 20))
def test_records_come_out_by_time_and_else_in_the_order_they_came(seconds: list[int], held_max: int) -> None:
    records = [LogRecord(START + timedelta(seconds=s), "s", f"{n}") for n, s in enumerate(seconds)]
    with Ordered(held_max) as ordered:
        for record in records:
            ordered.add(record)
        assert list(ordered) == sorted(records, key=lambda record: record.at)
        assert ordered.count == len(records)


@pytest.mark.parametrize(
    ("pod", "service"),
    [
        ("ts-travel-service-64469b5b48-25zj6", "ts-travel-service"),
        ("ts-station-food-service-dc4d75dd-fw6ft", "ts-station-food-service"),
        ("redis-0", "redis"),
        ("node-exporter-x7k2p", "node-exporter"),
        ("payment-v2", "payment-v2"),
        ("checkout", "checkout"),
    ],
)
def test_a_pod_names_its_service(pod: str, service: str) -> None:
    assert service_of_pod(pod) == service


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("/var/log/checkout.log.1.gz", "checkout"),
        ("access.log-20260301.zst", "access"),
        ("app-2026-03-01.log", "app"),
        ("-", "stdin"),
        (".log", "log"),
        ("<!channel>.log", "channel"),
    ],
)
def test_a_file_names_its_service(name: str, service: str) -> None:
    assert service_of_file(name) == service


@given(st.text(max_size=300))
def test_any_text_becomes_a_name_that_a_service_can_have(text: str) -> None:
    assert service_name(tidy_name(text))


def test_only_a_header_of_log_lines_is_one() -> None:
    found = csv_columns("Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log")
    assert found is not None
    assert (found.time, found.text, found.service) == (0, 7, 3)
    assert csv_columns("time,message") is not None
    for line in ("2026-03-01 10:00:00,123 INFO hello", '{"time": 1, "message": "a,b"}', "a,b,c", "just words"):
        assert csv_columns(line) is None
