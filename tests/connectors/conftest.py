"""A real git repository to deploy from, over a path, file:// and HTTP; the libraries of the connectors' extras."""

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.actions.model import Action, ActionKind
from tests.packages import libraries_of, python_with

CHECKOUT = """\
# checkout, production
service: checkout
replicas: 3        # never below two
image:
  repository: shop/checkout
  tag: "{}"   # bumped by the release job
limits: {{cpu: 500m, memory: 512Mi}}
"""
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.com",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.com",
}


def git(directory: Path, *arguments: str, stdin: str | bytes = "") -> str:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(["git", *arguments], cwd=directory, input=data, capture_output=True, env=_ENVIRONMENT)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.fixture(scope="session")
def extras() -> Iterator[Path]:
    """The interpreter of an environment with moto and what optional connectors need; Tocsin's finds these beside its
    own packages, as an extra would put them."""
    python = python_with(Path(__file__).parent / "extras.txt")
    sys.path.append(str(libraries_of(python)))
    yield python
    sys.path.remove(str(libraries_of(python)))


def wrapped_git(folder: Path, script: str) -> Path:
    """A `git` that stands first in the path and does `script` around the real one ("$real" "$@")."""
    folder.mkdir()
    real = subprocess.run(
        ["/bin/sh", "-c", "command -v git"], capture_output=True, check=True, text=True
    ).stdout.strip()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\nreal={real}\nhere={folder}\n{script}\n")
    program.chmod(0o755)
    return folder


@dataclass
class Deployments:
    """A bare repository with the desired state of a shop."""

    path: Path

    def commit(self, message: str, *, branch: str = "main", **files: str | bytes) -> str:
        """Commits files given as `services__checkout="…"` (without .yaml, if it is that) on top of the branch."""
        has = self.branch_exists(branch)
        git(self.path, "read-tree", f"refs/heads/{branch}" if has else "--empty")
        for name, content in files.items():
            blob = git(self.path, "hash-object", "-w", "--stdin", stdin=content)
            path = name.replace("__", "/") + ("" if "." in name else ".yaml")
            git(self.path, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        tree = git(self.path, "write-tree")
        parents = ["-p", self.head(branch)] if has else []
        commit = git(self.path, "commit-tree", tree, *parents, stdin=message)
        git(self.path, "update-ref", f"refs/heads/{branch}", commit)
        return commit

    def release(self, version: str, by: str = "Release") -> str:
        return self.commit(f"{by} {version}", services__checkout=CHECKOUT.format(version))

    def branch_exists(self, branch: str) -> bool:
        return bool(git(self.path, "for-each-ref", f"refs/heads/{branch}"))

    def head(self, branch: str = "main") -> str:
        return git(self.path, "rev-parse", f"refs/heads/{branch}")

    def file(self, name: str = "services/checkout.yaml", at: str = "main") -> str:
        done = subprocess.run(["git", "show", f"{at}:{name}"], cwd=self.path, capture_output=True, check=True)
        return done.stdout.decode()

    def subjects(self) -> list[str]:
        """Of the branch's commits, newest first."""
        return git(self.path, "log", "--format=%s", "main").splitlines()

    def body(self, commit: str = "main") -> str:
        return git(self.path, "log", "-1", "--format=%b", commit)

    def commits_of(self, key: str) -> int:
        found = git(self.path, "log", "--format=%(trailers:key=Tocsin-Action,valueonly)", "main").split()
        return found.count(key)


@pytest.fixture
def shop(tmp_path: Path) -> Deployments:
    return shop_in(tmp_path)


def shop_in(folder: Path) -> Deployments:
    """checkout went 1.4.0 → 1.4.1 → 1.4.2, and payments stands beside it."""
    path = folder / "shop.git"
    path.mkdir()
    git(path, "init", "--quiet", "--bare", "--initial-branch=main", "--template=")
    deployments = Deployments(path)
    for version in ("1.4.0", "1.4.1", "1.4.2"):
        deployments.release(version)
    deployments.commit("Add payments", services__payments="image: {tag: 2.7.3}\n")
    return deployments


def action(kind: ActionKind = ActionKind.ROLLBACK, **target: str) -> Action:
    where = {"file": "services/checkout.yaml", "key": "image.tag"} | target
    return Action(f"{kind}-checkout", kind, "checkout", "shop", where)


@dataclass
class HttpGit:
    """git's own http-backend behind a small server. `answers` are status codes for the next requests; `hold_s` makes
    every request wait; `needs` is a user:password."""

    root: Path
    answers: list[int] = field(default_factory=list)
    hold_s: float = 0
    needs: str = ""
    port: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/shop.git"


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *arguments: object) -> None:
        self.server.backend.requests.append(format % arguments)

    def _answer(self) -> None:
        backend = self.server.backend
        body = self._body()
        time.sleep(backend.hold_s)
        expected = "Basic " + base64.b64encode(backend.needs.encode()).decode()
        if backend.answers:
            return self._refuse(backend.answers.pop(0))
        if backend.needs and self.headers.get("Authorization") != expected:
            return self._refuse(401)
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(backend.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "someone",
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        return None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    backend: HttpGit

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed or gave up is part of the tests."""


@pytest.fixture
def http_git(shop: Deployments) -> Iterator[HttpGit]:
    git(shop.path, "config", "http.receivepack", "true")
    git(shop.path, "config", "uploadpack.allowFilter", "true")
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.backend = HttpGit(shop.path.parent, port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.backend
        server.shutdown()
        thread.join()
