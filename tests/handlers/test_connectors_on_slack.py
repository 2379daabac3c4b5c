"""What do people see on Slack of an action that a backend carries out bit by bit, and of one that it forbids?"""

from typing import Any

from bot.connectors import executors
from bot.settings import Settings
from tests.connectors.fake_argocd import TOKEN, FakeArgocd
from tests.connectors.faulty import served
from tests.handlers.stories import worked
from tests.slack.stage import Stage


def settings(url: str) -> dict[str, Any]:
    action = {"kind": "rollback", "service": "checkout", "connector": "argocd", "target": {"application": "checkout"}}
    return {
        "connectors": {"argocd": {"type": "argocd", "url": url, "token": TOKEN}},
        "actions": {"rollback-checkout": action},
    }


async def test_an_application_is_rolled_back_through_argo_cd() -> None:
    fake = FakeArgocd()
    with served(fake.answer) as faulty:
        given = settings(faulty.url)
        async with Stage(held=True, executors=executors(Settings.model_validate(given)), **given) as stage:
            stage.deliver()
            ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
            await ana.types("/rollback checkout")
            await ana.expects_ephemeral("The plan is ready: Roll back checkout")
            card = ana.message("*Roll back checkout")
            await card.expects("Deployment/checkout differs")
            await ben.message("*Roll back checkout").press("Approve")
            await card.expects("It starts now")
            await worked(stage, "succeeded")
            await card.expects("the sync of checkout succeeded")
    assert len(fake.effects) == 1


async def test_where_auto_sync_forbids_it_the_answer_says_what_to_do() -> None:
    with served(FakeArgocd(automatic=True).answer) as faulty:
        given = settings(faulty.url)
        async with Stage(held=True, executors=executors(Settings.model_validate(given)), **given) as stage:
            stage.deliver()
            ana = stage.people.as_("ana").in_("#incidents")
            await ana.types("/rollback checkout")
            await ana.expects_ephemeral("revert the commit in git")
