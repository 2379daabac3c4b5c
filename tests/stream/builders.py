"""Records to send."""

from datetime import UTC, datetime, timedelta

from bot.logs.record import LogRecord

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def records(count: int, *, service: str = "checkout", first: int = 0) -> list[LogRecord]:
    """One a millisecond, each text its own number."""
    return [
        LogRecord(NOW + timedelta(milliseconds=n), service, f"order {n} placed", "info", {"n": str(n)})
        for n in range(first, first + count)
    ]


SHAPES = ("alpha request served", "bravo job started", "charlie row written", "delta cache missed", "echo mail sent")


def shaped(batch: int, count: int, *, service: str) -> list[LogRecord]:
    """`count` records of the SHAPES in turn, each batch within its own second."""
    at = NOW + timedelta(seconds=batch % 50)
    return [LogRecord(at + timedelta(microseconds=n), service, SHAPES[(batch + n) % 5], "info") for n in range(count)]
