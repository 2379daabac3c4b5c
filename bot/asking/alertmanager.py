"""Which silences and alerts does an Alertmanager have? Its API v2, as 0.25 serves it.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
import msgspec

from bot.asking.answered import Asked
from bot.settings import SourceSettings
from bot.sources.alertmanager import decode
from bot.sources.model import Posted
from bot.sources.received import at_path, labels, moment, objects, text
from bot.sources.silencing import AlertThere, Label, SilenceThere

SILENCES, SILENCE, ALERTS = "api/v2/silences", "api/v2/silence", "api/v2/alerts"
MOST = 10_000


class AlertmanagerSilences:
    def __init__(self, name: str, settings: SourceSettings, client: httpx.Client) -> None:
        self._name, self._settings, self._asked = name, settings, Asked(f"sources.{name}", client)

    def silences(self) -> list[SilenceThere]:
        found = (_silence(item) for _, item in objects(self._asked.get_list(SILENCES, {}), most=MOST))
        return [silence for silence in found if silence is not None]

    def alerts(self, now: datetime) -> list[AlertThere]:
        told = self._asked.get_list(ALERTS, dict.fromkeys(("active", "silenced", "inhibited", "unprocessed"), "true"))
        return [alert for _, item in objects(told, most=MOST) for alert in self._alert(item, now)]

    def make(self, silence: SilenceThere) -> str:
        made = self._asked.post(
            SILENCES,
            {
                "matchers": [
                    {"name": one.name, "value": one.value, "isRegex": one.is_regex, "isEqual": one.is_equal}
                    for one in silence.labels
                ],
                "startsAt": silence.since.isoformat(),
                "endsAt": silence.until.isoformat(),
                "createdBy": silence.by,
                "comment": silence.reason,
            },
        )
        return text(made, "silenceID")

    def end(self, copy_id: str) -> None:
        self._asked.delete(f"{SILENCE}/{copy_id}")

    def _alert(self, item: Mapping[str, Any], now: datetime) -> list[AlertThere]:
        """As its webhook would tell it; none when that could not be read either."""
        body = msgspec.json.encode({"alerts": [{**item, "status": "firing"}]})
        heard = decode(Posted(body, {}, now, {"name": self._name}, self._settings.service))
        silenced_by = at_path(item, "status", "silencedBy")
        ids = tuple(filter(None, map(text, silenced_by))) if isinstance(silenced_by, list) else ()
        return [AlertThere(signal, labels(item, "labels"), ids) for signal in heard.signals]


def _silence(item: Mapping[str, Any]) -> SilenceThere | None:
    since, until = moment(item, "startsAt"), moment(item, "endsAt")
    if since is None or until is None or not text(item, "id"):
        return None
    found = tuple(
        Label(text(one, "name"), text(one, "value"), one.get("isRegex") is True, one.get("isEqual") is not False)
        for _, one in objects(item, "matchers")
    )
    is_over = text(item, "status", "state") == "expired"
    return SilenceThere(text(item, "id"), found, text(item, "createdBy"), text(item, "comment"), since, until, is_over)
