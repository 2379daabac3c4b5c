"""Is the right runbook offered on an incident, and do its buttons plan what it says, filled in from the incident?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.changes.model import Change, ChangeKind
from bot.errors import Stale
from tests.scenarios.deployments import Deployments
from tests.slack.stage import Stage

CARDS = """\
---
services: [checkout]
templates: ["*refuses every card*"]
actions:
  - action: deploy-checkout
    label: The version before
    with: {version: "{previous}"}
  - rollback-checkout
  - action: deploy-web
---
# Checkout refuses cards

<!channel> Look at the *payments* board first.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runbooks"
    made.mkdir()
    (made / "cards.md").write_text(CARDS)
    (made / "web.md").write_text("---\nservices: [web]\n---\n# The shop is blank\nReload.\n")
    (made / "bad.md").write_text("no front")
    return made


@pytest_asyncio.fixture
async def stage(deployments: Deployments, folder: Path) -> AsyncIterator[Stage]:
    runbooks = {"folder": folder, "url": "https://git.example.org/{path}"}
    executors = {"shop": deployments.executor}
    async with Stage(executors=executors, **deployments.settings(), runbooks=runbooks) as made:
        made.deliver()
        yield made


def offered(stage: Stage) -> int:
    now = stage.clock.now()
    stage.engine.changes.report(Change("c1", ChangeKind.DEPLOY, "checkout", now, "1.4.2", "1.4.1"))
    incident = stage.alert("Checkout refuses every card", "checkout")
    stage.engine.runbooks.offer()
    stage.engine.runbooks.offer()
    return incident.id


async def test_it_stands_once_in_the_thread_with_at_most_three_buttons(stage: Stage) -> None:
    offered(stage)
    ana = stage.people.as_("ana").in_("#incidents")
    card = ana.message("Checkout refuses")
    await card.expects("*Runbook:* Checkout refuses cards – in the thread")
    await card.expects_thread_reply("📘 *Checkout refuses cards*")
    root = (await stage.channel())[0]
    replies = [m for m in await stage.thread(root["ts"]) if "📘" in str(m)]
    assert len(replies) == 1
    buttons = [e["text"]["text"] for b in replies[0]["blocks"] if b["type"] == "actions" for e in b["elements"]]
    assert buttons == ["The version before", "Roll back checkout", "Deploy web"]
    assert "<!channel>" not in str(replies[0]["blocks"])


async def test_its_button_plans_with_the_values_of_the_incident(stage: Stage, deployments: Deployments) -> None:
    offered(stage)
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    thread = await ana.message("Checkout refuses").thread()
    await thread.message("📘 *Checkout refuses cards*").press("The version before")
    await ana.message("Checkout refuses").expects_thread_reply("*Deploy checkout*")
    plan = (await ben.message("Checkout refuses").thread()).message("*Deploy checkout*")
    await plan.press("Approve")
    await plan.expects("It starts now")
    await asyncio.to_thread(stage.engine.runs.work, "w")
    assert deployments.version("checkout") == "1.4.1"
    with stage.engine.store.read() as tx:
        assert [run.incident for run in tx.runs.in_state("verifying")] == [1]


async def test_what_the_incident_does_not_say_is_asked_for(stage: Stage) -> None:
    offered(stage)
    ana = stage.people.as_("ana")
    thread = await ana.in_("#incidents").message("Checkout refuses").thread()
    await thread.message("📘 *Checkout refuses cards*").press("Deploy web")
    await ana.form().fill(version="3.1.0").submit()
    await ana.in_("#incidents").message("Checkout refuses").expects_thread_reply("*Deploy web*")


async def test_a_changed_runbook_changes_its_message(stage: Stage, folder: Path) -> None:
    offered(stage)
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.message("Checkout refuses").expects_thread_reply("payments")
    (folder / "cards.md").write_text(CARDS.replace("payments", "bank's"))
    stage.engine.runbooks.offer()
    await ana.message("Checkout refuses").expects_thread_reply("bank's")
    root = (await stage.channel())[0]
    assert len([m for m in await stage.thread(root["ts"]) if "📘" in str(m)]) == 1


async def test_an_old_button_does_nothing_for_an_incident_that_is_over(stage: Stage) -> None:
    number = offered(stage)
    stage.engine.incidents.resolve(number, stage.person("ana"))
    runbook = stage.engine.runbooks.find("cards")
    with pytest.raises(Stale, match="already_resolved"):
        stage.engine.runbooks.wanted(runbook.key, runbook.digest, 0, number)
    with pytest.raises(Stale, match="changed_meanwhile"):
        stage.engine.runbooks.wanted(runbook.key, "0" * 12, 0, number)
    with pytest.raises(Stale, match="changed_meanwhile"):
        stage.engine.runbooks.wanted(runbook.key, runbook.digest, 3, number)


async def test_they_are_listed_and_read_by_a_command(stage: Stage) -> None:
    offered(stage)
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/tocsin runbook")
    await ana.expects_ephemeral("/tocsin runbook web")
    await ana.types("/tocsin runbooks")
    await ana.expects_ephemeral("bad: it has to begin with a line ---")
    await ana.types("/tocsin runbook web")
    await ana.expects_ephemeral("Reload.")
    await ana.types("/tocsin runbook INC-1")
    await ana.expects_ephemeral("The version before")
    await ana.types("/tocsin runbook nothing")
    await ana.expects_ephemeral("There is no runbook called `nothing`")
