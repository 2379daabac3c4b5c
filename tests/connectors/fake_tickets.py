"""As much of Jira, PagerDuty, ServiceNow and Statuspage as keeping a ticket needs, each made from its documented API;
none of them was there to compare with. Jira's every exchange is held against its published OpenAPI description
(`test_jira_api.py`). docs: developer.atlassian.com/cloud/jira/platform/rest/v3,
developer.pagerduty.com/api- reference, docs.servicenow.com (Table API), developer.statuspage.io"""

import base64
import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

SECRET = "ticket-token-4d90"
USER = "tocsin@example.com"
PAIR = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()


class FakeTickets:
    """One ticket is there. `effects`: what was written to it, or opened."""

    authorization = ""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.tickets: list[dict[str, Any]] = []
        self.notes: list[str] = []

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != self.authorization:
            return Answer(401, self.error("who are you?"))
        return self.routed(f"{asked.method} {asked.path}", asked) or Answer(404, self.error("not found"))

    def routed(self, route: str, asked: Asked) -> Answer | None:
        raise NotImplementedError

    def error(self, words: str) -> dict[str, Any]:
        return {"message": words}

    def write(self, note: str) -> None:
        self.notes.append(note)
        self.effects.append(note)


class FakeJira(FakeTickets):
    authorization = f"Basic {PAIR}"

    def __init__(self) -> None:
        super().__init__()
        self._open({"summary": "Checkout is slow", "labels": []})

    def routed(self, route: str, asked: Asked) -> Answer | None:
        if route == "GET /rest/api/3/project/OPS":
            return Answer(200, {"key": "OPS", "issueTypes": [{"name": "Bug"}, {"name": "Task"}]})
        if route == "POST /rest/api/3/search/jql":
            label = re.findall(r'"([^"]+)"', asked.body["jql"])[0]
            return Answer(200, {"issues": [one for one in self.tickets if label in one["fields"]["labels"]]})
        if route == "POST /rest/api/3/issue":
            self.effects.append(asked.body["fields"]["labels"][1])
            made = self._open(asked.body["fields"])
            return Answer(201, {"id": "1", "key": made["key"], "self": "https://example.atlassian.net/1"})
        found = re.fullmatch(r"(\w+) /rest/api/3/issue/(OPS-\d+)(?:/(\w+))?", route)
        issue = next((one for one in self.tickets if found and one["key"] == found[2]), None)
        return self._one(issue, f"{found[1]} {found[3] or ''}", asked) if found and issue else None

    def error(self, words: str) -> dict[str, Any]:
        return {"errorMessages": [words], "errors": {}}

    def _one(self, issue: dict[str, Any], what: str, asked: Asked) -> Answer | None:
        if what == "GET ":
            return Answer(200, issue)
        if what == "GET comment":
            return Answer(200, {"comments": [{"body": {"content": note}} for note in self.notes]})
        if what == "POST comment":
            self.write(asked.body["body"]["content"][-1]["content"][0]["text"])
            return Answer(201, {"id": "9"})
        if what == "GET transitions":
            ways = [{"id": "31", "to": {"name": "Done"}}, {"id": "21", "to": {"name": "In Progress"}}]
            return Answer(200, {"transitions": ways})
        if what == "POST transitions":
            self.effects.append(asked.body["transition"]["id"])
            issue["fields"]["status"]["name"] = {"31": "Done", "21": "In Progress"}[asked.body["transition"]["id"]]
            return Answer(204)
        return None

    def _open(self, fields: dict[str, Any]) -> dict[str, Any]:
        kept = {"summary": fields["summary"], "labels": fields["labels"], "status": {"name": "To Do"}}
        self.tickets.append({"key": f"OPS-{len(self.tickets) + 1}", "fields": kept})
        return self.tickets[-1]

    def move(self) -> None:
        self.tickets[0]["fields"]["status"]["name"] = "In Progress"


class FakePagerduty(FakeTickets):
    authorization = f"Token token={SECRET}"

    def __init__(self) -> None:
        super().__init__()
        self._open("Checkout is slow", "")

    def routed(self, route: str, asked: Asked) -> Answer | None:
        if asked.headers.get("From") != USER:
            return Answer(400, {"error": {"message": "Requester User Not Found", "code": 1008}})
        if route == "GET /services/PIJ90N7":
            return Answer(200, {"service": {"id": "PIJ90N7"}})
        if route == "GET /incidents":
            found = [one for one in self.tickets if one["incident_key"] == asked.query["incident_key"]]
            return Answer(200, {"incidents": found})
        if route == "POST /incidents":
            key = asked.body["incident"]["incident_key"]
            self.effects.append(key)
            return Answer(201, {"incident": self._open(asked.body["incident"]["title"], key)})
        if route == "GET /incidents/PT4KHLK/notes":
            return Answer(200, {"notes": [{"content": note} for note in self.notes]})
        if route == "POST /incidents/PT4KHLK/notes":
            self.write(asked.body["note"]["content"])
            return Answer(201, {"note": {"id": "PWL7QXS"}})
        if route == "PUT /incidents/PT4KHLK":
            self.effects.append(asked.body["incident"]["status"])
            self.tickets[0]["status"] = asked.body["incident"]["status"]
        return Answer(200, {"incident": self.tickets[0]}) if asked.path == "/incidents/PT4KHLK" else None

    def _open(self, title: str, key: str) -> dict[str, Any]:
        id_ = "PT4KHLK" if not self.tickets else f"PT4KHL{len(self.tickets)}"
        url = f"https://example.pagerduty.com/incidents/{id_}"
        made = {"id": id_, "title": title, "status": "triggered", "incident_key": key, "html_url": url}
        self.tickets.append(made)
        return made

    def move(self) -> None:
        self.tickets[0]["status"] = "acknowledged"


class FakeServicenow(FakeTickets):
    authorization = f"Basic {PAIR}"

    def __init__(self) -> None:
        super().__init__()
        self._open({"short_description": "Checkout is slow"})

    def routed(self, route: str, asked: Asked) -> Answer | None:
        table = "/api/now/table"
        if route == f"GET {table}/incident":
            name, _, value = asked.query["sysparm_query"].partition("=")
            return Answer(200, {"result": [one for one in self.tickets if one.get(name) == value]})
        if route == f"GET {table}/sys_journal_field":
            wanted = asked.query["sysparm_query"].partition("LIKE")[2]
            return Answer(200, {"result": [{"sys_id": "j1"} for note in self.notes if wanted in note]})
        if route == f"POST {table}/incident":
            self.effects.append(asked.body["correlation_id"])
            return Answer(201, {"result": self._open(asked.body)})
        found = re.fullmatch(rf"PATCH {table}/incident/sys(\d+)", route)
        if found and int(found[1]) < len(self.tickets):
            ticket = self.tickets[int(found[1])]
            if asked.body.get("state") == "6" and not asked.body.get("close_code"):
                return Answer(403, {"error": {"message": "Operation Failed", "detail": "Data Policy: Close code"}})
            self.write(asked.body.get("work_notes") or asked.body["state"])
            ticket.update(asked.body)
            return Answer(200, {"result": ticket})
        return None

    def _open(self, fields: dict[str, Any]) -> dict[str, Any]:
        number = len(self.tickets)
        self.tickets.append({"sys_id": f"sys{number}", "number": f"INC001000{number}", "state": "1", **fields})
        return self.tickets[-1]

    def move(self) -> None:
        self.tickets[0]["state"] = "2"


class FakeStatuspage(FakeTickets):
    authorization = f"OAuth {SECRET}"

    def __init__(self) -> None:
        super().__init__()
        self._open({"name": "Checkout is slow", "status": "investigating", "metadata": {}})

    def routed(self, route: str, asked: Asked) -> Answer | None:
        page = "/v1/pages/gytm4qzbx9t6"
        if route == f"GET {page}":
            return Answer(200, {"id": "gytm4qzbx9t6"})
        if route == f"GET {page}/incidents":
            return Answer(200, self.tickets)
        if route == f"POST {page}/incidents":
            self.effects.append(asked.body["incident"]["metadata"]["tocsin"]["run"])
            return Answer(201, self._open(asked.body["incident"]))
        ticket = next((one for one in self.tickets if asked.path == f"{page}/incidents/{one['id']}"), None)
        if ticket and asked.method == "PATCH":
            self.write(str(asked.body["incident"].get("body")))
            ticket.update(asked.body["incident"])
        return Answer(200, ticket) if ticket else None

    def _open(self, fields: dict[str, Any]) -> dict[str, Any]:
        id_ = f"p{len(self.tickets)}"
        self.tickets.append({"id": id_, "shortlink": f"https://stspg.io/{id_}", **fields})
        return self.tickets[-1]

    def move(self) -> None:
        self.tickets[0]["status"] = "identified"
