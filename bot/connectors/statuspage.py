"""How is an incident told on a page of Statuspage, brought up to date, and resolved?

[connectors.statuspage]
type = "statuspage"
url = "https://api.statuspage.io"
token = "env:STATUSPAGE_API_KEY"

[actions.tell-customers]
kind = "call"
service = "shop"
connector = "statuspage"
target = { does = "create", page = "gytm4qzbx9t6" }        # does = "comment" | "move"
[actions.tell-customers.parameters.title]
required = true
[actions.tell-customers.parameters.text]
required = true

A comment is an update with the same state (`ticket`, `text`), a move one with another (`ticket`, `state`:
investigating, identified, monitoring, resolved). What stands on the page is the text and nothing else: the key of
Tocsin's run is in the incident's metadata. API v1.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind
from bot.connectors._tickets import Ticket, TicketExecutor, ticket_problems
from bot.connectors._web import Web, WebOptions

KINDS = frozenset({ActionKind.CALL})
INCIDENTS_MAX = 100
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "StatuspageExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    checked = WebOptions.model_validate(options)
    token = checked.token.get_secret_value()
    return StatuspageExecutor(Web(name, checked, sign=lambda: {"Authorization": f"OAuth {token}"}))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return ticket_problems(target, {"page": r"[a-z0-9]+"}, {"notify": "yes|no"})


class StatuspageExecutor(TicketExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    is_public = True
    STATES = ("investigating", "identified", "monitoring", "resolved")

    def _of(self, action: Action) -> str:
        return f"an incident on the page {action.target['page']}"

    def _may_create(self, action: Action) -> None:
        self._web.object(f"/v1/pages/{action.target['page']}")

    def _found(self, action: Action, ticket: str) -> Ticket:
        return _ticket(self._incident(action, ticket))

    def _created(self, key: str, action: Action) -> Ticket | None:
        found = self._web.listed(_path(action), limit=INCIDENTS_MAX)
        return next((_ticket(one) for one in found if _first_key(one) == key), None)

    def _create(self, key: str, action: Action, title: str, text: str, told: Mapping[str, str]) -> Ticket:
        marks = {"tocsin": {"created": key, "run": key}}
        body = {"name": title, "status": "investigating", "body": text or title, "metadata": marks, **_quiet(action)}
        return _ticket(self._web.object(_path(action), {"incident": body}))

    def _has_said(self, key: str, action: Action, ticket: Ticket) -> bool:
        return str(_marks(self._incident(action, ticket.id)).get("run")) == key

    def _comment(self, key: str, action: Action, ticket: Ticket, text: str) -> None:
        self._update(key, action, ticket, {"body": text, "status": ticket.state})

    def _move(self, key: str, action: Action, ticket: Ticket, state: str, text: str) -> None:
        self._update(key, action, ticket, {"status": state, **({"body": text} if text else {})})

    def _update(self, key: str, action: Action, ticket: Ticket, fields: Object) -> None:
        marks = {**_marks(self._incident(action, ticket.id)), "run": key}
        body = {**fields, "metadata": {"tocsin": marks}, **_quiet(action)}
        self._web.object(f"{_path(action)}/{ticket.id}", {"incident": body}, "PATCH")

    def _incident(self, action: Action, ticket: str) -> Object:
        return self._web.object(f"{_path(action)}/{quote(ticket, safe='')}")


def _path(action: Action) -> str:
    return f"/v1/pages/{action.target['page']}/incidents"


def _quiet(action: Action) -> dict[str, bool]:
    return {"deliver_notifications": False} if action.target.get("notify") == "no" else {}


def _marks(incident: Object) -> Object:
    found = (incident.get("metadata") or {}).get("tocsin")
    return found if isinstance(found, dict) else {}


def _first_key(incident: Object) -> str:
    return str(_marks(incident).get("created") or "")


def _ticket(incident: Object) -> Ticket:
    id_, state = str(incident["id"]), str(incident.get("status") or "")
    return Ticket(id_, id_, state, str(incident.get("name") or ""), str(incident.get("shortlink") or ""))
