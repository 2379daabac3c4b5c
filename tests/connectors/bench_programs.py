"""The connectors that run a program, each with one to run."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import ansible, dbt, papermill
from bot.engine.action_ports import Executor
from tests.connectors.bench import Bench
from tests.connectors.fake_programs import effects, program
from tests.connectors.faulty import Answer, Faulty

SECRET = "warehouse-password-71"


@dataclass(frozen=True)
class Setup:
    """How a program is set up in a folder: the connector's options, the action, what people say."""

    module: Any
    options: Callable[[Path], Mapping[str, Any]]
    action: Action
    parameters: Mapping[str, str]
    disturb: Callable[[Path], object] | None


def _dbt(folder: Path) -> Mapping[str, Any]:
    (folder / "target").mkdir(exist_ok=True)
    _results(folder, "first")
    return {"program": str(program("dbt", folder)), "project": str(folder)}


def _results(folder: Path, invocation: str) -> None:
    failed = {"unique_id": "model.shop.b", "status": "error", "message": "Conversion Error in model b"}
    skipped = {"unique_id": "model.shop.c", "status": "skipped", "message": None}
    written = {"metadata": {"invocation_id": invocation}, "results": [failed, skipped]}
    (folder / "target" / "run_results.json").write_text(json.dumps(written))


def _papermill(folder: Path) -> Mapping[str, Any]:
    cells = [
        {"cell_type": "code", "metadata": {"tags": tags}, "source": [source], "outputs": []}
        for tags, source in ((["parameters"], "day = ''"), ([], "print('forecast for', day, 'written')"))
    ]
    (folder / "forecast.ipynb").write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}))
    return {"program": str(program("papermill", folder)), "notebooks": str(folder)}


def _ansible(folder: Path) -> Mapping[str, Any]:
    (folder / "site.yml").write_text("- hosts: all\n")
    (folder / "inventory.ini").write_text("localhost\n")
    made = str(program("ansible-playbook", folder))
    return {"program": made, "playbooks": str(folder), "inventory": str(folder / "inventory.ini")}


def _changed(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text((folder / name).read_text() + " ")


_BOOK = {"notebook": "forecast.ipynb"}
_SETUPS = {
    "dbt-build": Setup(dbt, _dbt, Action("b", ActionKind.TRIGGER, "o", "there", {"select": "a+"}), {}, None),
    "dbt-retry": Setup(dbt, _dbt, Action("r", ActionKind.RERUN, "o", "there"), {}, lambda at: _results(at, "second")),
    "papermill": Setup(
        papermill,
        _papermill,
        Action("n", ActionKind.RERUN, "o", "there", _BOOK, parameters=(Parameter("day"),)),
        {"day": "$(id) '; rm -rf /"},
        _changed("forecast.ipynb"),
    ),
    "ansible": Setup(
        ansible,
        _ansible,
        Action("a", ActionKind.DEPLOY, "o", "there", {"playbook": "site.yml"}, parameters=(Parameter("version"),)),
        {"version": "{{ lookup('pipe', 'id') }}"},
        _changed("site.yml"),
    ),
}
NAMES = tuple(_SETUPS)


def action_of(name: str) -> tuple[Action, Mapping[str, str]]:
    return _SETUPS[name].action, _SETUPS[name].parameters


def executor_of(name: str, folder: Path) -> Executor:
    """Over a world that is there already, or one that is made now."""
    setup = _SETUPS[name]
    secrets = {"environment": {"PASSWORD": SECRET}, "runs": str(folder / "runs")}
    made: Executor = setup.module.executor("there", {**setup.options(folder), **secrets})
    return made


def bench(name: str, folder: Path) -> Bench:
    setup, made = _SETUPS[name], executor_of(name, folder)
    return Bench(
        Faulty(lambda asked: Answer(500)),
        lambda: made,
        setup.action,
        setup.parameters,
        state=lambda: sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*")),
        effects=lambda: len(effects(folder)),
        secrets=(SECRET,),
        disturb=None if setup.disturb is None else lambda: _done(setup.disturb, folder),
        pause_s=0.05,
        goes_on=True,
    )


def _done(disturb: Callable[[Path], object] | None, folder: Path) -> None:
    if disturb:
        disturb(folder)
