"""Do the connectors that run a program keep the contract, with real processes, also when the worker is killed?"""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.actions.model import Done, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._processes import ProcessExecutor
from bot.errors import ConnectorError, InputError
from tests.connectors import bench_programs
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench
from tests.connectors.fake_programs import effects

KEY = contract.KEY
PATIENCE_S = 20.0


@pytest.fixture(params=bench_programs.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(contract, "FOLLOWED_MAX", 400)
    return bench_programs.bench(name, tmp_path)


test_a_plan_changes_nothing = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_a_run_has_its_effect = contract.test_a_run_has_its_effect
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_done_is_found = contract.test_what_was_not_done_is_not_found_and_what_was_is
test_a_world_that_moved_is_left_alone = contract.test_a_world_that_moved_since_the_plan_is_left_alone
test_nothing_has_a_secret = contract.test_nothing_that_is_stored_or_shown_has_a_secret


@pytest.mark.parametrize("name", ["ansible", "dbt-build"], indirect=True)
def test_a_worker_that_is_killed_at_any_step_leaves_one_effect(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.connectors.killed_worker", name, str(tmp_path), KEY]
    said = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    workers = int(said.stdout)
    assert workers > 4
    for number in range(workers):
        bench = bench_programs.bench(name, tmp_path / str(number))
        contract.taken_over(bench, contract.planned(bench))
        assert bench.effects() == 1, f"killed at step {number}"


def begun(bench: Bench, tmp_path: Path) -> tuple[Started, ProcessExecutor]:
    """It runs, and is held."""
    (tmp_path / "hold").touch()
    executor = bench.make()
    assert isinstance(executor, ProcessExecutor)
    started = contract.executed(bench, executor, contract.planned(bench))
    assert isinstance(started, Started)
    until = time.monotonic() + PATIENCE_S
    while not effects(tmp_path) and time.monotonic() < until:
        time.sleep(0.02)
    return started, executor


def test_what_goes_on_can_be_stopped_and_stopping_twice_does_no_harm(bench: Bench, tmp_path: Path) -> None:
    started, executor = begun(bench, tmp_path)
    assert isinstance(executor.follow(started, bench.action), Progress)
    executor.cancel(started, bench.action)
    executor.cancel(started, bench.action)
    with pytest.raises(ConnectorError, match="it was stopped") as caught:
        executor.follow(started, bench.action)
    assert caught.value.permanent
    assert bench.effects() == 1


def test_a_program_that_fails_says_why(bench: Bench, name: str, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    words = {
        "dbt-build": r"dbt build: ended with code 1: .*Could not convert string 'x' to INT32",
        "dbt-retry": r"dbt retry: ended with code 1: .*Could not convert string 'x' to INT32",
        "papermill": r"forecast.ipynb: ended with code 1: ValueError: no rows for .*\(in: print\('forecast for'",
        "ansible": r"site.yml: ended with code 2: localhost: the cache refused it",
    }
    with pytest.raises(ConnectorError, match=words[name]):
        contract.finished(bench, contract.executed(bench, bench.make(), contract.planned(bench)))


@pytest.mark.parametrize("name", ["dbt-build"], indirect=True)
def test_a_supervisor_that_is_killed_is_never_taken_for_a_success(bench: Bench, tmp_path: Path) -> None:
    started, executor = begun(bench, tmp_path)
    supervisor = (tmp_path / "runs" / KEY / "claim").read_text()
    subprocess.run(["kill", "-9", supervisor], check=True)
    (tmp_path / "hold").unlink()
    with pytest.raises(ConnectorError, match="it was cut off") as caught:
        contract.finished(bench, started)
    assert caught.value.permanent
    assert isinstance(executor.find(KEY, bench.action), Started)
    assert bench.effects() == 1


@pytest.mark.parametrize("name", ["papermill", "ansible"], indirect=True)
def test_a_secret_parameter_is_refused_for_it_would_be_kept_in_a_file(bench: Bench) -> None:
    bench.action = replace(bench.action, parameters=(Parameter("day", fixed="s3cr3t", secret=True),))
    with pytest.raises(ConnectorError, match="day is a secret, and would be kept in a file"):
        contract.planned(bench)


@pytest.mark.parametrize("name", ["papermill"], indirect=True)
def test_a_notebooks_last_words_are_told(bench: Bench) -> None:
    done = contract.finished(bench, contract.executed(bench, bench.make(), contract.planned(bench)))
    assert isinstance(done, Done)
    assert done.summary == "forecast.ipynb succeeded: forecast for $(id) '; rm -rf / written"


@pytest.mark.parametrize("name", ["papermill"], indirect=True)
def test_a_notebook_that_is_half_written_is_looked_at_again_later(bench: Bench, tmp_path: Path) -> None:
    started, executor = begun(bench, tmp_path)
    (tmp_path / "runs" / KEY / "notebook.ipynb").write_text('{"cells": [')
    seen = executor.follow(started, bench.action)
    assert isinstance(seen, Progress)
    assert seen.total == 0
    (tmp_path / "hold").unlink()
    contract.finished(bench, started)


@pytest.mark.parametrize("name", ["ansible"], indirect=True)
def test_the_plan_of_a_playbook_is_its_check_run_and_values_are_never_templates(bench: Bench, tmp_path: Path) -> None:
    plan = contract.planned(bench)
    assert plan.summary == "site.yml: 1 changes on 1 hosts"
    assert "-1.4.1\n+1.4.2" in plan.diff
    assert "Gathering" not in plan.diff
    contract.finished(bench, contract.executed(bench, bench.make(), plan))
    assert effects(tmp_path)[-1] == "version: !unsafe \"{{ lookup('pipe', 'id') }}\""


@pytest.mark.parametrize("name", ["dbt-retry"], indirect=True)
def test_a_retry_needs_something_that_failed(bench: Bench, tmp_path: Path) -> None:
    assert contract.planned(bench).summary == "again what went wrong in the last run: 1 error, 1 skipped"
    results = tmp_path / "target" / "run_results.json"
    results.write_text('{"metadata": {}, "results": [{"status": "success"}]}')
    with pytest.raises(InputError, match="nothing failed"):
        contract.planned(bench)
    results.unlink()
    with pytest.raises(ConnectorError, match="there is nothing to run again"):
        contract.planned(bench)


def test_a_program_that_is_not_there_is_said(bench: Bench, name: str, tmp_path: Path) -> None:
    plan = contract.planned(bench)
    program = next(path for path in tmp_path.iterdir() if path.name in ("dbt", "papermill", "ansible-playbook"))
    program.unlink()
    with pytest.raises(ConnectorError, match="it cannot be run: No such file"):
        contract.finished(bench, contract.executed(bench, bench.make(), plan))
