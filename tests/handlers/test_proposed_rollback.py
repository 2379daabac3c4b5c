"""Can a bad deploy be taken back from Slack where nobody may push: by a pull request that people merge?"""

import asyncio
from pathlib import Path
from typing import Any

from bot.actions.model import RunState
from bot.connectors import executors
from bot.settings import Settings
from tests.connectors.conftest import CHECKOUT, shop_in
from tests.connectors.fake_pulls import FakePulls
from tests.connectors.faulty import served
from tests.handlers.stories import FOLLOWED, worked
from tests.slack.stage import Stage


def _settings(fake: FakePulls, api: str) -> dict[str, Any]:
    proposing = {"type": "git", "repository": str(fake.repository), "through": "pull_request", "api": api}
    target = {"file": "services/checkout.yaml", "key": "image.tag"}
    rollback = {"kind": "rollback", "service": "checkout", "connector": "shop", "target": target}
    return {
        "connectors": {"shop": {**proposing, "project": fake.project, "token": fake.token}},
        "actions": {"rollback-checkout": rollback},
    }


async def _works(stage: Stage, times: int) -> None:
    for _ in range(times):
        stage.held.advance(FOLLOWED)
        await asyncio.to_thread(stage.engine.runs.work, "worker")


async def test_a_rollback_waits_as_a_pull_request_until_people_merge_it(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    fake = FakePulls(shop.path)
    with served(fake.answer) as github:
        settings = _settings(fake, github.url)
        made = executors(Settings.model_validate(settings))
        async with Stage(held=True, executors=made, **settings) as stage:
            stage.deliver()
            ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
            await ana.types("/rollback checkout")
            await ana.expects_ephemeral("The plan is ready: Roll back checkout 1.4.2 → 1.4.1")
            card = ana.message("*Roll back checkout")
            await card.expects("open a pull request to main of tocsin-bot/deployments")
            await ben.message("*Roll back checkout").press("Approve")
            await card.expects("It starts now")
            await _works(stage, 3)
            await card.expects("pull request 1: waits for a review")
            fake.review(1, "APPROVED", "ben")
            await _works(stage, 2)
            await card.expects("pull request 1: approved by ben")
            assert shop.file() == CHECKOUT.format("1.4.2")
            fake.merge(1)
            await worked(stage, RunState.SUCCEEDED)
            await card.expects("Roll back checkout from 1.4.2 to 1.4.1 (pull request 1)")
    assert shop.file() == CHECKOUT.format("1.4.1")
    assert len(fake.effects) == 1
