"""As much of Docker's Engine API 1.41 as replacing a container needs, with its state in memory; `make test-heavy`
runs the connector against a real podman, which answers the same API."""

import copy
import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "docker-proxy-token-1b"
_API = "/v1.41"


class FakeDocker:
    """cache runs 1.4.2, and cache-before has 1.4.1. A container that starts is healthy at the second look."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.containers: dict[str, dict[str, Any]] = {}
        self.images = {"shop/cache:1.4.1", "shop/cache:1.4.2"}
        self.crashes, self._number = False, 0
        for name, version, status in (("cache-before", "1.4.1", "exited"), ("cache", "1.4.2", "running")):
            self._add(name, {"Image": f"shop/cache:{version}", "Labels": {"team": "shop"}, "Env": ["A=1", "PATH=/bin"]})
            self.containers[name]["State"] = {"Status": status, "Running": status == "running"}

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Unauthorized"})
        path = asked.path.removeprefix(_API)
        if path == "/containers/create":
            return self._create(asked)
        if path == "/images/create":
            self.images.add(f"{asked.query['fromImage']}:{asked.query['tag']}")
            return Answer(200, '{"status":"Downloaded newer image"}\n')
        found = re.fullmatch(r"/images/(.+)/json", path)
        if found:
            is_there = found[1] in self.images or found[1] == "sha256:1"
            config = {"Env": ["PATH=/bin"], "Cmd": ["serve"]}
            return Answer(200, {"Id": "sha256:1", "Config": config}) if is_there else _missing(found[1])
        found = re.fullmatch(r"/containers/([\w.-]+)(?:/(\w+))?", path)
        name = next((n for n, c in self.containers.items() if found and found[1] in (n, c["Id"])), None)
        return self._one(asked, name, (found[2] if found else "") or "") if name else _missing(path)

    def _one(self, asked: Asked, name: str, what: str) -> Answer:
        container = self.containers[name]
        if what == "json":
            shown = copy.deepcopy(container)
            self._move(container)
            return Answer(200, shown)
        if what == "logs":
            return Answer(200, "listening\npanic: no such table\n")
        if what == "rename":
            if asked.query["name"] in self.containers:
                return Answer(409, {"message": f'the container name "{asked.query["name"]}" is already in use'})
            self.containers[asked.query["name"]] = self.containers.pop(name)
            return Answer(204)
        if what == "stop":
            is_running = container["State"]["Running"]
            container["State"] = {"Status": "exited", "Running": False, "ExitCode": 137}
            return Answer(204 if is_running else 304)
        if what == "start":
            return self._start(container)
        if asked.method == "DELETE":
            self.containers.pop(name)
            return Answer(204)
        return _missing(what)

    def _start(self, container: dict[str, Any]) -> Answer:
        if container["State"]["Running"]:
            return Answer(304)
        self.effects.append(str(container["Config"]["Labels"].get("tocsin.run")))
        container["State"] = {"Status": "running", "Running": True, "Health": {"Status": "starting"}}
        return Answer(204)

    def _create(self, asked: Asked) -> Answer:
        if asked.body["Image"] not in self.images:
            return _missing(asked.body["Image"])
        if asked.query["name"] in self.containers:
            return Answer(409, {"message": "the container name is already in use"})
        return Answer(201, {"Id": self._add(asked.query["name"], asked.body), "Warnings": []})

    def _add(self, name: str, config: dict[str, Any]) -> str:
        self._number += 1
        id_ = f"c0ffee{self._number}"
        made = {"Id": id_, "Image": "sha256:1", "Config": {"Cmd": ["serve"], **config}, "RestartCount": 0}
        self.containers[name] = {**made, "HostConfig": {"Memory": 7}, "State": {"Status": "created", "Running": False}}
        return id_

    def _move(self, container: dict[str, Any]) -> None:
        if (container["State"].get("Health") or {}).get("Status") == "starting":
            if self.crashes:
                container["State"] = {"Status": "exited", "Running": False, "ExitCode": 1}
            else:
                container["State"]["Health"]["Status"] = "healthy"


def _missing(what: str) -> Answer:
    return Answer(404, {"message": f"No such container: {what}"})
