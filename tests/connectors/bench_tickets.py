"""The connectors that keep tickets, with one to keep."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bot.actions.model import Action, ActionKind
from bot.connectors import jira, pagerduty, servicenow, statuspage
from tests.connectors import fake_tickets
from tests.connectors.bench import Bench, Opened, opened
from tests.connectors.fake_tickets import PAIR, SECRET, USER

_PASSWORD = {"username": USER, "password": SECRET}
_TOKEN = {"username": USER, "token": SECRET}


@dataclass(frozen=True)
class Tickets:
    module: Any
    fake: type[fake_tickets.FakeTickets]
    options: Mapping[str, Any]
    where: Mapping[str, str]
    ticket: str
    state: str

    def action(self, does: str) -> Action:
        where = self.where if does == "create" or "page" in self.where else {}
        return Action(f"{does}-ticket", ActionKind.CALL, "shop", "there", {"does": does, **where})

    def parameters(self, does: str) -> Mapping[str, str]:
        if does == "create":
            return {"title": 'Checkout "is" <down>', "text": "500 of 1000 requests\nfail"}
        return {"ticket": self.ticket, "text": "rolled back; {{ it }} is well", "state": self.state}


TICKETS = {
    "jira": Tickets(jira, fake_tickets.FakeJira, _PASSWORD, {"project": "OPS", "issuetype": "Bug"}, "OPS-1", "done"),
    "pagerduty": Tickets(
        pagerduty, fake_tickets.FakePagerduty, _TOKEN, {"pd_service": "PIJ90N7"}, "PT4KHLK", "resolved"
    ),
    "servicenow": Tickets(
        servicenow, fake_tickets.FakeServicenow, _PASSWORD, {"urgency": "2"}, "INC0010000", "in progress"
    ),
    "statuspage": Tickets(
        statuspage, fake_tickets.FakeStatuspage, {"token": SECRET}, {"page": "gytm4qzbx9t6"}, "p0", "resolved"
    ),
}


def _bench(of: Tickets, does: str) -> Opened:
    made = opened(
        of.module,
        of.fake,
        of.action(does),
        of.parameters(does),
        (SECRET, PAIR),
        of.options,
        disturb=_somebody_moves_it_back if does == "move" else None,
        goes_on=False,
    )

    @contextmanager
    def open_() -> Iterator[Bench]:
        with made() as bench:
            yield replace(bench, knows_by_world=does == "move")

    return open_


def _somebody_moves_it_back(fake: Any) -> None:
    fake.move()


BENCHES: dict[str, Opened] = {
    f"{name}-{does}": _bench(of, does) for name, of in TICKETS.items() for does in ("create", "comment", "move")
}
