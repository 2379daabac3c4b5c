"""How do batches travel through NATS JetStream?

One stream, a subject per partition. The stream refuses what does not fit (`discard: new`) and forgets nothing by
itself; `trim` removes what has been counted, but for the last. Each batch is published only if it follows on the last
one of its subject, and carries that one's sequence (`Nats-Expected-Last-Subject-Sequence`): so a reader knows of every
hole.
Needs the extra "nats". Protocol: https://docs.nats.io/nats-concepts/jetstream
"""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    Header,
    RetentionPolicy,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from bot.errors import ConnectorError
from bot.stream.errors import BatchesLost, BusFull

log = logging.getLogger(__name__)
T = TypeVar("T")

BYTES_MAX = 8 << 30
DEDUPE_S = 600.0
"""How long the server knows a key. A later repetition is a batch again here, and counted once all the same."""
READER_IDLE_S = 120.0
CONNECT_TIMEOUT_S = 3.0
REQUEST_TIMEOUT_S = 5.0
CALL_TIMEOUT_S = 30.0
TRIES = 50
"""How often a publisher tries to be the next of its subject: each loss means that another one got through."""

_WRONG_LAST_SEQUENCE = 10071
_NO_ROOM = frozenset((10077, 10047, 10023))  # stream bytes, storage, resources exceeded
_FOLLOWS = Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value
_ID = Header.MSG_ID.value


@dataclass(slots=True)
class _Reader:
    """An ephemeral consumer of one partition, and what it gives next."""

    subscription: JetStreamContext.PullSubscription
    from_seq: int


class JetStreamBus:
    """Fulfils `bot.stream.bus.Bus`. Its calls block; its connection lives in a thread of its own."""

    def __init__(self, url: str, *, name: str = "TOCSIN", bytes_max: int = BYTES_MAX, replicas: int = 1) -> None:
        self._url, self._name = url, name
        self._subjects = f"{name.lower()}.logs"
        self._config = StreamConfig(
            name=name,
            subjects=[f"{self._subjects}.*"],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.NEW,
            max_bytes=bytes_max,
            duplicate_window=DEDUPE_S,
            num_replicas=replicas,
        )
        self._client: Client | None = None
        self._created = ""
        self._last: dict[int, int] = {}
        self._readers: dict[int, _Reader] = {}
        self._turns: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._connecting = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jetstream", daemon=True)
        self._thread.start()

    def publish(self, partition: int, key: str, batch: bytes) -> None:
        self._wait(self._publish(partition, key, batch))

    def read(self, partition: int, from_seq: int, limit: int) -> list[tuple[int, str, bytes]]:
        return self._wait(self._read(partition, from_seq, limit))

    def trim(self, partition: int, upto_seq: int) -> None:
        self._wait(self._trim(partition, upto_seq))

    def lag(self, partition: int, position: int) -> int:
        return self._wait(self._lag(partition, position))

    def identity(self) -> str:
        return self._wait(self._identity())

    def mark(self) -> str:
        return self._wait(self._mark())

    def delete_stream(self) -> None:
        """Everything on it is gone."""
        self._wait(self._delete())

    def close(self) -> None:
        """Once or more often."""
        if self._thread.is_alive():
            self._wait(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CALL_TIMEOUT_S)
            self._loop.close()

    def _wait(self, call: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed():
            call.close()
            raise ConnectorError("the bus was closed", permanent=True, connector="nats")
        try:
            return asyncio.run_coroutine_threadsafe(call, self._loop).result(CALL_TIMEOUT_S)
        except MaxPayloadError as error:
            raise ConnectorError(
                "a batch is larger than the server's max_payload", permanent=True, connector="nats"
            ) from error
        except (NatsError, OSError, TimeoutError) as error:
            raise ConnectorError(
                f"{self._where}: {error or type(error).__name__}", permanent=False, connector="nats"
            ) from error

    @property
    def name(self) -> str:
        return self._name

    @property
    def _where(self) -> str:
        return urlsplit(self._url).netloc.rpartition("@")[2] or "the server"

    # --- connection ---------------------------------------------------------------------------------------------------

    async def _jetstream(self) -> JetStreamContext:
        async with self._connecting:
            if self._client is None:
                client = Client()
                await asyncio.wait_for(
                    client.connect(
                        self._url,
                        connect_timeout=int(CONNECT_TIMEOUT_S),
                        max_reconnect_attempts=-1,
                        reconnect_time_wait=1,
                        error_cb=_on_error,
                        disconnected_cb=self._on_disconnect,
                        name="tocsin",
                    ),
                    2 * CONNECT_TIMEOUT_S,
                )
                self._client = client
                self._created = _identity_of(await self._stream(client.jetstream(timeout=REQUEST_TIMEOUT_S)))
            return self._client.jetstream(timeout=REQUEST_TIMEOUT_S)

    async def _stream(self, jetstream: JetStreamContext) -> StreamInfo:
        """The stream, made when it is not there. One made by an administrator is taken when it can lose nothing."""
        try:
            info = await jetstream.stream_info(self._name)
        except NotFoundError:
            info = await jetstream.add_stream(self._config)
        if info.config.discard != DiscardPolicy.NEW or info.config.max_age or info.config.max_msgs_per_subject > 0:
            raise ConnectorError(
                f"the stream {self._name} would lose batches: set discard to new, max_age and max_msgs_per_subject off",
                permanent=True,
                connector="nats",
            )
        return info

    async def _on_disconnect(self) -> None:
        """The server may come back without what it had not written: everything known is asked for again."""
        self._last.clear()
        for partition in list(self._readers):
            await self._forget(partition)

    async def _identity(self) -> str:
        jetstream = await self._jetstream()
        if not self._readers:
            self._created = _identity_of(await self._stream(jetstream))
        return self._created

    async def _delete(self) -> None:
        await (await self._jetstream()).delete_stream(self._name)

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    # --- publishing ---------------------------------------------------------------------------------------------------

    async def _publish(self, partition: int, key: str, batch: bytes) -> None:
        jetstream = await self._jetstream()
        async with self._turns[partition]:
            for _ in range(TRIES):
                if await self._try(jetstream, partition, key, batch):
                    return
        raise ConnectorError(f"partition {partition} is too busy", permanent=False, connector="nats")

    async def _try(self, jetstream: JetStreamContext, partition: int, key: str, batch: bytes) -> bool:
        """False when another publisher was faster: then this batch follows on that one."""
        last = self._last.get(partition)
        if last is None:
            last = self._last[partition] = await self._last_seq(jetstream, partition)
        headers = {_FOLLOWS: str(last)} | ({_ID: f"{partition}:{quote(key)}"} if key else {})
        try:
            ack = await jetstream.publish(self._subject(partition), batch, headers=headers)
        except APIError as error:
            self._last.pop(partition, None)
            if error.err_code == _WRONG_LAST_SEQUENCE:
                return False
            if error.err_code in _NO_ROOM:
                raise BusFull(f"the stream {self._name} is full: {error.description}", connector="nats") from error
            raise
        except NoStreamResponseError:  # somebody deleted the stream: it is made anew, and readers will say so
            self._last.pop(partition, None)
            await self._stream(jetstream)
            return False
        except NatsError:
            self._last.pop(partition, None)  # it may have arrived
            raise
        if not ack.duplicate:
            self._last[partition] = ack.seq
        return True

    async def _last_seq(self, jetstream: JetStreamContext, partition: int) -> int:
        try:
            return (await jetstream.get_last_msg(self._name, self._subject(partition))).seq or 0
        except NotFoundError:
            return 0

    def _subject(self, partition: int) -> str:
        return f"{self._subjects}.{partition}"

    # --- reading ------------------------------------------------------------------------------------------------------

    async def _read(self, partition: int, from_seq: int, limit: int) -> list[tuple[int, str, bytes]]:
        jetstream = await self._jetstream()
        reader, pending = await self._reader(jetstream, partition, from_seq)
        try:
            messages = await self._fetch(reader, min(limit, pending))
        except (NatsError, TimeoutError):  # its consumer may be gone, or in the middle: the next read makes another
            await self._forget(partition)
            raise
        batches = self._unbroken(partition, from_seq, messages)
        reader.from_seq = batches[-1][0] + 1 if batches else from_seq
        if len(batches) < len(messages):
            await self._forget(partition)
        return batches

    async def _fetch(self, reader: _Reader, count: int) -> list[Msg]:
        messages: list[Msg] = []
        while len(messages) < count:
            messages += await reader.subscription.fetch(count - len(messages), timeout=REQUEST_TIMEOUT_S)
        return messages

    def _unbroken(self, partition: int, from_seq: int, messages: list[Msg]) -> list[tuple[int, str, bytes]]:
        """The batches up to the first hole. Raises `BatchesLost` when the very first does not follow."""
        batches: list[tuple[int, str, bytes]] = []
        last = from_seq - 1
        for message in messages:
            headers = message.headers or {}
            seq = message.metadata.sequence.stream
            follows = int(headers.get(_FOLLOWS, last))  # a stranger's message says nothing; its content will be refused
            if follows != last and not batches:
                self._readers.pop(partition, None)
                told = f"partition {partition} should go on after {last}, but {seq} follows on {follows}"
                raise self._lost(told, follows + 1 if follows > last else 1)
            if follows != last:
                break
            batches.append((seq, unquote(headers.get(_ID, "").partition(":")[2]), message.data))
            last = seq
        return batches

    async def _reader(self, jetstream: JetStreamContext, partition: int, from_seq: int) -> tuple[_Reader, int]:
        """A reader that stands at `from_seq`, and how many batches wait there."""
        reader = self._readers.get(partition)
        if reader is not None and reader.from_seq == from_seq:
            try:
                return reader, (await reader.subscription.consumer_info()).num_pending or 0
            except NotFoundError:
                log.info("nats: the reader of partition %d is gone, another is made", partition)
        await self._forget(partition)
        await self._check(jetstream, partition, from_seq)
        reader = _Reader(await self._subscription(jetstream, partition, from_seq), from_seq)
        self._readers[partition] = reader
        return reader, (await reader.subscription.consumer_info()).num_pending or 0

    async def _forget(self, partition: int) -> None:
        reader = self._readers.pop(partition, None)
        if reader is not None:
            with suppress(NatsError):
                await reader.subscription.unsubscribe()

    async def _check(self, jetstream: JetStreamContext, partition: int, from_seq: int) -> None:
        """Raises `BatchesLost` when the stream is another than before, or no longer reaches up to the position."""
        known, self._created = self._created, _identity_of(await self._stream(jetstream))
        if known != self._created:
            await self._on_disconnect()
            raise self._lost(f"the stream {self._name} was made anew at {self._created}", 1)
        last = await self._last_seq(jetstream, partition)
        if last < from_seq - 1:
            message = f"partition {partition} should go on after {from_seq - 1}, but ends at {last}"
            raise self._lost(message, 1)

    async def _subscription(
        self, jetstream: JetStreamContext, partition: int, from_seq: int
    ) -> JetStreamContext.PullSubscription:
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=from_seq,
            filter_subject=self._subject(partition),
            inactive_threshold=READER_IDLE_S,
            mem_storage=True,
            num_replicas=1,
        )
        return await jetstream.pull_subscribe(self._subject(partition), stream=self._name, config=config)

    async def _trim(self, partition: int, upto_seq: int) -> None:
        """Up to the last counted one, which stays: the next one follows on it."""
        if upto_seq <= 1:  # nothing stands before the first, and a purge up to it would take that one too
            return
        jetstream = await self._jetstream()
        await jetstream.purge_stream(self._name, subject=self._subject(partition), seq=upto_seq)

    async def _lag(self, partition: int, position: int) -> int:
        """At most: what was counted and not yet trimmed is among them."""
        jetstream = await self._jetstream()
        info = await jetstream.stream_info(self._name, subjects_filter=self._subject(partition))
        there = (info.state.subjects or {}).get(self._subject(partition), 0)
        return max(0, there - 1) if position else there  # the last counted one stays

    async def _mark(self) -> str:
        info = await (await self._jetstream()).stream_info(self._name)
        return f"{_identity_of(info)}/{info.state.last_seq}"

    def _lost(self, message: str, first_seq: int) -> BatchesLost:
        return BatchesLost(message, lost=0, first_seq=first_seq, connector="nats")


def _identity_of(info: StreamInfo) -> str:
    return info.created.isoformat() if info.created is not None else ""


async def _on_error(error: Exception) -> None:
    log.warning("nats: %s", error or type(error).__name__)
