"""What is said and done when a system of tickets refuses, is away, or lost the ticket?"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.errors import Gone
from bot.incidents.life import TicketState
from tests.connectors.bench_tickets import TICKETS
from tests.connectors.fake_tickets import SECRET
from tests.tickets.office import ANA, STATES, Office, office


@pytest.fixture(params=STATES)
def there(request: pytest.FixtureRequest) -> Iterator[Office]:
    with office(request.param) as made:
        yield made


@pytest.mark.parametrize("fault", [429, 500, 503, "garbage", "half", "cut", "refused"])
def test_what_passes_is_tried_again_and_has_one_effect(there: Office, fault: str | int) -> None:
    incident = there.declare()
    for number in range(12):
        there.faulty.faults = ["", fault] * 2 if number % 2 else [fault]
        there.run(minutes=2)
    there.engine.updates.post(incident.id, "Rolling back", ANA)
    there.engine.incidents.acknowledge(incident.id, ANA)
    for _ in range(6):
        there.faulty.faults = ["", fault, fault]
        there.run(minutes=2)
    there.faulty.faults = []
    there.run(minutes=10)
    assert len(there.opened) == 1
    assert sum("Rolling back" in note for note in there.notes) == 1
    assert there.row().state is TicketState.OPEN
    assert {"ticket_failed", "ticket_lost"}.isdisjoint(there.timeline())


@pytest.mark.parametrize("fault", [400, 401, 403, 404])
def test_what_is_refused_is_said_once_and_tried_again_by_hand(there: Office, fault: int) -> None:
    incident = there.declare()
    there.faulty.always, there.faulty.echo = fault, True
    there.run(minutes=10)
    assert there.timeline().count("ticket_failed") == 1
    assert there.row().state is TicketState.REFUSED
    assert SECRET not in there.row().error
    assert f"({fault}" in there.row().error
    there.faulty.always = ""
    there.run(minutes=10)
    assert there.opened == []
    there.engine.tickets.open(incident.id, ANA)
    there.run()
    assert len(there.opened) == 1
    assert there.row().state is TicketState.OPEN


def test_what_was_deleted_by_hand_is_said_and_another_can_be_opened(there: Office) -> None:
    incident = there.declare()
    there.run()
    del there.fake.tickets[-1]
    there.engine.updates.post(incident.id, "Rolling back", ANA)
    there.engine.incidents.acknowledge(incident.id, ANA)
    there.run(minutes=10)
    assert there.row().state is TicketState.LOST
    assert there.timeline().count("ticket_lost") == 1
    assert "ticket_failed" not in there.timeline()
    assert there.waiting() == 0
    there.engine.tickets.open(incident.id, ANA)
    there.run()
    assert len(there.opened) == 1
    assert there.row().state is TicketState.OPEN
    with there.engine.store.read() as tx:
        assert len({one.key for one in tx.tickets.of(incident.id)}) == 2


def test_a_state_it_cannot_have_is_said_with_those_it_can() -> None:
    with office("jira", states={"resolved": "Archived"}) as there:
        incident = there.declare()
        there.run()
        there.engine.incidents.resolve(incident.id, ANA)
        there.run()
        with there.engine.store.read() as tx:
            (failed,) = [dict(e.facts) for e in tx.incidents.timeline(1) if e.kind == "ticket_failed"]
        assert "cannot become 'Archived' now; it can: Done, In Progress" in failed["error"]
        assert there.row().state is TicketState.OPEN


def test_a_system_that_is_away_for_an_hour_is_told_everything_in_order() -> None:
    with office("jira") as there:
        incident = there.declare()
        there.run()
        there.faulty.always = 503
        there.engine.incidents.acknowledge(incident.id, ANA)
        there.run(minutes=30)
        there.engine.updates.post(incident.id, "Rolling back", ANA)
        there.engine.incidents.resolve(incident.id, ANA)
        there.run(minutes=30)
        there.faulty.always = ""
        there.run(minutes=10)
        assert there.notes == ["UANA is on it.", "UANA: Rolling back.", "UANA resolved it."]
        assert there.state == "Done"


def test_after_a_day_it_is_given_up_and_said() -> None:
    with office("jira") as there:
        there.declare()
        there.faulty.always = 503
        there.run(minutes=1)
        there.clock.advance(timedelta(hours=25))
        there.run(minutes=5)
        assert there.timeline().count("ticket_failed") == 1


def test_a_connector_says_that_a_ticket_is_gone() -> None:
    for kind in STATES:
        with office(kind) as there:
            desk = there.engine.tickets._desks["ops"]
            target = {**TICKETS[kind].where}
            for _ in range(2):
                with pytest.raises(Gone):
                    desk.write("k", target, "OPS-99", "hello")
