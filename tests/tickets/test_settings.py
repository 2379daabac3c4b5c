"""Is what docs/tickets.md shows right, and is every mistake named with its place?"""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.connectors import desks
from bot.errors import SettingsError
from bot.settings import Settings, load
from tests.tickets.office import settings_of

DOCUMENTED = Path(__file__).parents[2] / "docs" / "tickets.md"
URL = "https://there.example"


def test_the_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "tocsin.toml"
    file.write_text(example)
    settings = load(file, {"JIRA_API_TOKEN": "t"})
    assert set(desks(settings)) == {"ops"}
    assert settings.tickets["ops"].opened == "by_itself"


def test_without_a_section_there_is_none() -> None:
    assert desks(Settings()) == {}


@pytest.mark.parametrize(
    ("kind", "section", "said"),
    [
        ("jira", {"target": {}}, "tickets.ops.target.project: say which"),
        ("statuspage", {"title": ""}, "tickets.ops.title: customers read it"),
        ("statuspage", {"text": "{template} fails"}, "tickets.ops.text: customers read it"),
        ("statuspage", {"comments": ["updates", "steps"]}, 'only "updates"'),
    ],
)
def test_what_cannot_be_is_said_with_its_place(kind: str, section: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        desks(Settings.model_validate(settings_of(kind, URL, **section)))
    assert said in "\n".join(wrong.value.problems)


@pytest.mark.parametrize(
    ("type_", "said"), [("http", "which keeps no tickets; jira, servicenow, statuspage do"), ("pagerduty", "[pagers.")]
)
def test_only_a_system_that_keeps_tickets_is_taken(type_: str, said: str) -> None:
    given = settings_of("jira", URL) | {"connectors": {"there": {"type": type_, "url": URL}}}
    with pytest.raises(SettingsError, match=re.escape(said)):
        desks(Settings.model_validate(given))


@pytest.mark.parametrize(
    ("section", "said"),
    [({"connector": "nowhere"}, "no connector is called 'nowhere'"), ({"title": "{nobody}"}, "nothing is known as")],
)
def test_what_it_names_has_to_be_there(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings.model_validate(settings_of("jira", URL, **section))
