"""Who is in the user groups that escalations name? Slack is asked now and then."""

import asyncio
import logging

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine.usergroups import Usergroups
from bot.errors import StoreError
from bot.slack.refusals import CALL_ERRORS, refusal_of

log = logging.getLogger(__name__)

LOOK_EVERY_S = 20.0


async def keep_usergroups(groups: Usergroups, client: AsyncWebClient) -> None:
    """Keeps the engine's copies fresh, for ever."""
    while True:
        try:
            await ask(groups, client)
        except StoreError as error:
            log.error("cannot note who is in a user group: %s", error)
        await asyncio.sleep(LOOK_EVERY_S)


async def ask(groups: Usergroups, client: AsyncWebClient) -> None:
    """Those whose time has come, once."""
    for name in await asyncio.to_thread(groups.due):
        members: list[str] | None = None
        problem = ""
        try:
            members = list((await client.usergroups_users_list(usergroup=name))["users"])
        except CALL_ERRORS as error:
            refusal = refusal_of(error)
            problem = f"{refusal.error} {refusal.needed}".strip()
            log.warning("cannot ask Slack who is in the user group %s: %s", name, problem)
        await asyncio.to_thread(groups.learn, name, members, problem)
