"""A web server that stands between a connector and its backend (a fake, or a real one) and misbehaves as told."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Backend = Callable[[Asked], Answer]


@dataclass
class Faulty:
    """`faults`: what happens to the requests to come: a status code, "garbage", "half", "hang", "cut" (done, and the
    connection closed without an answer), "refused" (closed, and not done), "" (nothing). `echo`: a status fault
    says what was sent, credentials and all."""

    backend: Backend
    url: str = ""
    faults: list[str | int] = field(default_factory=list)
    always: str | int = ""
    echo: bool = False
    asked: list[Asked] = field(default_factory=list)

    def next_fault(self) -> str | int:
        return self.faults.pop(0) if self.faults else self.always


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""

    def _handle(self) -> None:
        faulty = self.server.faulty
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(self.command, parts.path, query, dict(self.headers), self.rfile.read(length))
        with self.server.lock:
            faulty.asked.append(asked)
            fault = faulty.next_fault()
        if fault == "hang":
            time.sleep(0.9)
        if fault in ("hang", "refused"):
            return self._close()
        if isinstance(fault, int):
            sent = f"{asked.headers.get('Authorization', '')} {asked.content.decode()}"
            return self._say(Answer(fault, {"detail": f"fault {fault} {sent if faulty.echo else ''}"}))
        with self.server.lock:
            answer = faulty.backend(asked)
        if fault == "cut":
            return self._close()
        if fault == "garbage":
            return self._say(Answer(200, "<html>busy</html>"))
        return self._say(answer, half=fault == "half")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _say(self, answer: Answer, *, half: bool = False) -> None:
        is_text = isinstance(answer.body, str)
        text = answer.body if is_text else "" if answer.body is None else json.dumps(answer.body)
        content = str(text).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain" if is_text else "application/json")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(content) + 50 * half))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        if half:
            self._close()

    def _close(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    faulty: Faulty
    lock: threading.Lock

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is part of the tests."""


@contextmanager
def served(backend: Backend) -> Iterator[Faulty]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.faulty = Faulty(backend, f"http://127.0.0.1:{server.server_address[1]}")
        server.lock = threading.Lock()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.faulty
        finally:
            server.shutdown()
            thread.join()


def forwarded(url: str) -> Backend:
    """The real server at `url`."""

    def answer(asked: Asked) -> Answer:
        passed = ("authorization", "content-type", "accept", "idempotency-key")
        headers = {name: value for name, value in asked.headers.items() if name.lower() in passed}
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            query, content = dict(asked.query), asked.content
            got = client.request(asked.method, asked.path, params=query, content=content, headers=headers)
        try:
            return Answer(got.status_code, got.json())
        except ValueError:
            return Answer(got.status_code, got.text or None)

    return answer
