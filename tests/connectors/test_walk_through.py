"""Does the walk-through of docs/connectors.md work, word for word?"""

import importlib
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bot.connectors
from bot.actions.model import ActionKind, RunState
from bot.connectors import executors, known_types
from bot.engine.runs import Wish
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings, load
from tests.connectors import benches
from tests.connectors import test_contract as contract
from tests.connectors.benches import Bench, Opened

PAGE = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
WALK = PAGE.partition("## A connector in one file")[2]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", WALK, re.DOTALL)
MODULE, TOML, BENCH = (text for _, text in BLOCKS)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    (tmp_path / "flags.py").write_text(MODULE)
    monkeypatch.setattr(bot.connectors, "__path__", [*bot.connectors.__path__, str(tmp_path)])
    names: dict[str, Any] = dict(vars(benches))
    exec("from bot.connectors import flags\n" + BENCH, names)
    yield names["flags_call"]
    sys.modules.pop("bot.connectors.flags")
    vars(bot.connectors).pop("flags")


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


def test_the_page_has_a_module_its_settings_and_its_bench() -> None:
    assert [language for language, _ in BLOCKS] == ["python", "toml", "python"]


def test_it_passes_the_suite(opened: Opened) -> None:
    names = [name for name in vars(contract) if name.startswith("test_")]
    assert len(names) >= 10
    for name in names:
        test = getattr(contract, name)
        if "opened" in test.__code__.co_varnames:
            test(opened, "cut")
            continue
        faults = (500, 403, "half") if "fault" in test.__code__.co_varnames else (None,)
        for fault in faults:
            if "passed" in name and fault == 403:
                continue
            with opened() as bench:
                test(bench, fault) if fault else test(bench)


def test_it_works_from_the_settings_to_the_effect(bench: Bench) -> None:
    assert "flags" in known_types()
    values = tomllib.loads(TOML)
    values["connectors"]["flags"] |= {"url": bench.faulty.url, "token": "flag-token"}
    settings = Settings.model_validate(values | {"slack": {"operators": ["*"]}})
    engine = build_engine(settings, database_url="sqlite://", executors=executors(settings), team="T1")
    wish = Wish(ActionKind.CALL, "new-checkout", {"value": "off"})
    run = engine.runs.request(wish, Person("T1", "UANA"))
    assert run.plan.summary == "new-checkout on → off"
    engine.runs.approve(run.id, Person("T1", "UBEN"))
    assert engine.runs.work("w")
    assert engine.reading.run(run.id).run.state is RunState.VERIFYING
    assert bench.effects() == 1


WITH_EXTRAS = frozenset({"chef", "sagemaker"})


@pytest.mark.parametrize("type_", known_types())
def test_the_example_in_a_connectors_docstring_is_right(
    type_: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if type_ in WITH_EXTRAS:
        request.getfixturevalue("extras")
    page = str(importlib.import_module(f"bot.connectors.{type_}").__doc__)
    lines = [line for line in page[page.index("[connectors.") :].splitlines() if "file" not in line.split("=")[0]]
    text = "\n".join(itertools.takewhile(lambda line: not line or re.match(r"\s*[\[#]|\w+ = ", line), lines))
    text = re.sub(r'"file:[^"]*"', '"x"', text)
    (tmp_path / "tocsin.toml").write_text(text)
    settings = load(tmp_path / "tocsin.toml", dict.fromkeys(re.findall(r'"env:(\w+)"', text), "x"))
    assert set(executors(settings)) == set(settings.connectors)
    assert settings.actions


def test_every_connector_is_in_the_table_and_the_table_has_no_other() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) - {"type"}
    assert named == set(known_types())
