"""A GitHub that others wrote: npm's `emulate` (Vercel, Apache-2.0), whose repositories are kept equal to a bare one.

It emulates the API, not git: what was pushed to the bare repository is told to it before each request, through its own
API for git's objects."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.connectors.conftest import git
from tests.connectors.faulty import Answer, Asked, forwarded
from tests.connectors.published import example

TOKEN = "ghp_emulated5d1c2b"
OWNER = "tocsin-bot"
TOKENS = {"ana": "ghp_anas7e6f", "ben": "ghp_bens3d4c"}
REPOSITORIES = 40
SEED = {
    "tokens": {
        TOKEN: {"login": OWNER, "scopes": ["repo", "workflow"]},
        **{token: {"login": name, "scopes": ["repo"]} for name, token in TOKENS.items()},
    },
    "github": {
        "users": [{"login": name} for name in (OWNER, *TOKENS)],
        "repos": [{"owner": OWNER, "name": f"shop-{number}", "auto_init": True} for number in range(REPOSITORIES)],
    },
}
READY_S = 60


@contextmanager
def running(packages: Path, folder: Path) -> Iterator[str]:
    """Its URL."""
    seed = folder / "seed.json"
    seed.write_text(json.dumps(SEED))
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    modules = packages / "node_modules"
    command = [str(modules / "node" / "bin" / "node"), str(modules / "emulate" / "dist" / "index.js"), "start"]
    command += ["--service", "github", "--port", str(port), "--seed", str(seed)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            _wait(f"http://127.0.0.1:{port}", process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the emulator does not come up: {log.read_text()[-500:]}")


@dataclass
class Emulated:
    """One repository of the emulator, kept like the bare one: the same branches with the same messages and files, by
    commits of its own."""

    url: str
    name: str
    repository: Path
    twins: dict[str, str] = field(default_factory=dict)
    """A commit of the bare repository → the one that stands for it here."""
    _told: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> str:
        return f"{OWNER}/{self.name}"

    @property
    def token(self) -> str:
        return TOKEN

    def answer(self, asked: Asked) -> Answer:
        self.update()
        given = forwarded(self.url)(asked)
        if given.status == 404 and asked.path.endswith("/status"):  # it has checks, and no commit statuses
            return Answer(200, example("combined-status", statuses=[], total_count=0))
        return given

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> Any:
        headers, url = {"Authorization": f"Bearer {token}"}, f"{self.url}/repos/{self.project}{path}"
        answer = httpx.request(method, url, json=body, headers=headers, timeout=20, trust_env=False)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def update(self) -> None:
        """Tells it of the branches as they are."""
        listed = git(self.repository, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/")
        for name, sha in (line.split() for line in listed.splitlines()):
            if self._told.get(name) != sha:
                twin = self._twin(sha)
                if name in self._told or name == "refs/heads/main":
                    self.ask("PATCH", f"/git/{name}", {"sha": twin, "force": True})
                else:
                    self.ask("POST", "/git/refs", {"ref": name, "sha": twin})
                self._told[name] = sha

    def opened(self) -> list[str]:
        """The branches of all its pull requests."""
        self.update()
        return [str(one["head"]["ref"]) for one in self.ask("GET", "/pulls?state=all")]

    def review(self, number: int, state: str, by: str) -> None:
        event = {"APPROVED": "APPROVE", "CHANGES_REQUESTED": "REQUEST_CHANGES"}[state]
        self.ask("POST", f"/pulls/{number}/reviews", {"event": event, "body": "seen"}, TOKENS[by])

    def check(self, number: int, name: str, conclusion: str | None) -> None:
        sha = self.ask("GET", f"/pulls/{number}")["head"]["sha"]
        status = {"status": "completed", "conclusion": conclusion} if conclusion else {"status": "in_progress"}
        self.ask("POST", "/check-runs", {"name": name, "head_sha": sha, **status})

    def merge(self, number: int) -> str:
        return str(self.ask("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})["sha"])

    def close(self, number: int) -> None:
        self.ask("PATCH", f"/pulls/{number}", {"state": "closed"})

    def _twin(self, sha: str) -> str:
        if sha not in self.twins:
            parents = [self._twin(one) for one in git(self.repository, "log", "-1", "--format=%P", sha).split()]
            files = git(self.repository, "ls-tree", "-r", "--name-only", sha).splitlines()
            tree = [
                {
                    "path": file,
                    "mode": "100644",
                    "type": "blob",
                    "content": git(self.repository, "show", f"{sha}:{file}"),
                }
                for file in files
            ]
            made = self.ask("POST", "/git/trees", {"tree": tree})
            message = git(self.repository, "log", "-1", "--format=%B", sha)
            body = {"message": message, "tree": made["sha"], "parents": parents}
            self.twins[sha] = str(self.ask("POST", "/git/commits", body)["sha"])
        return self.twins[sha]
