"""Which settings make Tocsin look after the demo shop?"""

from pathlib import Path

from bot.actions.model import ActionKind
from bot.demo.pace import Pace
from bot.demo.shop import KEY, SERVICES
from bot.settings import ActionSettings, ConnectorSettings, DetectionSettings, ServiceSettings, Settings

CONNECTOR = "demo-shop"
VERIFY_WINDOWS = 9


def home_of(settings: Settings) -> Path:
    """Where the shop lives: its repository, its journal and what it has not delivered yet."""
    return (settings.data_dir / "estate").absolute()


def with_shop(settings: Settings, pace: Pace) -> Settings:
    """`settings` with the shop's services, its repository as connector, a deploy and a rollback for each service that
    is deployed from it, and detection at the demo's pace."""
    repository = str(home_of(settings) / "shop.git")
    connector = ConnectorSettings.model_validate({"type": "git", "repository": repository, "branch": "main"})
    services = {name: ServiceSettings(depends_on=service.depends_on) for name, service in SERVICES.items()}
    minute = pace.minute_s / 60
    detection = settings.detection.model_copy(
        update=DetectionSettings(
            window_s=pace.window_s,
            grace_s=min(5.0, pace.window_s / 4),
            learning_minutes=30 * minute,
            history_minutes=120 * minute,
        ).model_dump()
    )
    return settings.model_copy(
        update={
            "services": {**settings.services, **services},
            "connectors": {**settings.connectors, CONNECTOR: connector},
            "actions": {**settings.actions, **_actions(pace)},
            "detection": detection,
        }
    )


def _actions(pace: Pace) -> dict[str, ActionSettings]:
    return {
        f"{kind}-{service.name}": ActionSettings(
            kind=kind,
            service=service.name,
            connector=CONNECTOR,
            target={"file": service.file, "key": KEY},
            verify_minutes=VERIFY_WINDOWS * pace.window_s / 60,
        )
        for service in SERVICES.values()
        if service.is_deployed
        for kind in (ActionKind.DEPLOY, ActionKind.ROLLBACK)
    }
