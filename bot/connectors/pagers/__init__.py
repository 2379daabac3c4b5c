"""Which pagers are set up? One file a kind; `[pagers.NAME]` says which."""

from bot.connectors.pagers.pagerduty import PagerDuty
from bot.connectors.pagers.webhook import Webhook
from bot.engine.calling_ports import Pager
from bot.settings import Settings


def pagers_of(settings: Settings) -> dict[str, Pager]:
    made: dict[str, Pager] = {}
    for name, section in settings.pagers.items():
        made[name] = PagerDuty(name, section) if section.type == "pagerduty" else Webhook(name, section)
    return made
