"""Do the demo's settings fit Tocsin: its connectors load, its actions plan, its pace suits its past?"""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import executors
from bot.demo.cli import demo_settings
from bot.demo.configuration import CONNECTOR
from bot.demo.pace import Pace
from bot.demo.shop import SERVICES
from bot.engine.catalogue import Catalogue
from bot.errors import Refused
from bot.settings import DetectionSettings, ServiceSettings, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return demo_settings(Settings(data_dir=tmp_path / "data"), Pace())


def test_every_action_of_the_demo_can_be_planned(settings: Settings) -> None:
    [git] = executors(settings).values()
    assert set(settings.actions) == {
        f"{kind}-{service}" for kind in ("deploy", "rollback") for service in ("web", "checkout", "payments")
    }
    for name, section in settings.actions.items():
        action = Action(name, section.kind, section.service, section.connector, section.target)
        plan = git.plan(action, {"version": "9.9.9"} if section.kind is ActionKind.DEPLOY else {})
        assert plan.before == SERVICES[section.service].past[-1][0]
        expected = "9.9.9" if section.kind is ActionKind.DEPLOY else SERVICES[section.service].past[-2][0]
        assert plan.after == expected
        assert section.approvals == 1


def test_the_demo_adds_to_what_is_set_and_takes_nothing_away(tmp_path: Path) -> None:
    mine = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "services": {"billing": {"depends_on": ()}},
            "connectors": {"mine": {"type": "git", "repository": "x"}},
            "slack": {"channel": "#ops"},
        }
    )
    both = demo_settings(mine, Pace())
    assert both.services["billing"] == ServiceSettings()
    assert set(both.connectors) == {"mine", CONNECTOR}
    assert both.slack.channel == "#ops"
    assert Settings.model_validate(both.model_dump()) == both


def test_services_know_what_they_depend_on(settings: Settings) -> None:
    assert settings.services["web"].depends_on == ("checkout",)
    assert settings.services["checkout"].depends_on == ("payments",)


@pytest.mark.parametrize("pace", [Pace(), Pace(window_s=5), Pace(window_s=1)])
def test_the_past_the_shop_sends_is_long_enough_to_have_learnt(tmp_path: Path, pace: Pace) -> None:
    detection = demo_settings(Settings(data_dir=tmp_path), pace).detection
    assert isinstance(detection, DetectionSettings)
    assert timedelta(minutes=detection.learning_minutes) < pace.past
    assert timedelta(minutes=detection.history_minutes) <= pace.past
    assert timedelta(minutes=detection.history_minutes) / detection.window == 360
    assert detection.grace_s < detection.window_s


def test_making_it_twice_keeps_the_repository(settings: Settings) -> None:
    head = (settings.data_dir / "estate" / "shop.git" / "refs" / "heads" / "main").read_text()
    again = demo_settings(Settings(data_dir=settings.data_dir), Pace())
    assert again == settings
    assert (settings.data_dir / "estate" / "shop.git" / "refs" / "heads" / "main").read_text() == head


def test_kinds_that_the_demo_cannot_do_name_what_they_miss(settings: Settings) -> None:
    catalogue = Catalogue(settings, executors(settings))
    for kind, connector in ((ActionKind.RERUN, "airflow"), (ActionKind.MODEL_ROLLBACK, "mlflow")):
        with pytest.raises(Refused, match=connector):
            catalogue.choose(kind, "checkout")
    assert {kind for kind in ActionKind if catalogue.of_kind(kind)} == {ActionKind.DEPLOY, ActionKind.ROLLBACK}
