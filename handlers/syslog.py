"""How do syslog messages come in? UDP, TCP and TLS, gathered into batches.

There is no answer in syslog that could say "counted": a TCP sender is held back while batches wait, a UDP message that
finds no room is dropped and counted.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
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

    async def run(self) -> None:
        """Hands over what waits, for ever."""
        while True:
            batch = await self._gathered()
            await self._hand_over(batch)

    async def _gathered(self) -> list[Message]:
        batch = [await self.waiting.get()]
        try:
            async with asyncio.timeout(GATHER_S):
                while len(batch) < BATCH_MESSAGES_MAX:
                    batch.append(await self.waiting.get())
        except TimeoutError:
            pass
        return batch

    async def _hand_over(self, batch: list[Message]) -> None:
        """Again and again until it is taken: whoever sends over TCP is held back meanwhile."""
        by_sender: dict[str, list[bytes]] = {}
        for sender, message in batch:
            by_sender.setdefault(sender, []).append(message)
        for sender, messages in by_sender.items():
            while True:
                try:
                    await asyncio.to_thread(self._take, sender, messages)
                    break
                except (StoreError, ConnectorError) as error:
                    log.error("%d syslog messages wait: %s", len(messages) + self.waiting.qsize(), error)
                    await asyncio.sleep(RETRY_S)

    def _take(self, sender: str, messages: list[bytes]) -> None:
        posted = Posted(b"", {}, self.intake.engine.clock.now(), service=self.settings.service)
        heard = Heard(is_timed=False)
        for message in messages:
            syslog.hear(heard, message, posted)
        size = sum(map(len, messages))
        self.intake.take(syslog.SOURCE, sender, posted, heard, size=size)

    # -- listening

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[list[str]]:
        """Listens on what is set; gives the addresses, like "tcp 127.0.0.1:5514"."""
        async with AsyncExitStack() as stack:
            addresses: list[str] = []
            if self.settings.udp:
                addresses.append(await self._listen_udp(stack, self.settings.udp))
            for name, address in (("tcp", self.settings.tcp), ("tls", self.settings.tls)):
                if address:
                    context = tls_context(self.settings) if name == "tls" else None
                    addresses.append(await self._listen_tcp(stack, name, address, context))
            yield addresses

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
        stack.push_async_callback(_close, server)
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


async def _close(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


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
