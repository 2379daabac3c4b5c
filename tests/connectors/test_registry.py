"""Does the registry load what is configured, and say in words what is wrong?"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.actions.model import ActionKind
from bot.connectors import MEANT_FOR, executors, known_types, missing_connectors
from bot.connectors.git.executor import GitExecutor
from bot.errors import SettingsError
from bot.settings import Settings

TARGET = {"file": "services/checkout.yaml", "key": "image.tag"}


def _settings(connector: dict[str, Any], **action: Any) -> Settings:
    actions = {}
    if action:
        actions = {"fix": {"kind": "rollback", "service": "checkout", "connector": "shop", "target": TARGET} | action}
    return Settings.model_validate({"connectors": {"shop": connector}, "actions": actions})


def test_every_configured_connector_gets_its_executor(tmp_path: Path) -> None:
    made = executors(_settings({"type": "git", "repository": str(tmp_path)}, kind="deploy"))
    assert {name: type(executor) for name, executor in made.items()} == {"shop": GitExecutor}
    assert executors(Settings()) == {}


@pytest.mark.parametrize(
    ("connector", "action", "words"),
    [
        (
            {"type": "argo"},
            {},
            "connectors.shop.type: there is no connector of type 'argo'; there are: " + ", ".join(known_types()),
        ),
        ({"type": "git"}, {}, "connectors.shop.repository: say which"),
        ({"type": "git", "repository": "x", "brunch": "y"}, {}, "connectors.shop.brunch: there is no such setting"),
        (
            {"type": "git", "repository": "x", "branch": "a..b"},
            {},
            "connectors.shop.branch: 'a..b' is not the name of a branch",
        ),
        (
            {"type": "git", "repository": "x"},
            {"target": {"file": "a.yaml"}},
            "actions.fix.target.key: say which",
        ),
        (
            {"type": "git", "repository": "x"},
            {"target": {**TARGET, "fiel": "y"}},
            "actions.fix.target.fiel: there is no such setting",
        ),
        (
            {"type": "git", "repository": "x"},
            {"kind": "rerun"},
            "actions.fix.connector: 'shop' is of type git, which does deploy, model_promote, model_rollback, rollback; "
            "rerun needs a connector of type airflow",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_path(connector: dict[str, Any], action: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        executors(_settings(connector, **action))
    assert caught.value.problems == (words,)


def test_everything_wrong_is_told_at_once() -> None:
    settings = Settings.model_validate({"connectors": {"a": {"type": "git"}, "b": {"type": "nope"}}})
    with pytest.raises(SettingsError) as caught:
        executors(settings)
    assert len(caught.value.problems) == 2


def test_a_kind_that_nothing_does_names_the_connector_it_misses() -> None:
    assert missing_connectors(Settings()) == dict(MEANT_FOR)
    with_git = missing_connectors(_settings({"type": "git", "repository": "x"}))
    by_git = {ActionKind.DEPLOY, ActionKind.ROLLBACK, ActionKind.MODEL_PROMOTE, ActionKind.MODEL_ROLLBACK}
    assert set(with_git) == set(ActionKind) - by_git
    assert with_git[ActionKind.RERUN] == "airflow"


def test_only_configured_connectors_are_imported() -> None:
    code = "import sys, bot.connectors as c; from bot.settings import Settings; c.executors(Settings()); " + (
        "assert not [m for m in sys.modules if m.startswith('bot.connectors.')], sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_type_is_never_a_way_out_of_the_folder() -> None:
    for type_ in ("git.command", "..settings", "__init__", "os"):
        with pytest.raises(SettingsError, match="there is no connector of type"):
            executors(_settings({"type": type_, "repository": "x"}))
