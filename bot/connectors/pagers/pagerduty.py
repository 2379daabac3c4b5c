"""How does PagerDuty wake people? By its Events API v2: trigger, acknowledge and resolve under one `dedup_key`.

https://developer.pagerduty.com/docs/events-api-v2/overview/ (202 accepted, 400 never again, 429 and 5xx later). An
event sent twice takes effect once there.
"""

from typing import Any

from bot.connectors._web import Web, WebOptions
from bot.engine.calling_ports import PagerEvent, Told
from bot.incidents.model import Incident
from bot.settings import PagerSettings
from bot.signals.severity import Severity

SUMMARY_MAX = 1_024
_SEVERITY = {
    Severity.CRITICAL: "critical",
    Severity.MAJOR: "error",
    Severity.MINOR: "warning",
    Severity.INFO: "info",
}


class PagerDuty:
    def __init__(self, name: str, section: PagerSettings) -> None:
        assert section.routing_key is not None
        self._routing_key = section.routing_key.get_secret_value()
        self._web = Web(f"pagers.{name}", WebOptions(url=section.address, timeout_s=section.timeout_s))
        self._web.keep_secret(self._routing_key)

    def tell(self, event: PagerEvent, incident: Incident, link: str) -> None:
        body: dict[str, Any] = {
            "routing_key": self._routing_key,
            "event_action": event.action.value,
            "dedup_key": event.key,
        }
        if event.action is Told.TRIGGER:
            body |= _what_is_wrong(incident, link)
        self._web.send("POST", "", body=body)


def _what_is_wrong(incident: Incident, link: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "client": "Tocsin",
        "payload": {
            "summary": f"{incident.key} {incident.service}: {incident.title}"[:SUMMARY_MAX],
            "source": incident.service,
            "severity": _SEVERITY[incident.severity],
            "timestamp": incident.began_at.isoformat(),
            "component": incident.service,
            "custom_details": {"incident": incident.key, "severity": incident.severity.value},
        },
    }
    if link:
        said |= {"client_url": link, "links": [{"href": link, "text": incident.key}]}
    return said
