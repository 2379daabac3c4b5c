"""How are nodes converged by Chef (chef-client run on them), exactly once?

[connectors.chef]
type = "chef"                               # needs the extra `chef`
url = "https://chef.example.com"
organization = "shop"
user = "tocsin"                             # a user or client of the server, in the group push_job_writers
key = "file:/etc/tocsin/chef.pem"           # its RSA private key

[actions.converge-cache]
kind = "command"
service = "cache"
connector = "chef"
target = { nodes = "cache-1,cache-2" }      # and command, when it is another than chef-client; timeout_s

Through Chef Push Jobs on a Chef Infra Server: a job is started on the nodes, all of which have to be up, and followed.
The command has to be on the nodes' list of allowed ones (`node['push_jobs']['whitelist']`). The key of Tocsin's run is
in the job's environment (`TOCSIN_KEY`), by which the server's last jobs are searched before another one is started.
The API has no way to stop a job. Requests are signed as Chef's authentication protocol 1.3 says (RSA, SHA-256), so
clocks have to agree within 15 minutes. Push Jobs is deprecated by its makers; where it is not installed, converge with
`ansible` or through git.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import Field, SecretStr

from bot.actions.model import Action, ActionKind, Plan
from bot.clock import SystemClock
from bot.connectors._jobs import Job, JobExecutor, problems_of
from bot.connectors._web import ReachOptions, Web
from bot.errors import InputError

KINDS = frozenset({ActionKind.COMMAND})
KEY = "TOCSIN_KEY"
JOBS_MAX = 50
"""How many of the server's last jobs are searched."""
LINES_MAX = 12
LINE_LENGTH = 60
TIMEOUT_S = 1800
_NODE = "[A-Za-z0-9][A-Za-z0-9_.-]*"
_WELL = frozenset({"succeeded", "complete"})
_OVER = frozenset({"complete", "aborted", "quorum_failed", "timed_out", "crashed"})
_UP = frozenset({"up", "available"})
Object = Mapping[str, Any]


class Options(ReachOptions):
    organization: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    user: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    key: SecretStr

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.key.get_secret_value(),)


def executor(name: str, options: Mapping[str, Any]) -> "ChefExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    given = Options.model_validate(options)
    web = Web(name, given, auth=Signature(given, SystemClock().now, lambda words: web.problem(words)))
    return ChefExecutor(web, given)


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    needed = {"nodes": rf"{_NODE}(\s*,\s*{_NODE})*"}
    return problems_of(target, needed, {"command": r"[\w./-][\w ./=:-]*", "timeout_s": "[1-9][0-9]{0,5}"})


class ChefExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, web: Web, options: Options) -> None:
        super().__init__(web)
        self._pushy = f"/organizations/{options.organization}/pushy"

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        nodes, command = _nodes(action), _command(action)
        states = {node: self._web.object(f"{self._pushy}/node_states/{node}") for node in nodes}
        down = [node for node, state in states.items() if not _is_up(state)]
        if down:
            raise InputError(f"Chef does not reach {', '.join(down)}", place=action.name)
        where = ", ".join(nodes)
        return Plan(f"{command} on {where}", "", "", where.replace(", ", "\n"), "", (f"knife job start '{command}'",))

    def _title(self, action: Action) -> str:
        return f"{_command(action)} on {', '.join(_nodes(action))}"

    def _called(self, action: Action, job: Job) -> str:
        return self._title(action)

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        nodes = _nodes(action)
        made = self._web.object(
            f"{self._pushy}/jobs",
            {
                "command": _command(action),
                "nodes": nodes,
                "quorum": len(nodes),
                "run_timeout": int(action.target.get("timeout_s") or TIMEOUT_S),
                "env": {KEY: key},
                "capture_output": True,
            },
        )
        id_ = str(made.get("id") or str(made.get("uri") or "").rpartition("/")[2])
        if not id_:
            raise self._web.odd("a job without an id")
        return Job(id_, "voting")

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        listed = self._web.send("GET", f"{self._pushy}/jobs")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise self._web.odd("no list of jobs")
        command = _command(action)
        latest = sorted(listed, key=_made_at, reverse=True)
        for one in [one for one in latest if one.get("command", command) == command][:JOBS_MAX]:
            path = f"{self._pushy}/jobs/{one.get('id')}"
            job = one if one.get("env") else self._web.object(path, include_file="true")
            if (job.get("env") or {}).get(KEY) == key:
                return Job(str(one["id"]), str(job.get("status") or ""))
        return None

    def _look(self, id_: str, action: Action) -> Job:
        job = self._web.object(f"{self._pushy}/jobs/{id_}")
        state, nodes = str(job.get("status") or ""), _by_state(job)
        done = {node: at for node, at in nodes.items() if at in _WELL}
        failed = {node: at for node, at in nodes.items() if at not in _WELL}
        is_over = state in _OVER
        if not is_over:
            return Job(id_, state, False, False, len(done), len(nodes))
        is_well = state == "complete" and bool(nodes) and not failed
        shown = next(iter(failed or done), "")
        said = self._said(id_, shown, bool(failed)) if shown else []
        first = f"{shown} {failed[shown].replace('_', ' ')}" if failed else ""
        why = ": ".join(filter(None, (first, said[-1] if failed and said else "")))
        return Job(id_, state, True, is_well, len(done), len(nodes), "\n".join(said[-LINES_MAX:]), why)

    def _stop(self, job: Job, action: Action) -> None:
        raise self._web.problem("Chef cannot stop a job; it ends by itself, or when its time is over")

    def _success(self, what: str, job: Job) -> str:
        changed = re.search(r"[0-9]+/[0-9]+ resources updated", job.tail)
        return f"{what} succeeded" + (f" ({changed[0]})" if changed else "")

    def _said(self, id_: str, node: str, failed: bool) -> list[str]:
        """What the command said on a node; nothing where it was not kept."""
        for channel in ("stderr", "stdout") if failed else ("stdout",):
            path = f"{self._pushy}/jobs/{id_}/output/{node}/{channel}"
            lines = self._web.text_if_any(path, accept="application/octet-stream").splitlines()
            if any(line.strip() for line in lines):
                return [line for line in lines if line.strip()]
        return []


class Signature(httpx.Auth):
    """Chef's authentication protocol, version 1.3: docs.chef.io/api_chef_server, "Authentication Headers". `fail` makes
    the error for a key that is none."""

    requires_request_body = True

    def __init__(self, options: Options, now: Callable[[], datetime], fail: Callable[[str], Exception]) -> None:
        self._user, self._pem, self._now, self._fail = options.user, options.key, now, fail

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        at = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        content = base64.b64encode(hashlib.sha256(request.content).digest()).decode()
        path = re.sub("/+", "/", request.url.raw_path.decode().partition("?")[0])
        text = canonical(request.method, path if path == "/" else path.rstrip("/"), content, at, self._user)
        signed = self._key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        request.headers.update(
            {
                "X-Chef-Version": "18.0.0",
                "X-Ops-Server-API-Version": "1",
                "X-Ops-Sign": "algorithm=sha256;version=1.3;",
                "X-Ops-Userid": self._user,
                "X-Ops-Timestamp": at,
                "X-Ops-Content-Hash": content,
            }
        )
        written = base64.b64encode(signed).decode()
        for number, at_ in enumerate(range(0, len(written), LINE_LENGTH), start=1):
            request.headers[f"X-Ops-Authorization-{number}"] = written[at_ : at_ + LINE_LENGTH]
        yield request

    def _key(self) -> rsa.RSAPrivateKey:
        try:
            found = serialization.load_pem_private_key(self._pem.get_secret_value().encode(), None)
        except (ValueError, TypeError) as error:
            raise self._fail("its key is no RSA private key in PEM, without a password") from error
        if not isinstance(found, rsa.RSAPrivateKey):
            raise self._fail("its key is no RSA key")
        return found


def canonical(method: str, path: str, content_hash: str, at: str, user: str) -> str:
    """What is signed."""
    return "\n".join(
        (
            f"Method:{method.upper()}",
            f"Path:{path}",
            f"X-Ops-Content-Hash:{content_hash}",
            "X-Ops-Sign:version=1.3",
            f"X-Ops-Timestamp:{at}",
            f"X-Ops-UserId:{user}",
            "X-Ops-Server-API-Version:1",
        )
    )


def _nodes(action: Action) -> list[str]:
    return [node.strip() for node in action.target["nodes"].split(",")]


def _command(action: Action) -> str:
    return action.target.get("command") or "chef-client"


def _is_up(state: Object) -> bool:
    """`status` in the documentation, `availability` in knife's own reading."""
    return str(state.get("availability") or state.get("status") or "") in _UP


def _by_state(job: Object) -> dict[str, str]:
    """Node → its state."""
    nodes = job.get("nodes") or {}
    return {str(node): str(state) for state, named in nodes.items() for node in named}


def _made_at(job: Object) -> float:
    try:
        return parsedate_to_datetime(str(job.get("created_at") or "")).timestamp()
    except ValueError:
        return 0.0
