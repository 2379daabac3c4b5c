"""Does what docs/oncall.md shows work as it stands there?"""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import load

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "oncall.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tocsin.toml").write_text(EXAMPLES[0])
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["oncall", *words])
    return done.exit_code, done.output


def test_the_example_is_right_and_somebody_is_always_on_call(here: Path) -> None:
    assert run("check") == (0, "There is always somebody for the next 30 days, and everybody can be asked.\n")
    code, said = run("who", "--at", "2026-11-24T12:00Z", "--json")
    line = json.loads(said)["schedules"][0]
    assert (code, line["now"][0]["person"], line["next"][0]["person"]) == (0, "U0BEN", "U0CAT")
    assert line["now"][0]["until"] == "2026-11-30T08:00:00+00:00"
    assert "shop: U0BEN until 2026-11-30 08:00" in run("who", "--at", "2026-11-24T12:00Z")[1]


def test_shifts_are_listed_with_what_is_missing(here: Path) -> None:
    code, said = run("shifts", "shop", "--since", "2025-12-29", "--days", "14", "--json")
    found = json.loads(said)
    assert code == 0
    assert [shift["person"] for shift in found["shifts"]] == ["U0ANA"]
    assert found["gaps"] == [{"since": "2025-12-29T00:00:00+00:00", "until": "2026-01-05T08:00:00+00:00"}]
    assert "nobody" in run("shifts", "shop", "--since", "2025-12-29")[1]


def test_what_is_wrong_is_named(here: Path) -> None:
    wrong = EXAMPLES[0].replace('"U0ANA", "U0BEN", "U0CAT"]   #', '"U0ANA"]   #')
    wrong = wrong.replace(
        'timezone = "Europe/Berlin"', 'timezone = "Europe/Berlin"\ncalendar = "http://127.0.0.1:9/x.ics"'
    )
    (here / "tocsin.toml").write_text(wrong + '\n[pagers.main]\ntype = "pagerduty"\nrouting_key = "k"\n')
    code, said = run("check", "--json")
    assert code == 1
    kinds = [finding["kind"] for finding in json.loads(said)]
    assert kinds == ["may_not_act", "may_not_act", "calendar", "pager_not_used", "one_way"]


def test_the_pager_s_example_is_right(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text("\n".join(EXAMPLES))
    settings = load(file, {"PAGERDUTY_KEY": "k", "PAGERDUTY_SECRET": "s"})
    assert settings.pagers["main"].people == {"PANA123": "U0ANA"}
    assert settings.sources["pagerduty"].secret is not None
