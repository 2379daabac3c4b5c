"""How is an incident of ServiceNow opened, given a work note, or moved to another state?

[connectors.servicenow]
type = "servicenow"
url = "https://example.service-now.com"
username = "tocsin"                         # with the role itil; or token = "env:SERVICENOW_TOKEN" (OAuth)
password = "env:SERVICENOW_PASSWORD"

[actions.open-incident]
kind = "call"
service = "shop"
connector = "servicenow"
target = { does = "create", urgency = "2", impact = "2" }     # does = "comment" | "move", with close_code = "…"
[actions.open-incident.parameters.title]
required = true
[actions.open-incident.parameters.text]

A comment asks for `ticket` (INC0010001) and `text`, a move for `ticket` and `state`: New, In Progress, On Hold,
Resolved, Closed or Canceled; to resolve, ServiceNow wants a `close_code` and the `text`. A new incident has the key
of Tocsin's run as its `correlation_id`, a note ends with it. Table API.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind
from bot.connectors._tickets import Ticket, TicketExecutor, signed, ticket_problems
from bot.connectors._web import Web, WebOptions
from bot.errors import Gone

KINDS = frozenset({ActionKind.CALL})
_TABLE = "/api/now/table"
_VALUES = {"New": "1", "In Progress": "2", "On Hold": "3", "Resolved": "6", "Closed": "7", "Canceled": "8"}
_FIELDS = "sys_id,number,state,short_description"
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "ServicenowExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return ServicenowExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    optional = {"urgency": "[123]", "impact": "[123]", "close_code": r"[\w ()/-]+", "assignment_group": r"[\w -]+"}
    return ticket_problems(target, {}, optional)


class ServicenowExecutor(TicketExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    STATES = tuple(_VALUES)

    def _of(self, action: Action) -> str:
        return "an incident"

    def _may_create(self, action: Action) -> None:
        self._asked("incident", "number=none")

    def _found(self, action: Action, ticket: str) -> Ticket:
        found = self._asked("incident", f"number={quote(ticket, safe='')}")
        if not found:
            raise Gone(f"there is no incident {ticket}", connector=self._web.name)
        return self._ticket(found[0])

    def _created(self, key: str, action: Action) -> Ticket | None:
        found = self._asked("incident", f"correlation_id={key}")
        return self._ticket(found[0]) if found else None

    def _create(self, key: str, action: Action, title: str, text: str, told: Mapping[str, str]) -> Ticket:
        given = {
            name: action.target[name] for name in ("urgency", "impact", "assignment_group") if name in action.target
        }
        body = {**given, "short_description": title, "description": text, "correlation_id": key}
        return self._ticket(
            self._result(self._web.object(f"{_TABLE}/incident", {**body, "correlation_display": "Tocsin"}))
        )

    def _has_said(self, key: str, action: Action, ticket: Ticket) -> bool:
        return bool(self._asked("sys_journal_field", f"element_id={ticket.id}^valueLIKE({key})"))

    def _comment(self, key: str, action: Action, ticket: Ticket, text: str) -> None:
        self._change(ticket, {"work_notes": signed(text, key)})

    def _move(self, key: str, action: Action, ticket: Ticket, state: str, text: str) -> None:
        ends = state in ("Resolved", "Closed")
        closed = {"close_code": action.target.get("close_code", ""), "close_notes": text or f"{action.name} by Tocsin"}
        self._change(ticket, {"state": _VALUES[state], **(closed if ends else {})})

    def _change(self, ticket: Ticket, fields: Object) -> None:
        self._result(self._web.object(f"{_TABLE}/incident/{ticket.id}", fields, "PATCH"))

    def _asked(self, table: str, query: str) -> list[Object]:
        found = self._web.object(f"{_TABLE}/{table}", sysparm_query=query, sysparm_limit=1, sysparm_fields=_FIELDS)
        result = found.get("result")
        if not isinstance(result, list):
            raise self._web.odd("no result")
        return result

    def _result(self, found: Object) -> Object:
        if not isinstance(found.get("result"), dict):
            raise self._web.odd("no result")
        inner: Object = found["result"]
        return inner

    def _ticket(self, row: Object) -> Ticket:
        state = next((name for name, value in _VALUES.items() if value == str(row.get("state"))), str(row.get("state")))
        link = f"{self._web.url}/nav_to.do?uri=incident.do?sys_id={row['sys_id']}"
        return Ticket(str(row["sys_id"]), str(row["number"]), state, str(row.get("short_description") or ""), link)
