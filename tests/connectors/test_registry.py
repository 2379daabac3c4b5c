"""Does the registry load what is configured, and say in words what is wrong?"""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.connectors import EXTRAS, executors, known_types
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


def test_only_configured_connectors_are_imported() -> None:
    code = "import sys, bot.connectors as c; from bot.settings import Settings; c.executors(Settings()); " + (
        "assert not [m for m in sys.modules if m.startswith('bot.connectors.')], sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_library_that_is_missing_is_said_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("botocore", "bot.connectors.sagemaker", "bot.connectors._aws"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(SettingsError) as caught:
        executors(Settings.model_validate({"connectors": {"aws": {"type": "sagemaker", "region": "eu-central-1"}}}))
    assert caught.value.problems[0].endswith("which is not installed: pip install 'tocsin[aws]'")


def test_every_extra_is_one_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
    assert set(EXTRAS) <= set(known_types())


def test_a_type_is_never_a_way_out_of_the_folder() -> None:
    for type_ in ("git.command", "..settings", "__init__", "os"):
        with pytest.raises(SettingsError, match="there is no connector of type"):
            executors(_settings({"type": type_, "repository": "x"}))
