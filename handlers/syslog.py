"""How do syslog messages come in? UDP, TCP and TLS, gathered into batches.

There is no answer in syslog that could say "counted": a TCP sender is held back while batches wait, a UDP message that
finds no room is dropped and counted. At the end, senders are told that the connection closes, what they sent until they
heard it is read, and what waits is counted.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.errors import ConnectorError, SettingsError, StoreError
from bot.settings import SyslogSettings
from bot.sources import syslog
from bot.sources.model import Heard, Posted
from handlers.http.logs import LogIntake

log = logging.getLogger(__name__)

BATCH_MESSAGES_MAX = 500
GATHER_S = 0.2
WAITING_MAX = 20_000
RETRY_S = 1.0
READ_BYTES = 64 << 10
IDLE_S = 3600.0
FAREWELL_S = 2.0
"""So long senders have to hear that the connection closes."""
FINISH_S = 10.0
"""So long what waits may take to be counted at the end."""

Message = tuple[str, bytes]
"""sender, message"""


@dataclass(slots=True)
class SyslogIntake:
    """`dropped` counts UDP messages that found no room, `refused` connections beyond `connections_max`."""

    intake: LogIntake
    settings: SyslogSettings
    waiting: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue(WAITING_MAX))
    connections: int = 0
    dropped: int = 0
    refused: int = 0
    _gathered: list[Message] = field(default_factory=list)
    """What left `waiting` and is not counted yet."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Hands over what waits, for ever."""
        while True:
            await self._gather()
            await self._hand_over()

    async def finish(self) -> None:
        """Counts what still waits once nobody listens any more."""
        try:
            async with asyncio.timeout(FINISH_S):
                while self._gathered or not self.waiting.empty():
                    while len(self._gathered) < BATCH_MESSAGES_MAX and not self.waiting.empty():
                        self._gathered.append(self.waiting.get_nowait())
                    await self._hand_over()
        except TimeoutError:
            log.error("%d syslog messages are lost: they could not be counted", self.left)

    @property
    def left(self) -> int:
        return self.waiting.qsize() + len(self._gathered)

    async def _gather(self) -> None:
        if not self._gathered:
            self._gathered.append(await self.waiting.get())
        try:
            async with asyncio.timeout(GATHER_S):
                while len(self._gathered) < BATCH_MESSAGES_MAX:
                    self._gathered.append(await self.waiting.get())
        except TimeoutError:
            pass

    async def _hand_over(self) -> None:
        """Again and again until it is taken: whoever sends over TCP is held back meanwhile."""
        async with self._turn:
            while self._gathered:
                sender = self._gathered[0][0]
                messages = [message for of, message in self._gathered if of == sender]
                try:
                    await self._taken(sender, messages)
                except (StoreError, ConnectorError) as error:
                    log.error("%d syslog messages wait: %s", self.left, error)
                    await asyncio.sleep(RETRY_S)

    async def _taken(self, sender: str, messages: list[bytes]) -> None:
        """Counted and forgotten. A thread goes on when its task is cancelled, so its end is waited for."""
        taking = asyncio.ensure_future(asyncio.to_thread(self._take, sender, messages))
        try:
            await asyncio.shield(taking)
        finally:
            await asyncio.wait([taking])
            if not taking.cancelled() and taking.exception() is None:
                self._gathered = [one for one in self._gathered if one[0] != sender]

    def _take(self, sender: str, messages: list[bytes]) -> None:
        posted = Posted(b"", {}, self.intake.engine.clock.now(), service=self.settings.service)
        heard = Heard(is_timed=False)
        syslog.hear_all(heard, messages, posted)
        size = sum(map(len, messages))
        self.intake.take(syslog.SOURCE, sender, posted, heard, size=size)

    # -- listening

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[list[str]]:
        """Listens on what is set; gives the addresses, like "tcp 127.0.0.1:5514"."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.finish)
            addresses: list[str] = []
            if self.settings.udp:
                addresses.append(await self._listen_udp(stack, self.settings.udp))
            for name, address in (("tcp", self.settings.tcp), ("tls", self.settings.tls)):
                if address:
                    context = tls_context(self.settings) if name == "tls" else None
                    addresses.append(await self._listen_tcp(stack, name, address, context))
            yield addresses

    async def _farewell(self, server: asyncio.Server) -> None:
        """Nobody new; says on each connection that nothing more is wanted, and reads what was on its way."""
        server.close()
        for writer in self._open:
            if writer.can_write_eof():
                with suppress(OSError):
                    writer.write_eof()
        await self._until_closed()
        for writer in self._open:
            writer.close()
        await self._until_closed()

    async def _until_closed(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                while self._open:
                    await asyncio.sleep(0.01)

    async def _listen_udp(self, stack: AsyncExitStack, address: str) -> str:
        host, port = host_and_port(address, "syslog.udp")
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(host, port))
        except OSError as error:
            raise SettingsError([f"syslog.udp: cannot listen on {address} ({error.strerror or error})"]) from error
        stack.callback(transport.close)
        host, port = transport.get_extra_info("sockname")[:2]
        return f"udp {host}:{port}"

    async def _listen_tcp(self, stack: AsyncExitStack, name: str, address: str, context: ssl.SSLContext | None) -> str:
        host, port = host_and_port(address, f"syslog.{name}")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(name, reader, writer)

        try:
            server = await asyncio.start_server(serve, host, port, ssl=context, limit=READ_BYTES)
        except OSError as error:
            raise SettingsError([f"syslog.{name}: cannot listen on {address} ({error.strerror or error})"]) from error
        stack.push_async_callback(self._farewell, server)
        host, port = server.sockets[0].getsockname()[:2]
        return f"{name} {host}:{port}"

    async def _serve(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        sender = f"{name} {peer[0] if peer else '?'}"
        if self.connections >= self.settings.connections_max:
            self.refused += 1
            writer.close()
            return
        self.connections += 1
        self._open.add(writer)
        framer = syslog.Framer(self.intake.settings.http.line_kb_max << 10)
        try:
            await self._read(reader, framer, sender)
        except (OSError, TimeoutError, ssl.SSLError):
            pass  # it went away, as connections do; what came whole is counted
        finally:
            self.connections -= 1
            if last := framer.end():
                await self.waiting.put((sender, last))
            writer.close()
            self._open.discard(writer)

    async def _read(self, reader: asyncio.StreamReader, framer: syslog.Framer, sender: str) -> None:
        while True:
            async with asyncio.timeout(IDLE_S):
                data = await reader.read(READ_BYTES)
            if not data:
                return
            for message in framer.feed(data):
                await self.waiting.put((sender, message))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, intake: SyslogIntake) -> None:
        self._intake = intake

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        try:
            self._intake.waiting.put_nowait((f"udp {address[0]}", data[: syslog.MESSAGE_BYTES_MAX]))
        except asyncio.QueueFull:
            self._intake.dropped += 1


def host_and_port(address: str, setting: str) -> tuple[str, int]:
    """Of "127.0.0.1:5514" or "[::1]:5514"."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError([f"{setting}: {address!r} is no address; write one like 127.0.0.1:5514"])
    return host.strip("[]"), int(port)


def tls_context(settings: SyslogSettings) -> ssl.SSLContext:
    """TLS 1.2 or newer; with `client_ca` only senders with a certificate that it signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.key)
        if settings.client_ca:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError([f"syslog.tls: the certificate cannot be used: {error}"]) from error
    return context
