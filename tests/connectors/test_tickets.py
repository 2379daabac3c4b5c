"""Is a ticket written as people expect it, and is it said when it cannot be?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.errors import ConnectorError, InputError
from tests.connectors.bench_tickets import TICKETS, Tickets
from tests.connectors.runs import KEY, connected, followed


@pytest.fixture(params=TICKETS)
def of(request: pytest.FixtureRequest) -> Tickets:
    return TICKETS[request.param]


def test_a_move_is_planned_from_state_to_state_and_goes_there(of: Tickets) -> None:
    with connected(of.module, of.fake(), **of.options) as executor:
        plan = executor.plan(of.action("move"), of.parameters("move"))
        assert plan.after.lower() == of.state
        assert plan.summary == f"{of.ticket} (Checkout is slow): {plan.before} → {plan.after}"
        done = followed(executor, of.action("move"), of.parameters("move"))[1]
    assert done.summary == f"{of.ticket} is {plan.after}"


def test_a_state_that_it_cannot_have_is_refused_with_those_it_can(of: Tickets) -> None:
    words = r"cannot become 'gone' now; it can: \w+"
    with connected(of.module, of.fake(), **of.options) as executor, pytest.raises(InputError, match=words):
        executor.plan(of.action("move"), {"ticket": of.ticket, "state": "gone"})


def test_what_is_not_said_is_asked_for(of: Tickets) -> None:
    with connected(of.module, of.fake(), **of.options) as executor:
        for does, name in (("create", "title"), ("comment", "ticket"), ("move", "ticket")):
            with pytest.raises(InputError, match=f"say the {name}"):
                executor.plan(of.action(does), {})


def test_a_ticket_that_is_not_there_is_said(of: Tickets) -> None:
    words = r"does not know it|there is no"
    with connected(of.module, of.fake(), **of.options) as executor, pytest.raises(ConnectorError, match=words):
        executor.plan(of.action("comment"), {"ticket": "X-404", "text": "hello"})


def test_what_is_written_has_the_key_except_where_customers_read(of: Tickets) -> None:
    fake = of.fake()
    with connected(of.module, fake, **of.options) as executor:
        followed(executor, of.action("comment"), of.parameters("comment"))
    text = of.parameters("comment")["text"]
    assert fake.notes == [text if "page" in of.where else f"{text} ({KEY})"]


def test_a_new_jira_issue_is_labelled_with_its_incident() -> None:
    of = TICKETS["jira"]
    fake, create = of.fake(), of.action("create")
    with connected(of.module, fake, **of.options) as executor:
        plan = executor.plan(create, of.parameters("create"))
        executor.execute(KEY, create, {**of.parameters("create"), "incident": "12"}, plan)
    assert fake.tickets[-1]["fields"]["labels"] == ["tocsin", KEY, "tocsin-incident-12"]


def test_servicenow_resolves_with_a_close_code_and_says_when_it_misses() -> None:
    of = TICKETS["servicenow"]
    wanted = {"ticket": of.ticket, "state": "Resolved", "text": "rolled back"}
    with connected(of.module, of.fake(), **of.options) as executor:
        with pytest.raises(ConnectorError, match="Operation Failed"):
            followed(executor, of.action("move"), wanted)
        target = {"does": "move", "close_code": "Solved (Permanently)"}
        done = followed(executor, Action("x", ActionKind.CALL, "shop", "there", target), wanted)[1]
    assert done.summary == "INC0010000 is Resolved"


def test_a_target_says_what_it_does_and_where(of: Tickets) -> None:
    assert of.module.target_problems(ActionKind.CALL, {**of.where, "does": "explode"})
    assert of.module.target_problems(ActionKind.CALL, {**of.where, "does": "create"}) == []
