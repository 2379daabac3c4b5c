"""Do syslog messages arrive over UDP, TCP and TLS, from logger and from plain sockets?"""

import asyncio
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.errors import SettingsError, StoreError
from bot.settings import Settings, SyslogSettings
from handlers.http.body import Room
from handlers.http.logs import LogIntake
from handlers.http.tally import Tally
from handlers.syslog import SyslogIntake, host_and_port
from tests.conftest import missing
from tests.http.conftest import Heard


def intake_of(heard: Heard, **settings: object) -> SyslogIntake:
    syslog = SyslogSettings.model_validate(settings)
    return SyslogIntake(LogIntake(heard, Settings(), None, Room(0), Tally()), syslog)


async def arrived(heard: Heard, count: int) -> list[str]:
    """The texts, once so many have arrived."""
    async with asyncio.timeout(5):
        while len(heard.ingest.records) < count:
            await asyncio.sleep(0.01)
    return heard.ingest.texts


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


async def test_logger_is_heard_over_udp_and_tcp_in_both_framings(heard: Heard) -> None:
    if shutil.which("logger") is None:
        missing("logger is not installed")
    heard.clock = SystemClock()  # logger writes the real time
    intake = intake_of(heard, udp="127.0.0.1:0", tcp="127.0.0.1:0")
    async with intake.listening() as (udp, tcp):
        task = asyncio.ensure_future(intake.run())
        calls = (
            (["--udp", "--rfc3164"], udp),
            (["--tcp", "--rfc5424"], tcp),
            (["--tcp", "--octet-count", "--rfc5424"], tcp),
        )
        for number, (options, address) in enumerate(calls):
            command = ["logger", "--server", "127.0.0.1", "--port", str(port_of(address)), "--tag", "checkout"]
            await asyncio.to_thread(
                subprocess.run, [*command, *options, f"order {number} failed"], check=True, timeout=10
            )
        assert sorted(await arrived(heard, 3)) == [f"order {number} failed" for number in range(3)]
        assert {(record.service, record.level) for record in heard.ingest.records} == {("checkout", "notice")}
        task.cancel()


async def test_while_the_database_is_away_messages_wait_and_then_count_once(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.syslog.RETRY_S", 0.01)
    heard.ingest.problem = StoreError("disk full")
    intake = intake_of(heard, tcp="127.0.0.1:0")
    async with intake.listening() as (tcp,):
        task = asyncio.ensure_future(intake.run())
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(tcp))
        writer.write(b"".join(b"<13>Mar  1 12:00:00 h app: line %d\n" % number for number in range(50)))
        await writer.drain()
        await asyncio.sleep(0.3)
        assert heard.ingest.records == []
        heard.ingest.problem = None
        assert await arrived(heard, 50) == [f"line {number}" for number in range(50)]
        writer.close()
        task.cancel()


async def test_connections_beyond_the_limit_are_closed(heard: Heard) -> None:
    intake = intake_of(heard, tcp="127.0.0.1:0", connections_max=1)
    async with intake.listening() as (tcp,):
        _, first = await asyncio.open_connection("127.0.0.1", port_of(tcp))
        await asyncio.sleep(0.05)
        reader, second = await asyncio.open_connection("127.0.0.1", port_of(tcp))
        assert await asyncio.wait_for(reader.read(), 5) == b""
        assert intake.refused == 1
        first.close()
        second.close()


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    key, file = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", file]
    if shutil.which("openssl") is None:
        missing("openssl is not installed")
    subprocess.run(make, check=True, capture_output=True, timeout=20)
    return {"certificate": file, "key": key}


async def test_tls_is_heard_and_plain_text_on_its_port_is_not(heard: Heard, certificate: dict[str, str]) -> None:
    intake = intake_of(heard, tls="127.0.0.1:0", **certificate)
    async with intake.listening() as (tls,):
        task = asyncio.ensure_future(intake.run())
        context = ssl.create_default_context(cafile=certificate["certificate"])
        address = ("127.0.0.1", port_of(tls))
        _, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="localhost")
        message = b"<131>1 2026-03-01T12:00:00Z h checkout - - - order 1 failed"
        writer.write(b"%d %s" % (len(message), message))
        await writer.drain()
        assert await arrived(heard, 1) == ["order 1 failed"]
        writer.close()
        with socket.create_connection(address, timeout=5) as plain:
            plain.sendall(b"<13>in the clear\n")
            plain.settimeout(0.5)
            try:
                assert b"in the clear" not in plain.recv(100)
            except (TimeoutError, ConnectionError):
                pass
        assert heard.ingest.texts == ["order 1 failed"]
        task.cancel()


@pytest.mark.parametrize("address", ["5514", "localhost", "127.0.0.1:99999", ":5514"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(SettingsError, match="write one like"):
        host_and_port(address, "syslog.tcp")


async def test_a_certificate_that_is_none_is_named(heard: Heard) -> None:
    with pytest.raises(SettingsError, match=r"syslog\.tls"):
        async with intake_of(heard, tls="127.0.0.1:0", certificate="/nowhere", key="/nowhere").listening():
            pass
