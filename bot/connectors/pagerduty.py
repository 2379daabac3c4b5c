"""How is an incident of PagerDuty opened, acknowledged, resolved, or given a note?

[connectors.pagerduty]
type = "pagerduty"
url = "https://api.pagerduty.com"           # in Europe: https://api.eu.pagerduty.com
token = "env:PAGERDUTY_API_KEY"
username = "tocsin@example.com"             # in whose name: the header From

[actions.resolve-page]
kind = "call"
service = "shop"
connector = "pagerduty"
target = { does = "move" }                  # does = "comment" | "create", with pd_service = "PIJ90N7"
[actions.resolve-page.parameters.ticket]
required = true
[actions.resolve-page.parameters.state]
choices = ["acknowledged", "resolved"]

A new incident has the key of Tocsin's run as its `incident_key`, under which PagerDuty opens no second one. A note
ends with the key. REST API v2.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind
from bot.connectors._tickets import Ticket, TicketExecutor, signed, ticket_problems
from bot.connectors._web import Web, WebOptions

KINDS = frozenset({ActionKind.CALL})
_ACCEPT = "application/vnd.pagerduty+json;version=2"
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "PagerdutyExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    checked = WebOptions.model_validate(options)
    headers = {"Authorization": f"Token token={checked.token.get_secret_value()}", "Accept": _ACCEPT}
    return PagerdutyExecutor(Web(name, checked, sign=lambda: {**headers, "From": checked.username}))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    service = {"pd_service": r"[A-Z0-9]{5,20}"} if target.get("does") == "create" else {}
    return ticket_problems(target, service, {"pd_service": ".*", "urgency": "high|low"} | service)


class PagerdutyExecutor(TicketExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    STATES = ("acknowledged", "resolved")

    def _of(self, action: Action) -> str:
        return f"an incident of the service {action.target['pd_service']}"

    def _may_create(self, action: Action) -> None:
        self._inner(self._web.object(f"/services/{action.target['pd_service']}"), "service")

    def _found(self, action: Action, ticket: str) -> Ticket:
        return self._ticket(self._inner(self._web.object(_path(ticket)), "incident"))

    def _created(self, key: str, action: Action) -> Ticket | None:
        found = self._web.object("/incidents", incident_key=key, date_range="all").get("incidents")
        if not isinstance(found, list):
            raise self._web.odd("no incidents")
        return self._ticket(found[0]) if found else None

    def _create(self, key: str, action: Action, title: str, text: str, told: Mapping[str, str]) -> Ticket:
        incident = {
            "type": "incident",
            "title": title,
            "service": {"id": action.target["pd_service"], "type": "service_reference"},
            "urgency": action.target.get("urgency", "high"),
            "incident_key": key,
            "body": {"type": "incident_body", "details": text or title},
        }
        return self._ticket(self._inner(self._web.object("/incidents", {"incident": incident}), "incident"))

    def _has_said(self, key: str, action: Action, ticket: Ticket) -> bool:
        notes = self._web.object(f"{_path(ticket.id)}/notes").get("notes") or ()
        return any(f"({key})" in str(one.get("content")) for one in notes)

    def _comment(self, key: str, action: Action, ticket: Ticket, text: str) -> None:
        self._web.object(f"{_path(ticket.id)}/notes", {"note": {"content": signed(text, key)}})

    def _move(self, key: str, action: Action, ticket: Ticket, state: str, text: str) -> None:
        body = {"incident": {"type": "incident_reference", "status": state}}
        self._web.object(_path(ticket.id), body, "PUT")

    def _ticket(self, incident: Object) -> Ticket:
        id_, state = str(incident["id"]), str(incident.get("status") or "")
        return Ticket(id_, id_, state, str(incident.get("title") or ""), str(incident.get("html_url") or ""))

    def _inner(self, found: Object, name: str) -> Object:
        inner = found.get(name)
        if not isinstance(inner, dict):
            raise self._web.odd(f"no {name}")
        return inner


def _path(ticket: str) -> str:
    return f"/incidents/{quote(ticket, safe='')}"
