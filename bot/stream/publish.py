"""How do records get onto the bus? In batches that a broker takes, each with a key of its own."""

from collections.abc import Iterator, Sequence

from bot.engine.log_ports import LogBus
from bot.logs.record import LogRecord
from bot.stream.batch import encode
from bot.stream.partition import partition_of

BATCH_LINES_MAX = 500
BATCH_BYTES_MAX = 512 << 10
"""Text in a batch; NATS takes messages of 1 MB by default. One longer line is a batch of its own."""


def publish(bus: LogBus, service: str, key: str, records: Sequence[LogRecord]) -> int:
    """Puts `records` of one service on the bus and returns in how many batches. The same `key` with the same records
    counts once, also when an earlier try broke off in the middle. Raises `ConnectorError` when the bus refuses.
    """
    partition = partition_of(service)
    count = 0
    for count, batch in enumerate(split(records), 1):
        bus.publish(partition, f"{key}/{count}" if key else "", encode(batch))
    return count


def split(records: Sequence[LogRecord]) -> Iterator[Sequence[LogRecord]]:
    """Batches of at most BATCH_LINES_MAX lines and about BATCH_BYTES_MAX; the same records split alike."""
    start = size = 0
    for index, record in enumerate(records):
        length = len(record.text) + sum(len(name) + len(value) for name, value in record.attributes.items())
        if index > start and (index - start >= BATCH_LINES_MAX or size + length > BATCH_BYTES_MAX):
            yield records[start:index]
            start, size = index, 0
        size += length
    if len(records) > start:
        yield records[start:]
