"""As much of the Kubernetes API as reading the logs of pods needs, with the words of the real one.
docs: kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "kube-token-81c2"
FOLDER = "/api/v1/namespaces/shop/pods"
Said = list[tuple[datetime, str]]


@dataclass
class Container:
    name: str = "app"
    log: Said = field(default_factory=list)
    before: Said | None = None
    restarts: int = 0
    ended_at: datetime | None = None
    is_waiting: bool = False

    def says(self, at: datetime, *lines: str) -> None:
        self.log += [(at + timedelta(microseconds=number), line) for number, line in enumerate(lines)]

    def restart(self, at: datetime) -> None:
        self.before, self.log, self.restarts, self.ended_at = self.log, [], self.restarts + 1, at

    @property
    def status(self) -> dict[str, Any]:
        last = {"terminated": {"exitCode": 1, "finishedAt": _seconds(self.ended_at)}} if self.ended_at else {}
        state = {"waiting": {"reason": "ContainerCreating"}} if self.is_waiting else {"running": {}}
        return {"name": self.name, "restartCount": self.restarts, "state": state, "lastState": last}


@dataclass
class FakePods:
    """`pods`: name → its containers. `labels`: of all. `stale`: so many further pages of the list are 410."""

    pods: dict[str, list[Container]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=lambda: {"app": "checkout"})
    may_read_logs: bool = True
    page: int = 100
    stale: int = 0

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _status(401, "Unauthorized")
        if asked.path == FOLDER:
            return self._list(asked)
        name, _, last = asked.path.removeprefix(f"{FOLDER}/").partition("/")
        if last != "log" or not self.may_read_logs:
            return _status(403, f'pods "{name}" is forbidden: User "tocsin" cannot get resource "pods/log"')
        if name not in self.pods:
            return _status(404, f'pods "{name}" not found')
        return self._log(asked, name)

    def _list(self, asked: Asked) -> Answer:
        start = int(asked.query.get("continue", 0))
        if start and self.stale:
            self.stale -= 1
            return _status(410, "The provided continue parameter is too old")
        wanted = dict(part.split("=") for part in asked.query.get("labelSelector", "").split(",") if part)
        if not wanted.items() <= self.labels.items():
            return Answer(200, {"kind": "PodList", "metadata": {}, "items": []})
        size = min(self.page, int(asked.query["limit"]))
        names = list(self.pods)[start : start + size]
        more = {"continue": str(start + size)} if start + size < len(self.pods) else {}
        return Answer(200, {"kind": "PodList", "metadata": more, "items": [self._pod(name) for name in names]})

    def _pod(self, name: str) -> dict[str, Any]:
        containers = self.pods[name]
        return {
            "metadata": {"name": name, "namespace": "shop", "labels": self.labels},
            "spec": {"containers": [{"name": one.name} for one in containers]},
            "status": {"phase": "Running", "containerStatuses": [one.status for one in containers]},
        }

    def _log(self, asked: Asked, name: str) -> Answer:
        found = next(one for one in self.pods[name] if one.name == asked.query["container"])
        if found.is_waiting:
            return _status(400, f'container "{found.name}" in pod "{name}" is waiting to start: ContainerCreating')
        said = found.before if asked.query.get("previous") == "true" else found.log
        if said is None:
            return _status(400, f'previous terminated container "{found.name}" in pod "{name}" not found')
        since = datetime.fromisoformat(asked.query["sinceTime"])
        assert asked.query["timestamps"] == "true"
        lines = (f"{at:%Y-%m-%dT%H:%M:%S.%f}123Z {text}\n" for at, text in said if at >= since)
        return Answer(200, "".join(lines)[: int(asked.query["limitBytes"])])


def _seconds(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(code: int, message: str) -> Answer:
    return Answer(code, {"kind": "Status", "status": "Failure", "message": message, "code": code})
