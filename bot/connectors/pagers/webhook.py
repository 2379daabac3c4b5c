"""How does any other system wake people? It gets one JSON object an event, signed.

    {"event": "trigger" | "acknowledge" | "resolve", "key": "tocsin/INC-12/…", "incident": {…}, "link": "…"}

`X-Tocsin-Signature: v1=HEX` is the HMAC-SHA256 of the body with the secret. `Idempotency-Key` is equal when the same
event is sent again. Its way back is the HTTP API: POST /v1/incidents/INC-12/acknowledge.
"""

import hashlib
import hmac
import json
from typing import Any

from bot.connectors._web import Web, WebOptions
from bot.engine.calling_ports import PagerEvent
from bot.incidents.model import Incident
from bot.settings import PagerSettings

SIGNATURE = "X-Tocsin-Signature"


class Webhook:
    def __init__(self, name: str, section: PagerSettings) -> None:
        assert section.secret is not None
        self._secret = section.secret.get_secret_value()
        self._web = Web(f"pagers.{name}", WebOptions(url=section.url, timeout_s=section.timeout_s))
        self._web.keep_secret(self._secret)

    def tell(self, event: PagerEvent, incident: Incident, link: str) -> None:
        body = _said(event, incident, link)
        headers = {
            SIGNATURE: f"v1={signature(self._secret, json.dumps(body).encode())}",
            "Idempotency-Key": f"{event.key}/{event.action.value}",
        }
        self._web.answer("POST", "", body=body, headers=headers)


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _said(event: PagerEvent, incident: Incident, link: str) -> dict[str, Any]:
    return {
        "event": event.action.value,
        "key": event.key,
        "incident": {
            "key": incident.key,
            "service": incident.service,
            "title": incident.title,
            "severity": incident.severity.value,
            "state": incident.state.value,
            "began_at": incident.began_at.isoformat(),
            "opened_at": incident.opened_at.isoformat(),
            "acknowledged_by": incident.acknowledged_by,
            "resolved_by": incident.resolved_by,
        },
        "link": link,
    }
