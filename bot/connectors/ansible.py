"""How does Tocsin run a playbook of Ansible, after showing what it would change? With ansible-playbook.

[connectors.ansible]
type = "ansible"
program = "/opt/ansible/bin/ansible-playbook"
playbooks = "/srv/ansible"
inventory = "/srv/ansible/inventory.ini"
runs = "/var/lib/tocsin/ansible"            # the log of each run, one folder for each

[actions.restart-cache]
kind = "command"                            # command | deploy | restart | rollback
service = "cache"
connector = "ansible"
target = { playbook = "restart-cache.yml", limit = "cache", tags = "restart" }

*The plan* is a run with `--check --diff`, which changes nothing; it shows what would change, and a playbook that
fails there is not run. The action's parameters are extra variables, and nothing of theirs is ever a template
(`!unsafe`). An approval holds for the playbook as it was when the plan was made. *Stopping* ends ansible-playbook
with all it started; what it had done by then stays. Secrets belong into `environment`.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import field_validator

from bot.actions.model import Action, ActionKind, Plan
from bot.actions.parameters import Parameter
from bot.connectors._jobs import VERSION, Job, asked_for, problems_of
from bot.connectors._processes import ProcessExecutor, ProcessOptions, Programs, Ran
from bot.errors import WorldChanged

KINDS = frozenset({ActionKind.COMMAND, ActionKind.DEPLOY, ActionKind.RESTART, ActionKind.ROLLBACK})
DIFF_MAX = 4_000
VARIABLES = "variables.yml"
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
_FATAL = re.compile(r"^(?:fatal|failed): \[(?P<host>[^\]]+)\].*?(?:FAILED|UNREACHABLE)! => (?P<said>.*)$", re.MULTILINE)
_ENVIRONMENT = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_RETRY_FILES_ENABLED": "0"}


class Options(ProcessOptions):
    """`[connectors.NAME]` of `type = "ansible"`."""

    playbooks: Path
    inventory: Path

    @field_validator("playbooks", "inventory")
    @classmethod
    def _is_absolute_too(cls, path: Path) -> Path:
        return cls._is_absolute(path)


def executor(name: str, options: Mapping[str, Any]) -> "AnsibleExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    environment = {**_ENVIRONMENT, **dict(options.get("environment") or {})}
    checked = Options.model_validate({**options, "environment": environment})
    return AnsibleExecutor(Programs(name, checked), checked)


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    words = r"[\w!&:*.-]+(,[\w!&:*.-]+)*"
    return problems_of(target, {"playbook": r"[\w-]+([./-]?[\w-]+)*\.ya?ml"}, {"limit": words, "tags": words})


class AnsibleExecutor(ProcessExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, programs: Programs, options: Options) -> None:
        super().__init__(programs)
        self._options = options

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return (VERSION,) if kind is ActionKind.DEPLOY else ()

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        self._without_secrets(action)
        digest = self._digest(action)
        with tempfile.TemporaryDirectory() as folder:
            variables = _written(Path(folder), asked_for(action, parameters))
            argv = self._command(action, variables)
            code, said = self._web.quick([*argv, "--check", "--diff"], self._options.playbooks)
        if code:
            raise self._web.problem(f"the check run ended with code {code}: {_why(said)}"[:500])
        hosts = _RECAP.findall(said)
        changed = sum(int(changes) for _, changes, _, _ in hosts)
        summary = f"{action.target['playbook']}: {changed} changes on {len(hosts)} hosts"
        shown = [action.target[name] for name in ("limit", "tags") if action.target.get(name)]
        commands = (" ".join(("ansible-playbook", action.target["playbook"], *shown)),)
        return Plan(summary, "", parameters.get("version", ""), _changes(said), digest, commands)

    def _title(self, action: Action) -> str:
        return action.target["playbook"]

    def _argv(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> tuple[list[str], Path]:
        if self._digest(action) != plan.world:
            words = f"{action.target['playbook']} was changed since the plan was made"
            raise WorldChanged(words, connector=self._web.name)
        folder = self._web.folder(key)
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            variables = _written(folder, asked_for(action, parameters))
        except OSError as error:
            raise self._web.problem(f"{folder} cannot be written: {error.strerror}") from error
        return self._command(action, variables), self._options.playbooks

    def _told(self, key: str, action: Action, ran: Ran) -> Job:
        job = super()._told(key, action, ran)
        tasks = [line for line in ran.log.splitlines() if line.startswith("TASK [")]
        state = tasks[-1].split("]")[0].removeprefix("TASK [") if tasks and ran.code is None else job.state
        return replace(job, state=state, done=0, total=0, why=_why(ran.log) if ran.code else "")

    def _command(self, action: Action, variables: Path) -> list[str]:
        argv = [str(self._options.program), "--inventory", str(self._options.inventory)]
        for name in ("limit", "tags"):
            argv += [f"--{name}", action.target[name]] if action.target.get(name) else []
        return [*argv, "--extra-vars", f"@{variables}", str(self._path(action))]

    def _digest(self, action: Action) -> str:
        try:
            return hashlib.sha256(self._path(action).read_bytes()).hexdigest()
        except OSError as error:
            raise self._web.problem(f"{self._path(action)} cannot be read: {error.strerror}") from error

    def _path(self, action: Action) -> Path:
        path = (self._options.playbooks / action.target["playbook"]).resolve()
        if not path.is_relative_to(self._options.playbooks.resolve()):
            raise self._web.problem(f"{action.target['playbook']} is not in {self._options.playbooks}")
        return path


def _written(folder: Path, values: Mapping[str, str]) -> Path:
    """The extra variables as a file: JSON strings are YAML, and `!unsafe` keeps Ansible from reading templates in
    them."""
    lines = [f"{name}: !unsafe {json.dumps(value)}" for name, value in values.items()]
    path = folder / VARIABLES
    path.write_text("\n".join(["---", *(lines or ["{}"])]) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def _changes(said: str) -> str:
    """What the check run says that it would change, without what stays."""
    kept = [line for line in said.splitlines() if line.startswith(("TASK", "changed", "---", "+++", "+", "-", "@@"))]
    wanted = [
        line
        for line, after in zip(kept, [*kept[1:], "TASK"], strict=True)
        if not (line.startswith("TASK") and after.startswith("TASK"))
    ]
    return "\n".join(line.rstrip(" *") if line.startswith("TASK") else line for line in wanted)[:DIFF_MAX]


def _why(said: str) -> str:
    """The first host that failed, and its message."""
    found = _FATAL.search(said)
    if found is None:
        lines = [line for line in said.splitlines() if "ERROR" in line] or said.splitlines() or [""]
        return lines[0].strip()[:300]
    try:
        message = str(json.loads(found["said"]).get("msg") or found["said"])
    except ValueError:
        message = found["said"]
    return f"{found['host']}: {message}"[:300]
