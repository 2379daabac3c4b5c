"""How do log lines come in? `POST /v1/ingest/{service}`: 2xx means that they are counted, or durable on the bus."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.engine.log_ports import LogBus
from bot.services import service_name
from bot.settings import Settings
from bot.sources.model import REJECTED_BYTES_MAX, Posted, Rejected
from bot.stream.publish import publish
from handlers.http.access import admit
from handlers.http.answers import answer
from handlers.http.body import Room, receive, unfold
from handlers.http.lines import blocks_of, form_of
from handlers.http.records import Reading, read
from handlers.http.tally import Tally
from handlers.http.wanted import Engine

REJECTED_TOLD = 20
KEY_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Intake:
    """What the route works with. `bus` is None when a batch is mined before it is answered."""

    engine: Engine
    settings: Settings
    bus: LogBus | None
    room: Room
    tally: Tally

    async def post(self, request: Request) -> Response:
        sender = admit(request, self.settings.http)
        service = service_name(request.path_params["service"])
        key = _key(request, service)
        async with self.room.hold() as held:
            chunks = await receive(request, held, self.settings.http.body_mb_max << 20)
            content_type = request.headers.get("content-type", "")
            encoding = request.headers.get("content-encoding", "")
            return await asyncio.to_thread(self._take, chunks, content_type, encoding, service, key, sender)

    def _take(
        self, chunks: list[bytes], content_type: str, encoding: str, service: str, key: str, sender: str
    ) -> Response:
        reading = self._read(chunks, content_type, encoding, service, self.engine.clock.now())
        if not key and reading.is_timed:
            key = _digest(chunks, service)
        duplicate = False
        if reading.records and self.bus is not None:
            publish(self.bus, service, key, reading.records)
        elif reading.records:
            duplicate = self.engine.ingest.take(reading.records, key).duplicate
        self.tally.took(reading.lines, reading.rejected_count, duplicate)
        self._note(reading, sender, service, sum(map(len, chunks)), duplicate)
        return _answer(reading, duplicate, is_counted=self.bus is None)

    def _note(self, reading: Reading, sender: str, service: str, size: int, duplicate: bool) -> None:
        ledger = self.engine.ledger
        ledger.note("lines", sender, reading.records, size, reading.rejected_count, duplicate=duplicate)
        if reading.rejected and not duplicate:
            posted = Posted(b"", {}, self.engine.clock.now(), {"service": service})
            ledger.keep(
                "lines",
                sender,
                posted,
                [Rejected(f"line {n}", why, data[:REJECTED_BYTES_MAX]) for n, why, data in reading.rejected],
            )
        ledger.flush_if_due()

    def _read(self, chunks: list[bytes], content_type: str, encoding: str, service: str, now: datetime) -> Reading:
        bytes_max = self.settings.http.body_mb_max << 20
        line_bytes_max = self.settings.http.line_kb_max << 10
        pieces = unfold(chunks, encoding, bytes_max)
        head = next(pieces, b"")
        form = form_of(content_type, head)
        whole = (piece for part in ((head,), pieces) for piece in part)
        return read(blocks_of(whole, form, line_bytes_max), form, service, now, line_bytes_max, REJECTED_TOLD)


def _key(request: Request, service: str) -> str:
    given = request.headers.get("idempotency-key", "").strip()
    if len(given) > KEY_LENGTH_MAX or not given.isprintable():
        raise HTTPException(400, f"Idempotency-Key is at most {KEY_LENGTH_MAX} printable characters")
    return f"http:{service}:{given}" if given else ""


def _digest(chunks: list[bytes], service: str) -> str:
    """The identity of a body whose sender gave it none."""
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return f"http:{service}:={digest.hexdigest()}"


def _answer(reading: Reading, duplicate: bool, *, is_counted: bool) -> Response:
    body: dict[str, object] = {
        "accepted": 0 if duplicate else reading.lines,
        "rejected": [{"line": line, "problem": problem} for line, problem, _ in reading.rejected],
        "rejected_count": reading.rejected_count,
        "duplicate": duplicate,
    }
    if reading.rejected_count and not reading.records:
        return answer({"error": f"no line could be read: {reading.rejected[0][1]}", **body}, 400)
    return answer(body, 200 if is_counted else 202)
