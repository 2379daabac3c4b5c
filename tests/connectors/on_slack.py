"""How does a test take one action of a connector from a slash command over its plan to its end?"""

from typing import Any

from bot.connectors import executors
from bot.settings import Settings
from tests.handlers.stories import worked
from tests.slack.stage import Stage


async def a_story(settings: dict[str, Any], command: str, title: str, planned: tuple[str, ...], done: str) -> None:
    """Ana asks, the plan says all of `planned`, Ben says yes, and it says in the end what was `done`."""
    made = executors(Settings.model_validate(settings))
    async with Stage(held=True, executors=made, **settings) as stage:
        stage.deliver()
        ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
        await ana.types(command)
        await ana.expects_ephemeral("The plan is ready")
        card = ana.message(title)
        for words in planned:
            await card.expects(words)
        await ben.message(title).press("Approve")
        await card.expects("It starts now")
        await worked(stage, "succeeded")
        await card.expects(done)


def a_setting(type_: str, action: str, kind: str, target: dict[str, str], **options: Any) -> dict[str, Any]:
    """A connector with its `options`, and one action of the service churn; `parameters` are the action's."""
    parameters = options.pop("parameters", {})
    said = {"kind": kind, "service": "churn", "connector": "there", "target": target, "parameters": parameters}
    return {"connectors": {"there": {"type": type_, **options}}, "actions": {action: said}}
