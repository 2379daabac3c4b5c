"""Is a program run once, by its arguments alone, within its bounds, and without telling a secret?"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.actions.model import Action, ActionKind, Done
from bot.actions.parameters import Parameter
from bot.connectors import command
from bot.connectors.command import OUTPUT_KB_MAX, CommandExecutor
from bot.errors import ConnectorError

KEY = "tocsin-run-7-0badcafe-1"
PROGRAM = """
import json, os, pathlib, sys
done = pathlib.Path(sys.argv[1])
if sys.argv[2:3] == ["--was-done"]:
    sys.exit(0 if (done / sys.argv[3]).exists() else 3)
(done / os.environ["TOCSIN_KEY"]).write_text(json.dumps([sys.argv[2:], dict(os.environ)]))
print("flushed", *sys.argv[2:])
"""
HOSTILE = ["; rm -rf /", "$(id)", "`id`", "a b", "../../etc/passwd", "{key}", "{{7*7}}", "<!channel>", "'\"", "*"]
Make = Callable[..., CommandExecutor]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(program: str = PROGRAM, **options: Any) -> CommandExecutor:
        script = tmp_path / "program.py"
        script.write_text(program)
        argv = [sys.executable, str(script), str(tmp_path), "{queue}"]
        return command.executor("flush", {"argv": argv, **options})

    return make


def action(*more: Parameter) -> Action:
    return Action("flush", ActionKind.COMMAND, "orders", "flush", parameters=(Parameter("queue"), *more))


def run(executor: CommandExecutor, queue: str = "orders", **parameters: str) -> Done:
    plan = executor.plan(action(), {"queue": queue})
    return executor.execute(KEY, action(), {"queue": queue, **parameters}, plan)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_is_typed_stays_one_argument(make: Make, tmp_path: Path, hostile: str) -> None:
    assert run(make(), hostile).summary == f"flushed {hostile}"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["program.py", KEY])


def test_what_is_typed_cannot_become_an_option(make: Make) -> None:
    with pytest.raises(ConnectorError, match="would be an option"):
        run(make(), "--all")


def test_a_plan_runs_nothing_and_shows_the_command(make: Make, tmp_path: Path) -> None:
    plan = make().plan(action(), {"queue": "a b"})
    assert plan.commands[0].endswith(f"{tmp_path} 'a b'")
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


def test_what_was_done_before_a_crash_is_found(make: Make, tmp_path: Path) -> None:
    executor = make(find=[sys.executable, str(tmp_path / "program.py"), str(tmp_path), "--was-done", "{key}"])
    assert executor.find(KEY, action()) is None
    run(executor)
    assert executor.find(KEY, action()) is not None


def test_what_cannot_be_asked_is_left_to_people(make: Make) -> None:
    with pytest.raises(ConnectorError, match="may or may not have run") as caught:
        make().find(KEY, action())
    assert caught.value.permanent


def test_the_program_sees_only_the_environment_it_is_given(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    secret = Parameter("token", fixed="s3cr3t-value", secret=True)
    executor = make(environment={"REGION": "eu"})
    told = {"queue": "orders", "token": "s3cr3t-value"}
    executor.execute(KEY, action(secret), told, executor.plan(action(), {"queue": "orders"}))
    seen = (tmp_path / KEY).read_text()
    assert "xoxb-secret" not in seen
    assert '"TOCSIN_PARAMETER_TOKEN": "s3cr3t-value"' in seen
    assert '"REGION": "eu"' in seen


def test_a_program_that_takes_too_long_is_ended_with_all_it_started(make: Make, tmp_path: Path) -> None:
    child = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(tmp_path / 'late')!r}).touch()"
    program = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)"
    began = time.monotonic()
    with pytest.raises(ConnectorError, match=r"took longer than 0\.5 s and was ended"):
        run(make(program, timeout_s=0.5))
    assert time.monotonic() - began < 5
    time.sleep(1.3)
    assert not (tmp_path / "late").exists()


def test_endless_output_is_cut_and_its_end_is_told(make: Make) -> None:
    program = f"import sys\nfor n in range({OUTPUT_KB_MAX * 40}): print('x' * 100, n)\nsys.exit('it broke at the end')"
    with pytest.raises(ConnectorError) as caught:
        run(make(program))
    assert "ended with code 1" in str(caught.value)
    assert str(caught.value).endswith("it broke at the end")
    assert len(str(caught.value)) < 500


def test_a_secret_that_the_program_prints_is_not_told(make: Make) -> None:
    program = "import os\nprint('token is', os.environ['TOKEN'])"
    assert run(make(program, environment={"TOKEN": "hunter2hunter2"})).summary == "token is ***"


@pytest.mark.parametrize("argv", [["flush"], ["/opt/{queue}"], [], ["./x"]])
def test_the_program_itself_is_never_a_parameter(argv: list[str]) -> None:
    with pytest.raises(ValidationError):
        command.executor("flush", {"argv": argv})


def test_a_program_that_is_not_there_is_said() -> None:
    executor = command.executor("flush", {"argv": ["/no/such/program"]})
    with pytest.raises(ConnectorError, match="/no/such/program cannot be run: No such file"):
        executor.execute(KEY, action(), {}, executor.plan(action(), {}))
    assert os.path.sep in executor.plan(action(), {}).commands[0]
