"""What does the real server do with a broken request?"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
import uvicorn

from bot.settings import Settings
from handlers.http import application
from tests.http.conftest import Heard


@contextmanager
def served(heard: Heard) -> Iterator[int]:
    """The routes behind uvicorn on a free loopback port."""
    config = uvicorn.Config(application(heard, Settings()), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        thread = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def port(heard: Heard) -> Iterator[int]:
    with served(heard) as port:
        yield port


def spoken(port: int, *parts: bytes) -> bytes:
    """What the server says to bytes sent over a plain socket that is then closed for writing."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
        answer = b""
        try:
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        except OSError:  # it hung up on us
            pass
        return answer


HEAD = b"POST /v1/ingest/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nConnection: close\r\n"


def test_a_body_that_breaks_off_counts_nothing_and_the_next_one_does(port: int, heard: Heard) -> None:
    assert b" 200 " not in spoken(port, HEAD + b"Content-Length: 100\r\n\r\n", b"one\ntwo\nthr")
    assert heard.ingest.keys == []
    assert httpx.post(f"http://127.0.0.1:{port}/v1/ingest/checkout", content=b"a").status_code == 200
    assert heard.ingest.texts == ["a"]


def test_a_chunked_body_that_breaks_off_counts_nothing(port: int, heard: Heard) -> None:
    assert b" 200 " not in spoken(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"4\r\none\n\r\n8\r\ntwo")
    assert heard.ingest.keys == []


def test_a_content_length_that_is_too_short_takes_only_so_much(port: int, heard: Heard) -> None:
    spoken(port, HEAD + b"Content-Length: 4\r\n\r\n", b"one\ntwo\n")
    assert set(heard.ingest.texts) <= {"one"}
    assert httpx.post(f"http://127.0.0.1:{port}/v1/ingest/checkout", content=b"a").status_code == 200
    assert heard.ingest.texts[-1] == "a"


@pytest.mark.parametrize("length", [b"-5", b"nine", b"4, 9"])
def test_a_content_length_that_is_none_is_refused(port: int, heard: Heard, length: bytes) -> None:
    assert b" 400 " in spoken(port, HEAD + b"Content-Length: " + length + b"\r\n\r\n")
    assert heard.ingest.keys == []


def test_a_declared_giant_is_refused_before_it_is_sent(port: int) -> None:
    assert b" 413 " in spoken(port, HEAD + b"Content-Length: 99999999999\r\n\r\n")


def test_a_chunked_giant_is_refused_while_it_is_sent(port: int, heard: Heard) -> None:
    def giant() -> Iterator[bytes]:
        for _ in range(64):
            yield b"x" * (1 << 20)

    with httpx.Client() as client:
        try:
            answer = client.post(f"http://127.0.0.1:{port}/v1/ingest/checkout", content=giant(), timeout=30)
        except httpx.WriteError:  # the server closed while we were still sending, as it may
            pass
        else:
            assert answer.status_code == 413
    assert heard.ingest.keys == []


def test_many_senders_at_once_lose_nothing(port: int, heard: Heard) -> None:
    def send(name: int) -> None:
        with httpx.Client() as client:
            for batch in range(10):
                lines = "\n".join(f"{name} {batch} {line}" for line in range(20))
                assert client.post(f"http://127.0.0.1:{port}/v1/ingest/checkout", content=lines).status_code == 200

    threads = [threading.Thread(target=send, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(heard.ingest.texts)) == len(heard.ingest.texts) == 8 * 10 * 20
