"""What can be looked at with `/tocsin` and `@Tocsin`?"""

import pytest

from tests.slack.stage import Stage


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/tocsin", "lets you fix it from the message"),
        ("/tocsin help", "/rollback checkout"),
        ("/tocsin status", "No log line has come in yet"),
        ("/tocsin incidents", "Nothing is open"),
        ("/tocsin digest", "*Nothing to do.*"),
        ("/tocsin digest week", "The week to"),
        ("/tocsin digest chekout", "There is no service called `chekout`"),
        ("/tocsin stats", "Noticed after (MTTD): nothing to measure"),
        ("/tocsin stats many", "There is no service called `many`"),
        ("/tocsin stats 123456", "/tocsin stats 30"),
        ("/tocsin stats explained", "MTTA"),
        ("/tocsin stats 9999", "from 1 to 365 days"),
        ("/tocsin why", "/tocsin why INC-12"),
        ("/tocsin why INC-9", "There is no incident called"),
        ("/tocsin why nonsense", "There is no incident called `nonsense`"),
        ("/tocsin statu", "Did you mean `/tocsin status`?"),
        ("/tocsin <!channel>", "I do not know"),
    ],
)
async def test_tocsin_answers_only_the_one_who_asks(stage: Stage, typed: str, answer: str) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types(typed)
    await ana.expects_ephemeral(answer)
    assert await stage.channel() == []


async def test_the_status_shows_services_and_what_is_open(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    stage.take("checkout", *["paid order 12"] * 30)
    stage.declare()
    await ana.types("/tocsin status")
    await ana.expects_ephemeral("INC-1 `checkout` critical, open since")
    await ana.expects_ephemeral("`checkout` 30 a minute")
    await ana.types("/tocsin incident 1")
    await ana.expects_ephemeral("Checkout refuses every card")


async def test_a_mention_is_answered_to_the_one_who_asks(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("@tocsin incidents")
    await ana.expects_ephemeral("Nothing is open")
