"""How does Tocsin run a program of its owner's? By its arguments, never through a shell.

[connectors.flush-queue]
type = "command"
argv = ["/opt/shop/flush-queue", "--queue", "{queue}"]
find = ["/opt/shop/flush-queue", "--was-done", "{key}"]      # exit code 0: done before, 3: not done

[actions.flush-orders]
kind = "command"
service = "orders"
connector = "flush-queue"
[actions.flush-orders.parameters.queue]
choices = ["orders", "invoices"]

Every {name} is the whole or a part of one argument, whatever it contains. The program sees only the environment given
here, and the key of Tocsin's run as TOCSIN_KEY, so that it can take care to do the same thing once; its secrets come as
TOCSIN_PARAMETER_NAME. It is ended with everything it started when it takes too long, and its output is cut. After a
crash `find` is asked; without it, what was interrupted is left for people to look at.
"""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.errors import ConnectorError

KINDS = frozenset(ActionKind)
OUTPUT_KB_MAX = 64
_NOT_DONE = 3
_SAID_MAX = 300
_LISTENED_S = 2.0
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Options(BaseModel):
    """`[connectors.NAME]` of `type = "command"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    argv: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    find: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    """A dry run: what it prints is shown as the plan."""
    folder: Path = Path("/")
    environment: Mapping[str, SecretStr] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60

    @field_validator("argv", "find", "check")
    @classmethod
    def _is_a_program(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if argv and (not argv[0].startswith("/") or "{" in argv[0]):
            raise ValueError(f"the program must be an absolute path without parameters, not {argv[0]!r}")
        return argv


def executor(name: str, options: Mapping[str, Any]) -> "CommandExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return CommandExecutor(name, Options.model_validate(options))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return [f"target.{name}: there is no such setting" for name in sorted(target)]


class CommandExecutor:
    """Fulfils `bot.engine.ports.Executor`."""

    def __init__(self, name: str, options: Options) -> None:
        self._name, self._options = name, options

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        argv = _filled(self._options.argv, parameters)
        shown = " ".join(repr(argument) if re.search(r"[^\w/.:=@,+-]", argument) else argument for argument in argv)
        diff = ""
        if self._options.check:
            code, diff = self._run(_filled(self._options.check, parameters), "", {})
            if code:
                raise self._failed(code, diff)
        return Plan(Path(argv[0]).name, "", "", diff, "", (shown,))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done:
        secrets = {p.name: parameters[p.name] for p in action.parameters if p.secret and p.name in parameters}
        public = {name: value for name, value in parameters.items() if name not in secrets}
        code, said = self._run(_filled(self._options.argv, public), key, secrets)
        if code:
            raise self._failed(code, said)
        return self._done(key, said)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | None:
        if not self._options.find:
            words = "it may or may not have run before Tocsin was interrupted, and there is no way to ask; look there"
            raise ConnectorError(words, permanent=True, connector=self._name)
        code, said = self._run(_filled(self._options.find, {"key": key}), key, {})
        if code not in (0, _NOT_DONE):
            raise self._failed(code, said)
        return None if code else self._done(key, said)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        raise ConnectorError("a command is over when it ends", permanent=True, connector=self._name)

    def cancel(self, started: Started, action: Action) -> None:
        """A command is over when it ends."""

    def _run(self, argv: Sequence[str], key: str, secrets: Mapping[str, str]) -> tuple[int, str]:
        """Exit code and the end of what it said, without secrets."""
        try:
            process = subprocess.Popen(
                list(argv),
                cwd=self._options.folder,
                env=self._environment(key, secrets),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            words = f"{argv[0]} cannot be run: {error.strerror}"
            raise ConnectorError(words, permanent=True, connector=self._name) from error
        with process:
            said = bytearray()
            listener = threading.Thread(target=_listen, args=(process.stdout, said), daemon=True)
            listener.start()
            try:
                code = process.wait(self._options.timeout_s)
            except subprocess.TimeoutExpired as error:
                words = f"{argv[0]} took longer than {self._options.timeout_s:g} s and was ended"
                raise ConnectorError(words, permanent=True, connector=self._name) from error
            finally:
                _end(process)
                listener.join(_LISTENED_S)
        return code, self._hide(said.decode(errors="replace"), secrets)

    def _environment(self, key: str, secrets: Mapping[str, str]) -> dict[str, str]:
        given = {name: value.get_secret_value() for name, value in self._options.environment.items()}
        private = {f"TOCSIN_PARAMETER_{name.upper()}": value for name, value in secrets.items()}
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **given, **private, "TOCSIN_KEY": key}

    def _hide(self, text: str, secrets: Mapping[str, str]) -> str:
        configured = [value.get_secret_value() for value in self._options.environment.values()]
        for secret in filter(lambda value: len(value) > 3, [*configured, *secrets.values()]):
            text = text.replace(secret, "***")
        return text

    def _failed(self, code: int, said: str) -> ConnectorError:
        last = " ".join(said.split())[-_SAID_MAX:]
        return ConnectorError(
            f"ended with code {code}: {last or 'it said nothing'}", permanent=True, connector=self._name
        )

    def _done(self, key: str, said: str) -> Done:
        lines = [line for line in said.splitlines() if line.strip()]
        return Done("", "", f"{self._name}:{key}", (lines[-1] if lines else "done")[:_SAID_MAX])


def _filled(argv: Sequence[str], parameters: Mapping[str, str]) -> list[str]:
    """Each argument with its parameters. A value cannot become an option where it is the whole argument."""
    filled = []
    for argument in argv:
        made = _NAMED.sub(lambda found: parameters.get(found[1], ""), argument)
        if _NAMED.match(argument) and made.startswith("-"):
            raise ConnectorError(f"{made[:50]!r} would be an option", permanent=True)
        filled.append(made)
    return filled


def _listen(pipe: Any, said: bytearray) -> None:
    """Keeps the end of what a program says, however much it is."""
    while chunk := pipe.read1(65_536):
        said += chunk
        del said[: -OUTPUT_KB_MAX * 1024]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends whatever still runs of the command."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
