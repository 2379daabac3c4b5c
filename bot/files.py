"""Which lines does a file hold?

Plain, gzip or zstd, told by its first bytes; `-` is standard input. What is wrong with a file is said in words that
name it, and what could be read of it counts.
"""

import codecs
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from bot.errors import InputError
from bot.stream.split import split

STDIN = "-"
CHUNK = 1 << 16
HEAD = 8192
CONTROL_SHARE_MAX = 0.05
"""Text has next to no control characters; what is compressed or a program has one in ten."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1b\x08")) + b"\x7f"


class _Unfolding(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def lines_of(
    name: str,
    bytes_max: int,
    progress: Callable[[int], None],
    stdin: BinaryIO | None = None,
    *,
    blank: bool = False,
) -> Iterator[tuple[int, bytes, int]]:
    """(number, line cut to `bytes_max`, whole length) of each line of the file, of blank ones only with `blank`.
    `progress` is told how many bytes of it were read. Raises `InputError` that names the file, also in the middle: the
    lines before it were good."""
    return split(_text(name, _chunks(name, progress, stdin)), bytes_max, blank=blank)


def size_of(name: str) -> int:
    """Bytes to read, 0 when that is not known."""
    try:
        path = Path(name)
        return path.stat().st_size if name != STDIN and path.is_file() else 0
    except OSError:
        return 0


def written_at(name: str, now: datetime) -> datetime:
    """When the file was last written; `now` for standard input and what cannot be looked at."""
    try:
        return datetime.fromtimestamp(Path(name).stat().st_mtime, UTC) if name != STDIN else now
    except (OSError, ValueError, OverflowError):
        return now


def _chunks(name: str, progress: Callable[[int], None], stdin: BinaryIO | None) -> Iterator[bytes]:
    try:
        with (stdin or sys.stdin.buffer) if name == STDIN else Path(name).open("rb") as file:
            while chunk := file.read(CHUNK):
                progress(len(chunk))
                yield chunk
    except FileNotFoundError:
        raise InputError("there is no such file", place=name) from None
    except IsADirectoryError:
        raise InputError("this is a folder; name the files in it", place=name) from None
    except PermissionError:
        raise InputError("it may not be read by this user", place=name) from None
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror or error}", place=name) from error


def _text(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    head, chunks = _peeked(chunks)
    if not head:
        raise InputError("it is empty", place=name)
    if head.startswith(_GZIP):
        head, chunks = _peeked(_unfolded(name, "gzip", chunks, lambda: zlib.decompressobj(wbits=31)))
    elif head.startswith(_ZSTD):
        head, chunks = _peeked(_unfolded(name, "zstd", chunks, zstandard.ZstdDecompressor().decompressobj))
    for mark, encoding in _UTF16.items():
        if head.startswith(mark):
            return (text.encode() for text in codecs.iterdecode(chunks, encoding, "replace"))
    if len(head.translate(None, _CONTROL)) < len(head) * (1 - CONTROL_SHARE_MAX):
        raise InputError("it is no text: a program, an archive or some other binary file", place=name)
    return chunks


def _peeked(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and all chunks."""
    chunks = iter(chunks)
    first = next((chunk for chunk in chunks if chunk), b"")
    return first[:HEAD], chain((first,), chunks)


def _unfolded(name: str, kind: str, chunks: Iterator[bytes], start: Callable[[], _Unfolding]) -> Iterator[bytes]:
    """The unpacked bytes, of one or more members or frames."""
    unfolding = start()
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unfolding.eof:
                    unfolding = start()
                yield unfolding.decompress(rest)
                rest = unfolding.unused_data if unfolding.eof else b""
    except (zlib.error, zstandard.ZstdError) as error:
        raise InputError(
            f"its {kind} data is damaged here; the lines before that are used ({error})", place=name
        ) from None
    if not unfolding.eof:
        raise InputError(f"its {kind} data ends early; the lines up to there are used", place=name)
