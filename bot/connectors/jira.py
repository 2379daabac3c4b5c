"""How is an issue of Jira opened, written to, or moved to another state?

[connectors.jira]
type = "jira"
url = "https://example.atlassian.net"
username = "tocsin@example.com"
password = "env:JIRA_API_TOKEN"

[actions.open-ticket]
kind = "call"
service = "shop"
connector = "jira"
target = { does = "create", project = "OPS", issuetype = "Bug" }       # does = "comment" | "move"
[actions.open-ticket.parameters.title]
required = true
[actions.open-ticket.parameters.text]

A comment asks for `ticket` and `text`, a move for `ticket` and `state` (a state that Jira offers from where the issue
is). A new issue has the key of Tocsin's run, and the number of its incident, as labels, by which it is looked for;
Jira's search may be some seconds behind. REST API v3 of Jira Cloud.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind
from bot.connectors._tickets import Ticket, TicketExecutor, signed, ticket_problems
from bot.connectors._web import Web, WebOptions

KINDS = frozenset({ActionKind.CALL})
COMMENTS_MAX = 50
_API = "/rest/api/3"
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "JiraExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return JiraExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    project = {"project": r"[A-Z][A-Z0-9_]*"} if target.get("does") == "create" else {}
    return ticket_problems(target, project, {"project": ".*", "issuetype": r"[\w -]+"} | project)


class JiraExecutor(TicketExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def _of(self, action: Action) -> str:
        return f"a {_type(action)} in {action.target['project']}"

    def _may_create(self, action: Action) -> None:
        found = self._web.object(f"{_API}/project/{quote(action.target['project'], safe='')}")
        known = [str(one.get("name")) for one in found.get("issueTypes") or ()]
        if _type(action) not in known:
            raise self._web.problem(f"{action.target['project']} has no {_type(action)}; it has: {', '.join(known)}")

    def _found(self, action: Action, ticket: str) -> Ticket:
        return self._ticket(self._web.object(_path(ticket), fields="summary,status"))

    def _created(self, key: str, action: Action) -> Ticket | None:
        body = {"jql": f'labels = "{key}"', "fields": ["summary", "status"], "maxResults": 1}
        issues = self._web.object(f"{_API}/search/jql", body).get("issues")
        if not isinstance(issues, list):
            raise self._web.odd("no issues")
        return self._ticket(issues[0]) if issues else None

    def _create(self, key: str, action: Action, title: str, text: str, told: Mapping[str, str]) -> Ticket:
        incident = [f"tocsin-incident-{told['incident']}"] if told.get("incident") else []
        fields = {
            "project": {"key": action.target["project"]},
            "issuetype": {"name": _type(action)},
            "summary": title,
            "description": _document(text or title),
            "labels": ["tocsin", key, *incident],
        }
        return self._ticket(self._web.object(f"{_API}/issue", {"fields": fields}))

    def _has_said(self, key: str, action: Action, ticket: Ticket) -> bool:
        found = self._web.object(f"{_path(ticket.id)}/comment", orderBy="-created", maxResults=COMMENTS_MAX)
        return any(f"({key})" in json.dumps(one.get("body")) for one in found.get("comments") or ())

    def _comment(self, key: str, action: Action, ticket: Ticket, text: str) -> None:
        self._web.object(f"{_path(ticket.id)}/comment", {"body": _document(signed(text, key))})

    def _states(self, action: Action, ticket: Ticket) -> list[str]:
        return [str((one.get("to") or {}).get("name")) for one in self._transitions(ticket)]

    def _move(self, key: str, action: Action, ticket: Ticket, state: str, text: str) -> None:
        ways = [one for one in self._transitions(ticket) if (one.get("to") or {}).get("name") == state]
        if not ways:
            raise self._web.problem(f"{ticket.name} cannot become {state} any more")
        self._web.send("POST", f"{_path(ticket.id)}/transitions", body={"transition": {"id": ways[0]["id"]}})

    def _transitions(self, ticket: Ticket) -> list[Object]:
        return list(self._web.object(f"{_path(ticket.id)}/transitions").get("transitions") or ())

    def _ticket(self, issue: Object) -> Ticket:
        fields, name = issue.get("fields") or {}, str(issue["key"])
        state = str((fields.get("status") or {}).get("name") or "")
        return Ticket(name, name, state, str(fields.get("summary") or ""), f"{self._web.url}/browse/{name}")


def _path(ticket: str) -> str:
    return f"{_API}/issue/{quote(ticket, safe='')}"


def _type(action: Action) -> str:
    return action.target.get("issuetype", "Task")


def _document(text: str) -> dict[str, Any]:
    """Atlassian's document format: plain paragraphs."""
    paragraphs = [line for line in text.splitlines() if line.strip()] or [text]
    content = [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in paragraphs]
    return {"type": "doc", "version": 1, "content": content}
