"""Is docs/sources.md what the registry says, and can each of its examples be loaded?"""

import ast
import configparser
import importlib.util
import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import Settings, load
from bot.sources.model import Example, Kind, Proof
from bot.sources.registry import BY_NAME, HOOKS, SOURCES
from tests.conftest import missing
from tests.sources.posting import FIXTURES, fixture

ROOT = Path(__file__).parents[2]
URL, TOKEN = "http://127.0.0.1:8321", "t0ken"
EXAMPLES = [(source.name, example) for source in SOURCES for example in source.examples]


def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_sources", ROOT / "docs" / "sources.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_page_is_what_the_registry_says() -> None:
    page = writer()
    assert page.page() == page.PAGE.read_text(encoding="utf-8"), "run: python docs/sources.py"


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[f"{n}-{e.shipper}" for n, e in EXAMPLES])
def test_every_example_can_be_loaded(name: str, example: Example, tmp_path: Path) -> None:
    text = example.text.replace("{url}", URL).replace("{token}", TOKEN)
    assert text.endswith("\n")
    if example.language == "yaml":
        assert list(YAML(typ="safe").load_all(text))
    elif example.language == "toml":
        Settings.model_validate(_without_secrets(tomllib.loads(text)))
    elif example.language == "json":
        json.loads(text)
    elif example.language == "python":
        ast.parse(text)
    elif example.language == "ini":
        configparser.ConfigParser(interpolation=None).read_string(text)
    elif example.language == "js":
        _node(text, tmp_path)
    elif example.language == "sh":
        subprocess.run(["bash", "-n"], input=text, text=True, check=True, timeout=10)
    else:
        assert example.language in ("river", "rsyslog", "syslog-ng", "logstash", "groovy")
        assert text.count("{") == text.count("}")


def _without_secrets(values: dict[str, dict[str, dict[str, object]]]) -> object:
    for section in values.get("sources", {}).values():
        if "secret" in section:
            section["secret"] = "s3cret"
    return values


def _node(text: str, folder: Path) -> None:
    if shutil.which("node") is None:
        missing("node is not installed")
    file = folder / "example.mjs"
    file.write_text(text)
    subprocess.run(["node", "--check", str(file)], check=True, capture_output=True, timeout=20)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_source_has_an_example_and_says_how_it_was_tried(source) -> None:  # type: ignore[no-untyped-def]
    assert source.examples
    assert source.about or source.kind is Kind.ALERTS
    for example in source.examples:
        told = example.text + example.note
        assert any(place in told for place in ("{url}", "5514", "6514", "8321", "[sources.")), example.shipper
        assert isinstance(example.proof, Proof)


@pytest.mark.parametrize("source", HOOKS, ids=lambda source: source.name)
def test_try_shows_what_would_be_heard(source, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings = tmp_path / "tocsin.toml"
    settings.write_text(
        '[sources.mine]\ntype = "mapping"\n[sources.mine.map]\nitems = "problems"\nkey = "id"\ntitle = "name"\n'
        'status = "state"\nended = ["OK"]\n'
    )
    name = "mine" if source.name == "mapping" else source.name
    headers = [part for key, value in source.fixture_headers.items() for part in ("--header", f"{key}: {value}")]
    command = ["sources", "try", name, str(FIXTURES / source.fixture), "--config", str(settings), *headers]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert told.output.split()[0] in ("signal", "ended", "change", "run", "figure")


def test_try_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    told = CliRunner().invoke(app, ["sources", "try", "alertmanager", str(tmp_path / "bad.json")])
    assert told.exit_code == 1
    assert "it is not JSON" in told.output
    told = CliRunner().invoke(app, ["sources", "try", "nagios", str(tmp_path / "bad.json")])
    assert "there is no source called 'nagios'" in told.output


def test_list_names_every_source() -> None:
    told = CliRunner().invoke(app, ["sources", "list"]).output
    for source in SOURCES:
        assert source.name in told


def test_the_ready_sources_of_the_example_settings_load() -> None:
    settings = load(ROOT / "tocsin.example.toml", {})
    assert {"github", "monitor"} <= set(settings.sources)
    assert fixture(BY_NAME["otlp"])
