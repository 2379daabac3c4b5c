"""How do log lines come in as other programs send them? OTLP, Loki, Elasticsearch bulk, the journal.

A batch is decoded whole, taken once, and answered in its own format. 2xx only when it is counted, or durable on the
bus.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.engine.log_ports import LogBus
from bot.errors import InputError, StoreError
from bot.logs.record import LogRecord
from bot.settings import Settings
from bot.sources.model import Heard, Posted, Rejected, Source
from bot.stream.errors import BusFull
from bot.stream.publish import publish
from handlers.http.access import admit
from handlers.http.body import Room, receive, unfold
from handlers.http.replies import reply_of
from handlers.http.tally import Tally
from handlers.http.wanted import Engine

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogIntake:
    """What the routes of the log sources work with. `bus` is None when a batch is mined before it is answered."""

    engine: Engine
    settings: Settings
    bus: LogBus | None
    room: Room
    tally: Tally

    def route(self, source: Source) -> Callable[[Request], Awaitable[Response]]:
        async def post(request: Request) -> Response:
            return await self._post(source, request)

        return post

    async def _post(self, source: Source, request: Request) -> Response:
        sender = admit(request, self.settings.http)
        async with self.room.hold() as held:
            chunks = await receive(request, held, self.settings.http.body_mb_max << 20)
            return await asyncio.to_thread(self._take, source, sender, chunks, request)

    def _take(self, source: Source, sender: str, chunks: list[bytes], request: Request) -> Response:
        body = b"".join(
            unfold(chunks, request.headers.get("content-encoding", ""), self.settings.http.body_mb_max << 20)
        )
        posted = Posted(body, dict(request.headers), self.engine.clock.now(), dict(request.path_params))
        reply = reply_of(source, posted)
        try:
            heard = source.decode(posted)
        except InputError as error:
            self.refused(source, sender, posted, str(error))
            return reply.unreadable(str(error))
        try:
            duplicate = self.take(source, sender, posted, heard)
        except (BusFull, StoreError) as error:
            if (told := reply.refused(heard, error)) is None:
                raise
            log.warning("a batch of %s was not taken: %s", sender, error)
            return told
        return reply.taken(heard, duplicate=duplicate, is_counted=self.bus is None)

    def take(self, source: Source, sender: str, posted: Posted, heard: Heard, *, size: int = 0) -> bool:
        """Counts what was heard, or puts it on the bus. True when the batch had been counted before."""
        duplicate = False
        if heard.records:
            key = batch_key(source, posted) if heard.is_timed else ""
            duplicate = self.hand_over(heard.records, key)
        self.tally.took(heard.lines, heard.rejected_count, duplicate)
        ledger = self.engine.ledger
        size = size or len(posted.body)
        ledger.note(source.name, sender, heard.records, size, heard.rejected_count, duplicate=duplicate)
        if heard.rejected and not duplicate:
            ledger.keep(source.name, sender, posted, heard.rejected)
        ledger.flush_if_due()
        return duplicate

    def pulled(self, name: str) -> Callable[[Sequence[LogRecord], str], None]:
        """How records are counted that Tocsin asked for itself."""

        def take(records: Sequence[LogRecord], key: str) -> None:
            duplicate = self.hand_over(records, key)
            size = sum(len(record.text) for record in records)
            self.engine.ledger.note("pull", name, records, size, 0, duplicate=duplicate)

        return take

    def refused(self, source: Source, sender: str, posted: Posted, problem: str) -> None:
        self.tally.took(0, 1, False)
        self.engine.ledger.note(source.name, sender, (), len(posted.body), 1, duplicate=False)
        self.engine.ledger.keep(source.name, sender, posted, [Rejected("the body", problem, posted.body[: 16 << 10])])
        self.engine.ledger.flush_if_due()

    def hand_over(self, records: Sequence[LogRecord], key: str) -> bool:
        """True when the batch had been counted before. On a bus that is not known yet."""
        if self.bus is None:
            return self.engine.ingest.take(records, key).duplicate
        by_service: dict[str, list[LogRecord]] = {}
        for record in records:
            by_service.setdefault(record.service, []).append(record)
        taken = set[str]()
        for service, of_service in by_service.items():
            try:
                publish(self.bus, service, f"{key}/{service}" if key else "", of_service)
            except BusFull as error:
                raise BusFull(str(error), taken=frozenset(taken)) from error
            taken.add(service)
        return False


def batch_key(source: Source, posted: Posted) -> str:
    """Equal bodies whose records tell their own times are one batch sent twice."""
    place = "/".join(posted.path.values())
    digest = hashlib.blake2b(posted.body, digest_size=16, person=source.name[:16].encode()).hexdigest()
    return f"{source.name}:{place[:60]}:{digest}"
