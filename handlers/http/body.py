"""What bytes did the request carry, and are they within bounds?

Nothing is held beyond the bounds: what arrives is counted as it arrives, what unfolds is counted as it unfolds, and all
requests together hold no more than `Room` has.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import zstandard
from starlette.exceptions import HTTPException
from starlette.requests import Request

CHUNK = 1 << 16
ZSTD_CHUNK = 1 << 10  # a zstd block of 4 bytes unfolds to 128 kB: small bites keep one step under 32 MB
ZSTD_WINDOW_MAX = 1 << 23  # RFC 9659: no more than 8 MB for a content encoding
RATIO_MAX = 300  # logs shrink to a tenth, repetitive ones to a hundredth
RATIO_FREE_BYTES = 4 << 20  # below this the ratio says nothing: 500 equal lines shrink to almost nothing
CHUNK_TIMEOUT_S = 30.0
ENCODINGS = ("gzip", "zstd")


class Room:
    """How many bytes of bodies this process holds at once. Only touched in the event loop."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.held = 0

    @asynccontextmanager
    async def hold(self) -> AsyncIterator["Held"]:
        held = Held(self)
        try:
            yield held
        finally:
            self.held -= held.size


class Held:
    """One request's share of the room."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.size = 0

    def grow(self, size: int) -> None:
        """Raises `HTTPException` 429 when all of the room is taken."""
        if self.room.held + size > self.room.bytes_max:
            raise HTTPException(429, "too much is being received at once; send it again", headers={"Retry-After": "1"})
        self.room.held += size
        self.size += size


async def receive(request: Request, held: Held, bytes_max: int) -> list[bytes]:
    """The body as it was sent. Raises `HTTPException` 413, 429 or 408; `ClientDisconnect` when it breaks off."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise too_large(bytes_max)
    chunks: list[bytes] = []
    size = 0
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(CHUNK_TIMEOUT_S):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return chunks
        except TimeoutError:
            raise HTTPException(408, f"nothing of the body came for {CHUNK_TIMEOUT_S:.0f} s") from None
        size += len(chunk)
        if size > bytes_max:
            raise too_large(bytes_max)
        held.grow(len(chunk))
        if chunk:
            chunks.append(chunk)


def unfold(chunks: list[bytes], encoding: str, bytes_max: int) -> Iterator[bytes]:
    """The body without its content encoding, in pieces. Raises `HTTPException` 400, 413 or 415."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return iter(chunks)
    if name in ("gzip", "x-gzip"):
        return _bounded(_gunzip(chunks), chunks, bytes_max)
    if name == "zstd":
        return _bounded(_unzstd(chunks), chunks, bytes_max)
    raise HTTPException(
        415,
        f"the content encoding {encoding!r} is not known; send gzip, zstd or none",
        headers={"Accept-Encoding": ", ".join(ENCODINGS)},
    )


def too_large(bytes_max: int) -> HTTPException:
    limit = bytes_max // (1 << 20)
    return HTTPException(
        413, f"the body is larger than {limit} MB; send it in parts or raise http.body_mb_max", {"Connection": "close"}
    )


def _bounded(pieces: Iterator[bytes], chunks: list[bytes], bytes_max: int) -> Iterator[bytes]:
    sent = sum(map(len, chunks))
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > bytes_max:
            raise too_large(bytes_max)
        if size > RATIO_FREE_BYTES and size > RATIO_MAX * sent:
            raise HTTPException(
                413, f"the body unfolds to more than {RATIO_MAX} times its size; it is not read further"
            )
        yield piece


def _gunzip(chunks: list[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=31)
    started = False
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unzip.eof:  # another member follows
                    unzip = zlib.decompressobj(wbits=31)
                started = True
                if piece := unzip.decompress(rest, CHUNK):
                    yield piece
                rest = unzip.unconsumed_tail or unzip.unused_data
        while started and not unzip.eof and (piece := unzip.decompress(unzip.unconsumed_tail, CHUNK)):
            yield piece
    except zlib.error as error:
        raise HTTPException(400, f"the body is not gzip, or it is damaged ({error})") from error
    if started and not unzip.eof:
        raise HTTPException(400, "the gzip body ends early; nothing of it was counted")


def _unzstd(chunks: list[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX)
    unzip = decompressor.decompressobj()
    started = False
    try:
        for chunk in chunks:
            for start in range(0, len(chunk), ZSTD_CHUNK):
                rest = chunk[start : start + ZSTD_CHUNK]
                while rest:
                    if unzip.eof:  # another frame follows
                        unzip = decompressor.decompressobj()
                    started = True
                    if piece := unzip.decompress(rest):
                        yield piece
                    rest = unzip.unused_data if unzip.eof else b""
    except zstandard.ZstdError as error:
        raise HTTPException(400, f"the body is not zstd, or it is damaged ({error})") from error
    if started and not unzip.eof:
        raise HTTPException(400, "the zstd body ends early; nothing of it was counted")
