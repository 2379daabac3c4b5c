"""Do people see the ticket of an incident in Slack, and can they open one, by typing and by pressing?"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.connectors.bench_tickets import TICKETS
from tests.connectors.fake_tickets import FakeTickets
from tests.connectors.faulty import Faulty, served
from tests.slack.stage import Stage
from tests.tickets.office import settings_of


@dataclass
class Shop:
    stage: Stage
    fake: FakeTickets
    faulty: Faulty

    async def told(self) -> None:
        """Everything is told to the system of tickets that it does not know yet."""
        tickets = self.stage.engine.tickets
        await asyncio.to_thread(tickets.run)
        while await asyncio.to_thread(tickets.work):
            pass


@pytest.fixture
def jira() -> Iterator[tuple[FakeTickets, Faulty]]:
    fake = TICKETS["jira"].fake()
    with served(fake.answer) as faulty:
        yield fake, faulty


@pytest_asyncio.fixture
async def shop(jira: tuple[FakeTickets, Faulty]) -> AsyncIterator[Shop]:
    fake, faulty = jira
    settings = settings_of("jira", faulty.url, opened="by_hand") | {"slack": {"operators": ["*"]}}
    async with Stage(**settings) as stage:
        stage.deliver()
        yield Shop(stage, fake, faulty)


async def test_a_ticket_is_opened_by_a_command_and_its_link_stands_everywhere(shop: Shop) -> None:
    ana = shop.stage.people.as_("ana").in_("#incidents")
    shop.stage.declare()
    await ana.message("Declared by").found()
    await ana.types("/incident ticket")
    await ana.expects_ephemeral("A ticket is being opened in `ops`. Its link comes in the thread of INC-1")
    await shop.told()
    link = f"<{shop.faulty.url}/browse/OPS-2|OPS-2>"
    await ana.message("Declared by").expects(f"ticket {link}")
    await ana.message("Declared by").expects_thread_reply(f"The ticket {link} is open in `ops`")
    await ana.types("/incident ticket")
    await ana.expects_ephemeral("There is a ticket already")
    await ana.types("/tocsin why INC-1")
    await ana.expects_ephemeral(f"critical: declared by a person · ticket {link}")
    await ana.types("/tocsin status")
    await ana.expects_ephemeral(f"ticket {link}")
    await ana.types("/incident update Half of it works again")
    await ana.expects_ephemeral("Posted in the thread")
    await shop.told()
    assert [note.partition(" (")[0] for note in shop.fake.notes] == ["ana: Half of it works again."]


async def test_a_ticket_is_opened_from_the_menu_and_moves_along(shop: Shop) -> None:
    ana = shop.stage.people.as_("ana").in_("#incidents")
    shop.stage.declare()
    card = ana.message("Declared by")
    await card.press("Acknowledge")
    await card.expects("is on it")
    await card.press("Open a ticket (ops)")
    await ana.expects_ephemeral("A ticket is being opened in `ops`")
    await shop.told()
    await card.expects("OPS-2")
    assert shop.fake.tickets[-1]["fields"]["status"]["name"] == "In Progress"
    await card.press("Resolve")
    await ana.message("is resolved after").expects("OPS-2")
    await shop.told()
    assert shop.fake.tickets[-1]["fields"]["status"]["name"] == "Done"


async def test_a_ticket_that_was_deleted_is_said_in_the_thread(shop: Shop) -> None:
    ana = shop.stage.people.as_("ana").in_("#incidents")
    shop.stage.declare()
    card = ana.message("Declared by")
    await ana.types("/incident INC-1 ticket ops")
    await ana.expects_ephemeral("A ticket is being opened")
    await shop.told()
    await card.expects("OPS-2")
    shop.fake.tickets.pop()
    await ana.types("/incident update Still looking")
    await ana.expects_ephemeral("Posted in the thread")
    await shop.told()
    await card.expects_thread_reply("The ticket `OPS-2` is not in `ops` any more, or Tocsin may not see it")
    await ana.types("/incident ticket nowhere")
    await ana.expects_ephemeral("nowhere")
