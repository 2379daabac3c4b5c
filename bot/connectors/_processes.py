"""How do connectors run a program that takes its time: dbt, a notebook, a playbook?

Each run has a folder of its own, named after its key; a supervisor (`_supervisor.py`) that outlives the worker runs the
program there, once. Whoever looks later, after a crash too, finds in that folder how it went. The folder has to be on
the machine (or the shared disk) of every worker that may take the run over.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bot.actions.model import Action, Plan
from bot.connectors import _supervisor
from bot.connectors._jobs import Job, JobExecutor
from bot.connectors._web import Named

TAIL_KB_MAX = 64
CLAIMED_WITHIN_S = 20.0
STOPPED_WITHIN_S = 20.0
_LOOK_EVERY_S = 0.05


class ProcessOptions(BaseModel):
    """What every connector that runs a program can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    program: Path
    runs: Path
    """The folder with a folder for each run."""
    environment: Mapping[str, SecretStr] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 3_600
    plan_timeout_s: Annotated[float, Field(gt=0, le=600)] = 120

    @field_validator("program", "runs")
    @classmethod
    def _is_absolute(cls, path: Path) -> Path:
        if not path.is_absolute():
            raise ValueError(f"{str(path)!r} is not an absolute path")
        return path

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(value for one in self.environment.values() if len(value := one.get_secret_value()) > 3)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run stands. `code`: None while it goes on; `problem`: why it ended other than by itself."""

    code: int | None
    problem: str
    log: str


class Programs(Named):
    """Programs that are run under a key."""

    def __init__(self, name: str, options: ProcessOptions) -> None:
        super().__init__(name, options.secrets)
        self.options = options

    def folder(self, key: str) -> Path:
        return self.options.runs / key

    def quick(self, argv: Sequence[str], cwd: Path) -> tuple[int, str]:
        """Exit code and output of a program that only looks."""
        try:
            done = subprocess.run(
                list(argv),
                cwd=cwd,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.options.plan_timeout_s,
                check=False,
            )
        except OSError as error:
            raise self.problem(f"{argv[0]} cannot be run: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise self.problem(f"no answer within {self.options.plan_timeout_s:g} s", permanent=False) from error
        return done.returncode, self.hide(done.stdout.decode(errors="replace"))

    def begin(self, key: str, argv: Sequence[str], cwd: Path) -> None:
        """Carried out once, however often it is asked for."""
        order = {"argv": list(argv), "cwd": str(cwd), "timeout_s": self.options.timeout_s}
        folder = self.folder(key)
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            (folder / "order.new").write_text(json.dumps(order), encoding="utf-8")
            (folder / "order.new").replace(folder / _supervisor.ORDER)
            watcher = subprocess.Popen(
                [sys.executable, "-I", _supervisor.__file__, str(folder)],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise self.problem(f"{folder} cannot be written: {error.strerror}") from error
        threading.Thread(target=watcher.wait, name=f"watch-{key}", daemon=True).start()
        if not _within(CLAIMED_WITHIN_S, lambda: self.state(key) is not None):
            raise self.problem("it does not begin", permanent=False)

    def state(self, key: str) -> Ran | None:
        """None: it never began."""
        folder = self.folder(key)
        if not _claimed_by(folder):
            return None
        is_watched = _is_held(folder)  # looked at before the result: a watcher writes it before it goes
        log = self.hide(_end_of(folder / _supervisor.LOG))
        with suppress(FileNotFoundError):
            result = json.loads((folder / _supervisor.RESULT).read_text(encoding="utf-8"))
            return Ran(int(result["code"]), str(result["problem"]), log)
        if is_watched:
            return Ran(None, "", log)
        return Ran(-1, "it was cut off (did the machine restart?); whether all of it happened is to be looked at", log)

    def stop(self, key: str) -> None:
        """Ends it, with everything that it started."""
        folder = self.folder(key)
        claimed_by = _claimed_by(folder)
        if claimed_by and _is_held(folder):
            with suppress(ProcessLookupError):
                os.kill(int(claimed_by), signal.SIGTERM)
            _within(STOPPED_WITHIN_S, lambda: not _is_held(folder))

    def _environment(self) -> dict[str, str]:
        given = {name: value.get_secret_value() for name, value in self.options.environment.items()}
        path = f"{self.options.program.parent}:{os.defpath}"
        return {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": str(self.options.runs), **given}


class ProcessExecutor(JobExecutor[Programs]):
    """Fulfils `bot.engine.action_ports.Executor` with a program. A job's id is its key."""

    @abstractmethod
    def _argv(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> tuple[list[str], Path]:
        """The program with its arguments, and where it runs. Raises `WorldChanged`."""

    def _told(self, key: str, action: Action, ran: Ran) -> Job:
        """What its log and what it wrote say."""
        is_well = ran.code == 0 and not ran.problem
        state = "runs" if ran.code is None else "done" if is_well else ran.problem or f"ended with code {ran.code}"
        return Job(key, state, ran.code is not None, is_well, tail=ran.log[-2_000:])

    def _without_secrets(self, action: Action) -> None:
        """Parameters are kept in files of the run, which is no place for a secret."""
        secret = next((one.name for one in action.parameters if one.secret), "")
        if secret:
            words = f"{secret} is a secret, and would be kept in a file; give it in the connector's environment"
            raise self._web.problem(words)

    def _called(self, action: Action, job: Job) -> str:
        return self._title(action)

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        argv, cwd = self._argv(key, action, parameters, plan)
        self._web.begin(key, argv, cwd)
        return Job(key, "runs")

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        ran = self._web.state(key)
        return Job(key, "runs") if ran else None

    def _look(self, id_: str, action: Action) -> Job:
        ran = self._web.state(id_)
        if ran is None:
            raise self._web.problem(f"{self._web.folder(id_)} is gone; whether it happened is to be looked at")
        return self._told(id_, action, ran)

    def _stop(self, job: Job, action: Action) -> None:
        self._web.stop(job.id)


def _claimed_by(folder: Path) -> str:
    try:
        return (folder / _supervisor.CLAIM).read_text()
    except FileNotFoundError:
        return ""


def _is_held(folder: Path) -> bool:
    """Whether its supervisor lives."""
    with suppress(FileNotFoundError), (folder / _supervisor.CLAIM).open("rb") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as said:
            said.seek(max(0, log.stat().st_size - TAIL_KB_MAX * 1024))
            return said.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _within(seconds: float, is_so: Any) -> bool:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True
