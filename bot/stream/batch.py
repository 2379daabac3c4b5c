"""What does a batch look like while it travels? MessagePack, compressed with zstd: about 18 bytes a line."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import zstandard

from bot.errors import InputError
from bot.logs.record import LogRecord

VERSION = 1
UNFOLDED_BYTES_MAX = 64 << 20
"""What a batch may unfold to. A batch holds at most `publish.BATCH_BYTES_MAX` of text, so this is never near."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    at_us: int
    service: str
    text: str
    level: str
    attributes: dict[str, str]


class _Batch(msgspec.Struct, array_like=True, frozen=True):
    version: int
    rows: list[_Row]


_DECODER = msgspec.msgpack.Decoder(_Batch)


def encode(records: Sequence[LogRecord]) -> bytes:
    """The records as bytes; `decode` gives equal ones. Times keep their microseconds."""
    rows = [
        _Row((record.at - _EPOCH) // _MICROSECOND, record.service, record.text, record.level, dict(record.attributes))
        for record in records
    ]
    return zstandard.ZstdCompressor(level=1).compress(msgspec.msgpack.encode(_Batch(VERSION, rows)))


def decode(batch: bytes) -> list[LogRecord]:
    """The records of `encode`. Raises `InputError` when the bytes are none."""
    try:
        unfolded = zstandard.ZstdDecompressor().decompress(batch, max_output_size=UNFOLDED_BYTES_MAX)
        decoded = _DECODER.decode(unfolded)
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"a batch on the bus cannot be read: {error}") from error
    if decoded.version != VERSION:
        raise InputError(f"a batch on the bus is of version {decoded.version}; this Tocsin reads {VERSION}")
    return [
        LogRecord(_EPOCH + row.at_us * _MICROSECOND, row.service, row.text, row.level, row.attributes)
        for row in decoded.rows
    ]
