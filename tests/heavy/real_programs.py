"""Do the dbt, papermill and Ansible connectors keep their contract with the real programs?"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from bot.actions.model import Action, ActionKind, Done, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors import ansible, dbt, papermill
from bot.engine.action_ports import Executor
from bot.errors import ConnectorError, WorldChanged
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench
from tests.connectors.faulty import Answer, Faulty
from tests.heavy.servers import environment

pytestmark = pytest.mark.timeout(600)
contract.FOLLOWED_MAX = 600
PASSWORD = "duck-password-93"
_HOSTILE = "{{ 7 * 7 }} {{ lookup('pipe', 'id') }}"
_BREAKS = "cast(case when '{{ env_var('LOCKED', 'no') }}' = 'yes' then 'x' else '1' end as int)"
_SITE = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Write the version
      ansible.builtin.copy: {content: "version {{ version }}\\n", dest: "{{ dest }}"}
    - name: Count
      ansible.builtin.shell: "echo x >> {{ dest }}.effects"
    - name: Wait
      ansible.builtin.pause: {seconds: "{{ seconds | default('0') | int }}"}
      when: not ansible_check_mode
    - name: Refuse
      ansible.builtin.fail: {msg: "the cache refused {{ version }}"}
      when: version == "bad" and not ansible_check_mode
"""


@dataclass
class Place:
    """`make`: an executor (its argument: whether what it acts on is broken)."""

    folder: Path
    make: Callable[[bool], Executor]
    action: Action
    parameters: Mapping[str, str]
    effects: Callable[[], int]

    def bench(self, **parameters: str) -> Bench:
        return Bench(
            Faulty(lambda asked: Answer(500)),
            lambda: self.make(False),
            self.action,
            {**self.parameters, **parameters},
            state=lambda: self.effects(),
            effects=self.effects,
            secrets=(PASSWORD,),
            pause_s=0.3,
            goes_on=True,
        )


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def _dbt(folder: Path) -> Place:
    (folder / "models").mkdir()
    project = 'name: shop\nversion: "1.0"\nprofile: shop\nmodel-paths: [models]\nmodels: {+materialized: table}\n'
    (folder / "dbt_project.yml").write_text(project)
    (folder / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n"
    )
    for name, sql in (
        ("a", "1 as id"),
        ("b", f"{_BREAKS} as v from {{{{ ref('a') }}}}"),
        ("c", "* from {{ ref('b') }}"),
    ):
        (folder / "models" / f"{name}.sql").write_text(f"select {sql}")

    def make(broken: bool) -> Executor:
        env = {"LOCKED": "yes" if broken else "no", "WAREHOUSE_PASSWORD": PASSWORD}
        program, runs = str(environment("dbt") / "dbt"), str(folder / "runs")
        return dbt.executor("dbt", {"program": program, "project": str(folder), "runs": runs, "environment": env})

    def effects() -> int:
        return sum("Running with dbt" in path.read_text() for path in folder.glob("runs/*/log"))

    return Place(folder, make, Action("b", ActionKind.TRIGGER, "orders", "dbt", {"select": "a+"}), {}, effects)


def _papermill(folder: Path) -> Place:
    def code(source: str, *tags: str) -> dict[str, Any]:
        cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": [], "id": token_hex(4)}
        return {**cell, "metadata": {"tags": list(tags)}, "source": source}

    count = f"open({str(folder / 'effects')!r}, 'a').write('x\\n')"
    cells = [
        code("day = ''; broken = 'no'; seconds = '0'", "parameters"),
        code(f"import time\n{count}\ntime.sleep(float(seconds))"),
        code("if broken == 'yes': raise ValueError('no rows for ' + day)\nprint('forecast for', day, 'written')"),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
    (folder / "forecast.ipynb").write_text(json.dumps(book))
    program, runs = str(environment("papermill") / "papermill"), str(folder / "runs")
    options = {"program": program, "notebooks": str(folder), "runs": runs, "environment": {"PASSWORD": PASSWORD}}
    asked = tuple(Parameter(name) for name in ("day", "broken", "seconds"))
    action = Action("n", ActionKind.RERUN, "f", "n", {"notebook": "forecast.ipynb"}, parameters=asked)
    make = lambda broken: papermill.executor("n", options)  # noqa: E731
    return Place(folder, make, action, {"day": "$(id) '; x"}, lambda: _lines(folder / "effects"))


def _ansible(folder: Path) -> Place:
    (folder / "site.yml").write_text(_SITE)
    host = f"localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3 dest={folder}/out"
    (folder / "inventory.ini").write_text(f"{host}\n")
    options = {
        "program": str(environment("ansible") / "ansible-playbook"),
        "playbooks": str(folder),
        "inventory": str(folder / "inventory.ini"),
        "runs": str(folder / "runs"),
        "environment": {"PASSWORD": PASSWORD},
    }
    asked = tuple(Parameter(name) for name in ("version", "seconds"))
    action = Action("a", ActionKind.DEPLOY, "cache", "a", {"playbook": "site.yml"}, parameters=asked)
    make = lambda broken: ansible.executor("a", options)  # noqa: E731
    return Place(folder, make, action, {"version": _HOSTILE}, lambda: _lines(folder / "out.effects"))


_PLACES = {"dbt": _dbt, "papermill": _papermill, "ansible": _ansible}


@pytest.fixture(params=_PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(contract, "KEY", f"tocsin-run-7-{token_hex(4)}-1")
    return _PLACES[request.param](tmp_path)


def test_it_plans_runs_once_and_says_how_it_went(place: Place) -> None:
    bench = place.bench()
    contract.test_a_plan_changes_nothing_and_says_the_same_twice(bench)
    contract.test_the_same_key_twice_has_one_effect(bench)
    contract.test_nothing_that_is_stored_or_shown_has_a_secret(bench)


@pytest.mark.parametrize("place", ["papermill", "ansible"], indirect=True)
def test_it_can_be_stopped(place: Place) -> None:
    bench = place.bench(seconds="60")
    executor = bench.make()
    started = contract.executed(bench, executor, contract.planned(bench))
    assert isinstance(started, Started)
    while not place.effects():
        assert isinstance(executor.follow(started, bench.action), Progress)
    executor.cancel(started, bench.action)
    with pytest.raises(ConnectorError, match="it was stopped"):
        executor.follow(started, bench.action)


@pytest.mark.parametrize("place", ["ansible"], indirect=True)
def test_a_playbook_shows_its_changes_before_and_takes_no_value_for_a_template(place: Place) -> None:
    bench = place.bench()
    plan = contract.planned(bench)
    assert f"+version {_HOSTILE}" in plan.diff
    assert not (place.folder / "out").exists()
    contract.finished(bench, contract.executed(bench, bench.make(), plan))
    assert (place.folder / "out").read_text() == f"version {_HOSTILE}\n"
    bad = place.bench(version="bad")
    with pytest.raises(ConnectorError, match="code 2: localhost: the cache refused bad"):
        contract.finished(bad, contract.executed(bad, bad.make(), contract.planned(bad), "tocsin-bad-1"))


@pytest.mark.parametrize("place", ["papermill"], indirect=True)
def test_a_notebook_brings_its_last_words_or_its_error(place: Place) -> None:
    bench = place.bench()
    done = contract.finished(bench, contract.executed(bench, bench.make(), contract.planned(bench)))
    assert done.summary == "forecast.ipynb succeeded: forecast for $(id) '; x written"
    bad = place.bench(broken="yes")
    with pytest.raises(ConnectorError, match=r"ValueError: no rows for \$\(id\) '; x"):
        contract.finished(bad, contract.executed(bad, bad.make(), contract.planned(bad), "tocsin-bad-1"))


@pytest.mark.parametrize("place", ["dbt"], indirect=True)
def test_dbt_retries_what_failed_and_was_skipped(place: Place) -> None:
    broken, bench = place.make(True), place.bench()
    with pytest.raises(ConnectorError, match=r"dbt build: ended with code 1: .*Conver"):
        contract.finished(bench, contract.executed(bench, broken, contract.planned(bench)))
    retry = place.bench()
    retry.action = Action("r", ActionKind.RERUN, "orders", "dbt")
    plan = contract.planned(retry)
    assert plan.summary == "again what went wrong in the last run: 1 error, 1 skipped"
    assert isinstance(contract.finished(retry, contract.executed(retry, retry.make(), plan, "tocsin-retry-1")), Done)
    with pytest.raises(WorldChanged, match="dbt ran since the plan"):
        contract.executed(retry, retry.make(), plan, "tocsin-retry-2")
