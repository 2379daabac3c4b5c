"""As much of PagerDuty as Tocsin talks to: the Events API v2, each request held against its published schema, and the
webhooks v3 that follow from it. Made from their documentation; no real PagerDuty was there to compare it with."""

import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema

from tests.connectors.faulty import Answer, Asked

ROUTING_KEY = "737ea619db564d41bd9824063e1f6b08"
SECRET = "whsec_1f6b08"
INTEGRATION = {"id": "PINTEG1", "type": "service_reference", "summary": "Tocsin", "self": "https://x/services/PINTEG1"}
NEXT = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}


@dataclass
class FakePagerDuty:
    """`posted` are the webhooks that it has sent or has still to send: body and headers."""

    shared: Path
    now: Callable[[], datetime]
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    webhooks: list[tuple[bytes, Mapping[str, str]]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    wakes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        document = json.loads((self.shared / "specs" / "pagerduty-events-v2.json").read_text())
        body = document["paths"]["/enqueue"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        self._schema = jsonschema.Draft7Validator({**body, "components": document["components"]})
        self._numbers = itertools.count(1)

    def answer(self, asked: Asked) -> Answer:
        if (asked.method, asked.path) != ("POST", "/v2/enqueue"):
            return Answer(404)
        errors = [error.message for error in self._schema.iter_errors(asked.body)]
        event = asked.body
        if event.get("routing_key") != ROUTING_KEY:
            errors.append("Invalid routing key")
        if event["event_action"] == "trigger" and not event.get("payload"):
            errors.append("'payload' is missing or blank")
        if errors:
            return Answer(400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors})
        self.taken.append(event["event_action"])
        self._apply(event["dedup_key"], event["event_action"], event.get("payload") or {})
        return Answer(202, {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]})

    def _apply(self, key: str, action: str, payload: Mapping[str, Any]) -> None:
        known = self.incidents.get(key)
        if action == "trigger":
            if known is None or known["status"] == "resolved":
                number = next(self._numbers)
                self.incidents[key] = {"id": f"PINC{number}", "status": "triggered", "title": payload["summary"]}
                self.wakes.append(key)
                self._post(key, "incident.triggered", INTEGRATION)
        elif known is not None and known["status"] not in ("resolved", NEXT[action]):
            known["status"] = NEXT[action]
            self._post(key, f"incident.{NEXT[action]}", INTEGRATION)

    def does(self, what: str, user: str = "PBEN", *, key: str = "", assignees: tuple[str, ...] = ()) -> None:
        """A person does it there: acknowledged, resolved, reopened, escalated, unacknowledged."""
        key = key or next(iter(self.incidents))
        status = {"reopened": "triggered", "escalated": "triggered", "unacknowledged": "triggered"}.get(what, what)
        self.incidents[key]["status"] = status
        agent = {"id": user, "type": "user_reference", "summary": "Ben", "self": f"https://x/users/{user}"}
        self._post(key, f"incident.{what}", agent, assignees)

    def _post(self, key: str, event_type: str, agent: Mapping[str, str], assignees: tuple[str, ...] = ()) -> None:
        incident = self.incidents[key]
        url = f"https://acme.pagerduty.com/incidents/{incident['id']}"
        at = self.now() + timedelta(milliseconds=len(self.webhooks))
        service = {"id": "PF9KMXH", "summary": "checkout", "type": "service_reference"}
        event = {
            "id": f"01E{len(self.webhooks):06}",
            "event_type": event_type,
            "resource_type": "incident",
            "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "agent": agent,
            "client": None,
            "data": {
                "id": incident["id"], "type": "incident", "self": url, "html_url": url, "number": 7,
                "status": incident["status"], "incident_key": key, "created_at": "2026-03-18T10:00:00Z",
                "title": incident["title"], "service": service, "urgency": "high", "priority": None, "teams": [],
                "assignees": [{"id": f"P{n}", "type": "user_reference", "summary": n} for n in assignees],
                "conference_bridge": None, "resolve_reason": None,
            },
        }  # fmt: skip
        body = json.dumps({"event": event}).encode()
        self.webhooks.append((body, signed(body)))


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-PagerDuty-Signature": f"v1={digest}", "Content-Type": "application/json"}
