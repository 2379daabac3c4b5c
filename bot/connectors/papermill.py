"""How does Tocsin run a notebook with parameters, and bring its result or its error back? With papermill.

[connectors.notebooks]
type = "papermill"
program = "/opt/notebooks/bin/papermill"
notebooks = "/srv/notebooks"
runs = "/var/lib/tocsin/notebooks"          # what was run, with its output, one folder for each run

[actions.rerun-forecast]
kind = "rerun"                              # rerun | trigger
service = "forecast"
connector = "notebooks"
target = { notebook = "daily/forecast.ipynb", kernel = "python3" }
[actions.rerun-forecast.parameters.day]
required = true

The action's parameters are the notebook's (its cell with the tag `parameters`). The notebook that was run, with all
its output, stays in the run's folder; the text of its last cell is told, or the error and the cell that raised it. An
approval holds for the notebook as it was when the plan was made. Secrets belong into `environment`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import field_validator

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.connectors._jobs import Job, asked_for, problems_of, shown
from bot.connectors._processes import ProcessExecutor, ProcessOptions, Programs, Ran
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.TRIGGER, ActionKind.RERUN})
SAID_MAX = 300
OUTPUT = "notebook.ipynb"
Object = Mapping[str, Any]


class Options(ProcessOptions):
    """`[connectors.NAME]` of `type = "papermill"`."""

    notebooks: Path

    @field_validator("notebooks")
    @classmethod
    def _is_absolute_too(cls, path: Path) -> Path:
        return cls._is_absolute(path)


def executor(name: str, options: Mapping[str, Any]) -> "PapermillExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    checked = Options.model_validate(options)
    return PapermillExecutor(Programs(name, checked), checked)


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    notebook = r"[\w-]+([./ -]?[\w-]+)*\.ipynb"
    return problems_of(target, {"notebook": notebook}, {"kernel": r"[\w.-]+"})


class PapermillExecutor(ProcessExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, programs: Programs, options: Options) -> None:
        super().__init__(programs)
        self._options = options

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        self._without_secrets(action)
        text, sent = self._text(action), asked_for(action, parameters)
        cells = _cells(text)
        if sent and not any("parameters" in (cell.get("metadata") or {}).get("tags", ()) for cell in cells):
            raise InputError(f"{action.target['notebook']} has no cell with the tag parameters", place=next(iter(sent)))
        code = sum(cell.get("cell_type") == "code" for cell in cells)
        summary = f"{action.target['notebook']}: {code} cells"
        return Plan(summary, "", "", shown(sent), _digest(text), (f"papermill {action.target['notebook']}",))

    def follow(self, started: Started, action: Action) -> Progress | Done:
        seen = super().follow(started, action)
        if isinstance(seen, Progress):
            return seen
        said = _last_words(self._written(json.loads(started.reference)["id"]))
        return replace(seen, summary=f"{seen.summary}{': ' if said else ''}{self._web.hide(said)}")

    def _title(self, action: Action) -> str:
        return action.target["notebook"]

    def _argv(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> tuple[list[str], Path]:
        if _digest(self._text(action)) != plan.world:
            words = f"{action.target['notebook']} was changed since the plan was made"
            raise WorldChanged(words, connector=self._web.name)
        out = str(self._web.folder(key) / OUTPUT)
        kernel = ["--kernel", action.target["kernel"]] if action.target.get("kernel") else []
        given = [part for name, value in asked_for(action, parameters).items() for part in ("-p", name, value)]
        options = ["--no-progress-bar", "--log-output", "--request-save-on-cell-execute", "--no-report-mode"]
        argv = [str(self._options.program), str(self._path(action)), out, *options, *kernel, *given]
        return argv, self._path(action).parent

    def _told(self, key: str, action: Action, ran: Ran) -> Job:
        job, cells = super()._told(key, action, ran), self._written(key)
        code = [cell for cell in cells if cell.get("cell_type") == "code"]
        over = [cell for cell in code if _papermill(cell).get("status") in ("completed", "failed")]
        why = "" if job.is_well or ran.code is None else self._web.hide(_error(code))
        return replace(job, done=len(over), total=len(code), why=why)

    def _written(self, key: str) -> list[Object]:
        """The cells of the notebook that is run, as far as it is."""
        try:
            return _cells((self._web.folder(key) / OUTPUT).read_text(encoding="utf-8"))
        except (OSError, InputError):  # it is written anew after each cell, and may be half there
            return []

    def _text(self, action: Action) -> str:
        try:
            return self._path(action).read_text(encoding="utf-8")
        except OSError as error:
            raise self._web.problem(f"{self._path(action)} cannot be read: {error.strerror}") from error

    def _path(self, action: Action) -> Path:
        path = (self._options.notebooks / action.target["notebook"]).resolve()
        if not path.is_relative_to(self._options.notebooks.resolve()):
            raise self._web.problem(f"{action.target['notebook']} is not in {self._options.notebooks}")
        return path


def _cells(text: str) -> list[Object]:
    try:
        return list(json.loads(text)["cells"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("it is no notebook", place="notebook") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _papermill(cell: Object) -> Object:
    return (cell.get("metadata") or {}).get("papermill") or {}


def _error(cells: list[Object]) -> str:
    """The error, and the last line of the cell that raised it."""
    for cell in cells:
        for output in cell.get("outputs") or ():
            if output.get("output_type") == "error":
                source = "".join(cell.get("source") or "").strip().splitlines()
                return f"{output.get('ename')}: {output.get('evalue')} (in: {source[-1][:100] if source else ''})"
    return ""


def _last_words(cells: list[Object]) -> str:
    """The text of the last output."""
    for cell in reversed(cells):
        for output in reversed(cell.get("outputs") or ()):
            text = output.get("text") or (output.get("data") or {}).get("text/plain") or ""
            if text:
                return " ".join("".join(text).split())[-SAID_MAX:]
    return ""
