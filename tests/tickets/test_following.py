"""Does a ticket follow its incident, in each of the systems, and say nothing twice?"""

from collections.abc import Iterator

import pytest

from bot.errors import Refused, Stale
from bot.incidents.life import TicketState
from bot.incidents.model import Resolution
from bot.people import Known, Person
from bot.signals.severity import Severity
from tests.tickets.office import ANA, BEN, STATES, Office, office

END = {"jira": "Done", "servicenow": "6", "statuspage": "resolved"}
UNDER_WAY = {"jira": "In Progress", "servicenow": "2", "statuspage": "identified"}


@pytest.fixture(params=STATES)
def there(request: pytest.FixtureRequest) -> Iterator[Office]:
    with office(request.param) as made:
        yield made


@pytest.fixture
def jira() -> Iterator[Office]:
    with office("jira") as made:
        yield made


def test_a_ticket_is_opened_and_goes_where_its_incident_goes(there: Office) -> None:
    incident = there.declare()
    there.run()
    row = there.row()
    assert (row.state, len(there.opened)) == (TicketState.OPEN, 1)
    assert row.ticket
    there.engine.incidents.acknowledge(incident.id, BEN)
    there.run()
    assert there.state == UNDER_WAY[there.kind]
    there.engine.updates.post(incident.id, "Half of it works again", BEN)
    there.run()
    assert there.notes[-1].endswith("Half of it works again" + ("." if there.kind != "statuspage" else ""))
    there.engine.incidents.resolve(incident.id, BEN)
    there.run()
    assert there.state == END[there.kind]
    there.run(minutes=60)
    assert len(there.opened) == 1
    assert there.waiting() == 0
    assert there.timeline().count("ticket_opened") == 1


def test_what_customers_read_is_only_what_was_written_for_them() -> None:
    with office("statuspage") as there:
        incident = there.declare()
        there.run()
        assert (there.opened[0]["name"], there.opened[0]["body"]) == (
            "Problems with checkout",
            "We are looking into it.",
        )
        there.engine.incidents.acknowledge(incident.id, BEN)
        there.engine.incidents.grade(incident.id, Severity.MAJOR, "only some", BEN)
        there.engine.updates.post(incident.id, "Cards work again", BEN)
        there.engine.incidents.resolve(incident.id, BEN)
        there.run()
        assert [note for note in there.notes if note != "None"] == ["Cards work again"]
        assert there.state == "resolved"


def test_it_says_what_is_wrong_with_names_and_a_link(jira: Office) -> None:
    jira.declare()
    with jira.engine.store.write() as tx:
        tx.people.note(Known("T1/UANA", "Ana Lima"), jira.clock.now())
    jira.run()
    asked = next(a for a in jira.faulty.asked if a.path.endswith("/rest/api/3/issue"))
    fields = asked.body["fields"]
    words = [part["content"][0]["text"] for part in fields["description"]["content"]]
    assert fields["summary"] == "INC-1 checkout: checkout is down"
    assert "Declared by Ana Lima: checkout is down" in words
    assert words[-1] == "https://tocsin.example/incidents/1"
    assert "tocsin-incident-1" in fields["labels"]


def test_every_step_is_written_once_and_in_order(jira: Office) -> None:
    incident = jira.declare()
    jira.run()
    jira.engine.incidents.acknowledge(incident.id, ANA)
    jira.engine.incidents.grade(incident.id, Severity.MAJOR, "only some cards", ANA)
    jira.engine.updates.post(incident.id, "Rolling back", ANA)
    jira.engine.incidents.resolve(incident.id, ANA)
    jira.run()
    jira.engine.incidents.reopen(incident.id, BEN)
    jira.run(minutes=30)
    assert jira.notes == [
        "UANA is on it.",
        "UANA says it is major: only some cards",
        "UANA: Rolling back.",
        "UANA resolved it.",
        "UBEN opened it again.",
    ]
    assert jira.state == "In Progress"
    assert jira.audited("ticket.opened") == ["tickets/ops"]
    assert jira.audited("ticket.commented") == ["tickets/ops"] * 5
    assert jira.audited("ticket.moved") == ["tickets/ops"] * 2  # acknowledged and resolved at once is one move


def test_only_what_is_asked_for_is_said() -> None:
    with office("jira", comments=["updates"], states={}) as there:
        incident = there.declare()
        there.run()
        there.engine.incidents.acknowledge(incident.id, ANA)
        there.engine.updates.post(incident.id, "Rolling back", ANA)
        there.engine.incidents.resolve(incident.id, ANA)
        there.run()
        assert (there.notes, there.state) == (["UANA: Rolling back."], "To Do")


def test_without_the_setting_nothing_is_opened(jira: Office) -> None:
    jira.declare(severity=Severity.MINOR)
    jira.run()
    assert jira.opened == []
    with office("jira", opened="by_hand") as by_hand:
        by_hand.declare()
        by_hand.run()
        assert by_hand.opened == []
    with office("jira", services=["web*"]) as others:
        others.declare()
        others.declare("web-shop")
        others.run()
        assert [one["fields"]["summary"] for one in others.opened] == ["INC-2 web-shop: web-shop is down"]


def test_what_becomes_bad_gets_one(jira: Office) -> None:
    incident = jira.declare(severity=Severity.MINOR)
    jira.run()
    jira.engine.incidents.grade(incident.id, Severity.CRITICAL, "", BEN)
    jira.run()
    assert len(jira.opened) == 1


def test_what_is_over_in_time_gets_none() -> None:
    with office("jira", delay_minutes=5) as there:
        first = there.declare()
        there.run(minutes=4)
        there.engine.incidents.resolve(first.id, ANA)
        there.declare("web")
        there.run(minutes=6)
        assert [one["fields"]["summary"] for one in there.opened] == ["INC-2 web: web is down"]


def test_what_is_over_before_it_could_be_opened_gets_none_and_reopened_it_does(jira: Office) -> None:
    incident = jira.declare()
    jira.engine.tickets.run()
    jira.engine.incidents.resolve(incident.id, ANA)
    jira.run()
    assert jira.opened == []
    jira.engine.incidents.reopen(incident.id, ANA)
    jira.run()
    assert (len(jira.opened), jira.state) == (1, "In Progress")


def test_a_merged_incident_s_ticket_is_closed_and_says_where_it_goes_on(jira: Office) -> None:
    first, second = jira.declare(), jira.declare("web")
    jira.run()
    jira.engine.incidents.merge(second.id, first.id, ANA)
    jira.run()
    with jira.engine.store.read() as tx:
        assert tx.incidents.get(second.id).resolution is Resolution.MERGED
    assert [one["fields"]["status"]["name"] for one in jira.opened] == ["To Do", "Done"]
    assert sum("INC-2 (web) is the same" in note for note in jira.notes) == 1


def test_by_hand_it_is_opened_once_and_by_who_may() -> None:
    with office("jira", opened="by_hand") as there:
        incident = there.declare(severity=Severity.INFO)
        with pytest.raises(Refused, match="not_an_operator"):
            there.engine.tickets.open(incident.id, Person("T1", "UEVE"))
        assert there.engine.tickets.open(incident.id, BEN) == "ops"
        with pytest.raises(Stale, match="has_ticket"):
            there.engine.tickets.open(incident.id, ANA)
        there.run()
        with pytest.raises(Stale, match="OPS-2"):
            there.engine.tickets.open(incident.id, ANA, "ops")
        assert len(there.opened) == 1
        assert there.audited("ticket.opened") == ["T1/UBEN"]
        page = there.engine.reading.incident(incident.id)
        assert [one.ticket for one in page.life.tickets] == ["OPS-2"]
        assert page.life.tickets[0].link == f"{there.faulty.url}/browse/OPS-2"
        assert page.tickets_offered == ()


def test_who_moved_it_by_hand_is_not_contradicted(jira: Office) -> None:
    incident = jira.declare()
    jira.run()
    jira.opened[0]["fields"]["status"]["name"] = "Done"
    jira.engine.incidents.resolve(incident.id, ANA)
    before = len(jira.fake.effects)
    jira.run()
    assert jira.fake.effects[before:] == jira.fake.notes[-1:]  # written to, and not moved again
