"""Is a right file read, and a wrong one told what is wrong with it?"""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.errors import SettingsError
from bot.settings import (
    ActionSettings,
    EscalationSettings,
    EscalationStepSettings,
    FreezeSettings,
    HeartbeatSettings,
    OncallSettings,
    OverrideSettings,
    PagerSettings,
    ParameterSettings,
    PullSettings,
    RoleSettings,
    RotationSettings,
    ServiceSettings,
    Settings,
    SourceSettings,
    StepSettings,
    UptimeSettings,
    VerifySettings,
    load,
)
from bot.sources.mapping import Rules

EXAMPLE = Path(__file__).parents[2] / "tocsin.example.toml"


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "tocsin.toml"
    file.write_text(text)
    return file


def test_without_a_file_the_defaults_hold() -> None:
    settings = load(None, {})
    assert settings.database_url == "sqlite:///.tocsin/tocsin.db"
    assert settings.slack.operators == ()


def test_the_example_is_right_and_shows_the_defaults() -> None:
    shown, defaults = load(EXAMPLE, {}), Settings()
    for section in ("slack", "http", "syslog", "logs", "detection", "incidents", "digest"):
        assert getattr(shown, section) == getattr(defaults, section), section


def test_every_setting_is_in_the_example() -> None:
    text = EXAMPLE.read_text()
    missing = [name for name in _names(Settings) if not re.search(rf"(^|\W){re.escape(name)}\s*(=|\])", text, re.M)]
    optional = {"people", "groups", "runbook", "owners", "services", "connectors", "actions", "target"}
    optional |= {"freezes", "roles", "parameters", "maintenance", "calendar", "reason"}
    optional |= {"watch", "prometheus", "databases", "series", "checks"}
    optional |= {"sources", "heartbeats", "uptime", "pull", "verify", "remedies"}
    optional |= {"oncall", "escalation", "pagers", "rotations", "overrides", "steps", "tickets"}
    assert set(missing) <= optional


def test_every_problem_is_named_with_its_place(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        [slack]
        chanel = "#x"
        [http]
        port = 99999
        [digest]
        timezone = "Mars/Olympus"
        [actions.a]
        kind = "explode"
        service = "s"
        connector = "c"
        """,
    )
    with pytest.raises(SettingsError) as wrong:
        load(file, {})
    problems = "\n".join(wrong.value.problems)
    assert "slack.chanel: there is no such setting" in problems
    assert "http.port: " in problems
    assert "digest.timezone: 'Mars/Olympus' is not a time zone" in problems
    assert "actions.a.kind: " in problems


def test_an_action_without_its_connector_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, '[actions.a]\nkind = "deploy"\nservice = "s"\nconnector = "nowhere"\n')
    with pytest.raises(SettingsError, match="no connector is called 'nowhere'"):
        load(file, {})


def test_secrets_come_from_the_environment_and_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-from-file\n")
    file = written(tmp_path, '[slack]\nbot_token = "file:token"\napp_token = "env:APP"\n')
    settings = load(file, {"APP": "xapp-1"})
    assert settings.slack.bot_token is not None
    assert settings.slack.bot_token.get_secret_value() == "xoxb-from-file"
    assert "xapp-1" not in repr(settings)
    with pytest.raises(SettingsError, match=r"slack\.app_token: the environment variable APP is not set"):
        load(file, {})


def test_the_usual_variables_fill_what_the_file_leaves_out(tmp_path: Path) -> None:
    environment = {"SLACK_BOT_TOKEN": "xoxb-1", "DATABASE_URL": "postgresql://h/d", "PORT": "9000"}
    settings = load(written(tmp_path, '[http]\nhost = "0.0.0.0"\n'), environment)
    assert settings.http.port == 9000
    assert settings.http.host == "0.0.0.0"
    assert settings.database_url == "postgresql://h/d"


@pytest.mark.parametrize("text", ["[slack\n", "\x00", "a = b"])
def test_what_is_no_toml_is_said_with_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=re.escape("tocsin.toml")):
        load(written(tmp_path, text), {})


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        load(tmp_path / "none.toml", {})


def _names(model: type[BaseModel]) -> list[str]:
    names: list[str] = []
    for name, field in model.model_fields.items():
        names.append(name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += _names(field.annotation)
    if model is Settings:
        sections = (ServiceSettings, ActionSettings, StepSettings, ParameterSettings, RoleSettings, FreezeSettings)
        named = (SourceSettings, HeartbeatSettings, UptimeSettings, PullSettings, VerifySettings)
        oncall = (OncallSettings, RotationSettings, OverrideSettings)
        calling = (EscalationSettings, EscalationStepSettings, PagerSettings)
        names += [name for section in (*sections, *named, *oncall, *calling) for name in section.model_fields]
        names += [field.name for field in fields(Rules)]
    return names


@pytest.mark.parametrize(
    ("verify", "said"),
    [
        ('check = "x"\nurl = "https://x"', "say one of: query with its source, check, url"),
        ('query = "up"\nvalue_min = 1', "a query needs a source"),
        ('query = "up"\nsource = "main"', "say what the query's value may be"),
        ('query = "up"\nsource = "main"\nvalue_min = 1', "there is no 'main' under"),
        ('check = "orders"', "there is no 'orders' under"),
    ],
)
def test_a_check_of_an_action_says_what_it_is(tmp_path: Path, verify: str, said: str) -> None:
    action = '[connectors.c]\ntype = "git"\n[actions.a]\nkind = "deploy"\nservice = "s"\nconnector = "c"\n'
    with pytest.raises(SettingsError, match=said):
        load(written(tmp_path, f"{action}[actions.a.verify]\n{verify}\n"), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("step_up = true", "say where its key is: policy.step_up_key"),
        ('step_up = true\napprovals = 0\n[policy]\nstep_up_key = "%s"' % ("k" * 32), "somebody who says yes"),
        ('[policy]\nstep_up_key = "short"', "policy.step_up_key"),
        ('[remedies.r]\nservices = ["x"]\naction = "b"', "remedies.r.action: no action is called 'b' (a)"),
        ('[remedies.r]\naction = "a"', "say what it is for"),
        ('[remedies.r]\nkinds = ["alert"]\naction = "a"\nparameters = {h = "{entity.host}"}', "comes from log lines"),
        (
            '[remedies.r]\nservices = ["x"]\naction = "a"\nparameters = {v = "{who}"}',
            "{who} is nothing that an incident",
        ),
    ],
)
def test_remedies_and_second_factors_say_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    action = '[connectors.c]\ntype = "http"\n[actions.a]\nkind = "call"\nservice = "x"\nconnector = "c"\n'
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, action + text), {})
    assert said in "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("written_down", "said"),
    [
        ("[oncall.shop]", "say who takes turns"),
        ('[oncall.shop]\ncalendar = "<html>"', "no iCalendar text"),
        ('[[oncall.shop.rotations]]\npeople = ["ana"]\nstarts = 2026-11-16', "should match pattern"),
        ('[[escalation.shop.steps]]\nschedule = "shop"', "there is no schedule called 'shop' (none is set up)"),
        ('[[escalation.shop.steps]]\npager = "x"', "there is no pager called 'x'"),
        ('[[escalation.shop.steps]]\nperson = "U1"\nchannel = "#x"', "say one of: schedule, person"),
        ('[pagers.main]\ntype = "pagerduty"', "say where PagerDuty's integration key is"),
        ('[pagers.main]\ntype = "webhook"\nurl = "https://x"', "a webhook needs its url, and a secret"),
        ('[oncall.a]\ncalendar = "https://x/a.ics"\n[[oncall.a.overrides]]\nperson = "U1"\n'
         "since = 2026-11-16T09:00:00\nuntil = 2026-11-16T08:00:00", "until has to be after since"),
    ],
)  # fmt: skip
def test_who_is_asked_is_checked(tmp_path: Path, written_down: str, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(written(tmp_path, written_down + "\n"), {})


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ('key = "id"\ntitel = "name"', "sources.mine.map.titel: there is no such setting"),
        ('key = "id"', "sources.mine.map.title: Field required"),
        ('key = "id["\ntitle = "name"', "'id[' is no JMESPath expression"),
        ('key = "id"\ntitle = "name"\nseverities = {High = "bad"}', "'critical', 'major', 'minor' or 'info'"),
    ],
)
def test_a_mapping_that_cannot_be_is_told_where(tmp_path: Path, mapping: str, said: str) -> None:
    path = tmp_path / "tocsin.toml"
    path.write_text(f'[sources.mine]\ntype = "mapping"\n[sources.mine.map]\n{mapping}\n')
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(path, {})
