"""How does a container of Docker (or podman) get another version, and the one before back?

[connectors.docker]
type = "docker"
socket = "/run/docker.sock"                 # or url = "https://docker.example.com:2376"

[actions.deploy-cache]
kind = "deploy"                             # deploy | rollback
service = "cache"
connector = "docker"
target = { container = "cache" }

The new container is made like the present one, with the other image and without what the present one only has from
its own image; then the present one is stopped and kept as NAME-before, and the new one takes its name and is started.
The key of Tocsin's run is a label of the new container; after a crash each step is looked at before it is done. *A
rollback* does the same with the image of NAME-before. Done is when it runs, and is healthy where it has a health
check. *Stopping* stops the new container. Engine API 1.41; images are pulled without credentials, unless they are
there.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind, Plan, Started
from bot.actions.parameters import Parameter
from bot.connectors._jobs import Job, JobExecutor, problems_of
from bot.connectors._pods import VERSION, split
from bot.connectors._web import Problem, Web, WebOptions, WebUrl
from bot.errors import InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.ROLLBACK})
LABEL = "tocsin.run"
LOG_LINES = 20
STOP_WITHIN_S = 10
_API = "/v1.41"
_LISTS = ("Env",)
_MAPS = ("Labels", "ExposedPorts", "Volumes")
_PLAIN = ("Cmd", "Entrypoint", "WorkingDir", "User", "Healthcheck", "StopSignal", "Shell")
Object = Mapping[str, Any]


class Options(WebOptions):
    """`[connectors.NAME]` of `type = "docker"`."""

    url: WebUrl = "http://docker"
    socket: str = ""


def executor(name: str, options: Mapping[str, Any]) -> "DockerExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    checked = Options.model_validate(options)
    return DockerExecutor(Web(name, checked, socket=checked.socket))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"container": r"[a-zA-Z0-9][\w.-]{0,100}"}, {})


class DockerExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    OVER = frozenset({304, 404, 409})

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return (VERSION,) if kind is ActionKind.DEPLOY else ()

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        name = action.target["container"]
        found = self._container(name)
        before = _image(found)
        after = self._wanted(action, found, parameters)
        if after == before:
            raise InputError(f"{name} has {before} already", place="version")
        commands = (f"replace the container {name}: {after}",)
        versions = split(before)[1], split(after)[1]
        return Plan(f"{name} {versions[0]} → {versions[1]}", *versions, f"-{before}\n+{after}", found["Id"], commands)

    def _title(self, action: Action) -> str:
        return f"the container {action.target['container']}"

    def _called(self, action: Action, job: Job) -> str:
        return self._title(action)

    def _success(self, what: str, job: Job) -> str:
        return f"{what} runs {job.version}"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        """Each step is done unless it is seen to be done; a crash can be between any two."""
        name, new = action.target["container"], f"{action.target['container']}-{key}"
        now, made = self._seen(name), self._seen(new)
        if now is None and made is None:
            raise self._web.problem(f"the container {name} is gone")
        if now is not None and _key(now) != key:
            if now["Id"] != plan.world:
                raise WorldChanged(f"{name} is another container now", connector=self._web.name)
            self._make_room(key, action, parameters, now, made)
            now = None
        if now is None:
            self._rename(new, name)
        self._post(f"/containers/{quote(name)}/start")
        return Job(str(self._container(name)["Id"]), "starting")

    def _make_room(
        self, key: str, action: Action, parameters: Mapping[str, str], now: Object, made: Object | None
    ) -> None:
        name, kept = action.target["container"], f"{action.target['container']}-before"
        if made is None:
            wanted = self._wanted(action, now, parameters)
            self._have(wanted)
            body = self._like(now, wanted, key)
            self._web.object(f"{_API}/containers/create?name={quote(name)}-{quote(key)}", body)
        self._post(f"/containers/{quote(name)}/stop?t={STOP_WITHIN_S}")
        if self._seen(kept) is not None:
            self._web.send("DELETE", f"{_API}/containers/{quote(kept)}")
        self._rename(name, kept)

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        found = self._seen(action.target["container"])
        is_ours = found is not None and _key(found) == key and (found.get("State") or {}).get("Status") != "created"
        return Job(str(found["Id"]), "starting") if found is not None and is_ours else None

    def _look(self, id_: str, action: Action) -> Job:
        found = self._container(id_)
        state = found.get("State") or {}
        health = str((state.get("Health") or {}).get("Status") or "")
        is_restarting = bool(state.get("Restarting")) or int(found.get("RestartCount") or 0) > 0
        is_well = bool(state.get("Running")) and not is_restarting and health in ("", "none", "healthy")
        is_over = is_well or is_restarting or health == "unhealthy" or state.get("Status") in ("exited", "dead")
        word = health if health in ("unhealthy", "starting") else str(state.get("Status") or "")
        why = "" if is_well or not is_over else f"code {state.get('ExitCode')}. {self._last_line(id_)}"
        return Job(id_, word, is_over, is_well, why=why, version=split(_image(found))[1])

    def _stop(self, job: Job, action: Action) -> None:
        self._post(f"/containers/{job.id}/stop?t={STOP_WITHIN_S}")

    def cancel(self, started: Started, action: Action) -> None:
        """One that runs well is stopped, too: it is what was begun."""
        self._stop(self._look(json.loads(started.reference)["id"], action), action)

    def _wanted(self, action: Action, found: Object, parameters: Mapping[str, str]) -> str:
        """The image to go to."""
        if action.kind is ActionKind.DEPLOY:
            return f"{split(_image(found))[0]}:{parameters['version']}"
        kept = self._seen(f"{action.target['container']}-before")
        if kept is None:
            raise Refused("nothing_to_roll_back", service=action.service, version=split(_image(found))[1])
        return _image(kept)

    def _have(self, image: str) -> None:
        """Pulls it when it is not there."""
        try:
            self._web.object(f"{_API}/images/{quote(image, safe='/:@')}/json")
        except Problem as problem:
            if problem.status != 404:
                raise
            repository, tag = split(image)
            got = self._web.answer("POST", f"{_API}/images/create", query={"fromImage": repository, "tag": tag})
            if '"error"' in got.text:
                raise self._web.problem(f"{image} cannot be pulled: {got.text[-200:]}") from problem

    def _like(self, now: Object, image: str, key: str) -> dict[str, Any]:
        """What makes a container like this one, with another image."""
        config = dict(now.get("Config") or {})
        own = self._web.object(f"{_API}/images/{now['Image']}/json").get("Config") or {}
        for name in _LISTS:
            config[name] = [one for one in config.get(name) or () if one not in (own.get(name) or ())]
        for name in _MAPS:
            given, usual = config.get(name) or {}, own.get(name) or {}
            config[name] = {one: value for one, value in given.items() if usual.get(one) != value or one not in usual}
        for name in _PLAIN:
            if config.get(name) == own.get(name):
                config.pop(name, None)
        if str(now["Id"]).startswith(str(config.get("Hostname") or "-")):
            config.pop("Hostname")
        labels = {**config["Labels"], LABEL: key}
        return {**config, "Image": image, "Labels": labels, "HostConfig": _host(now.get("HostConfig") or {})}

    def _last_line(self, id_: str) -> str:
        path = f"{_API}/containers/{id_}/logs"
        text = self._web.text_if_any(path, stdout="true", stderr="true", tail=LOG_LINES)
        lines = ["".join(letter for letter in line if letter.isprintable()).strip() for line in text.splitlines()]
        return next((line for line in reversed(lines) if line), "")[:200]

    def _seen(self, name: str) -> Object | None:
        try:
            return self._container(name)
        except Problem as problem:
            if problem.status == 404:
                return None
            raise

    def _container(self, name: str) -> Object:
        found = self._web.object(f"{_API}/containers/{quote(name, safe='')}/json")
        if not isinstance(found.get("Id"), str) or not isinstance(found.get("Config"), dict):
            raise self._web.odd("no container")
        return found

    def _rename(self, old: str, new: str) -> None:
        self._post(f"/containers/{quote(old)}/rename?name={quote(new)}")

    def _post(self, path: str) -> None:
        """304, it is so already, is an answer like any."""
        self._web.answer("POST", f"{_API}{path}")


def _image(found: Object) -> str:
    return str(found["Config"].get("Image") or "")


def _key(found: Object) -> str:
    return str((found["Config"].get("Labels") or {}).get(LABEL) or "")


def _host(config: Object) -> dict[str, Any]:
    """podman tells limits as RLIMIT_NOFILE, and takes them as nofile."""
    limits = [
        {**one, "Name": str(one.get("Name")).removeprefix("RLIMIT_").lower()} for one in config.get("Ulimits") or ()
    ]
    return {**config, "Ulimits": limits} if limits else dict(config)
