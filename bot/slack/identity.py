"""Who is that, as far as acting goes? A person by team and user id; bots and guests are told apart.

Slack's payloads do not say whether someone is a guest or a bot, or left, so `users.info` is asked, once in a while.
When it cannot be asked, only people who are named one by one may act. User groups that the settings name are asked for
their members; one that cannot be asked has none.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.people import Known, Person
from bot.slack.refusals import CALL_ERRORS, refusal_of

log = logging.getLogger(__name__)

REMEMBERED = timedelta(minutes=10)
PEOPLE_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    person: Person
    until: datetime


class Identity:
    """`named`: the `Person.key`s and user groups that the settings name one by one. `note` is told what Slack calls
    whoever it was asked about."""

    def __init__(
        self,
        client: AsyncWebClient,
        clock: Clock,
        named: frozenset[str],
        note: Callable[[Known], None] = lambda known: None,
    ) -> None:
        self._client, self._clock, self._named, self._note = client, clock, named, note
        self._groups = tuple(sorted(name for name in named if "/" not in name))
        self._shared: dict[str, tuple[bool, datetime]] = {}
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    async def of(self, team: str, user: str) -> Person:
        now = self._clock.now()
        known = self._known.get((team, user))
        if known is not None and now < known.until:
            return known.person
        person = await self._ask(team, user)
        if person.team and not person.is_bot and self._groups:
            person = replace(person, groups=await self._groups_of(user))
        self._known[team, user] = _Known(person, now + REMEMBERED)
        while len(self._known) > PEOPLE_MAX:
            self._known.popitem(last=False)
        return person

    async def is_shared(self, channel: str) -> bool:
        """Whether people of another organisation read the channel. One that Tocsin cannot see is taken as not shared:
        who asks is known all the same, and what follows is told in Tocsin's own channel."""
        now = self._clock.now()
        known = self._shared.get(channel)
        if known is not None and now < known[1]:
            return known[0]
        try:
            found: dict[str, Any] = (await self._client.conversations_info(channel=channel))["channel"]
        except CALL_ERRORS as error:
            log.info("cannot ask Slack about %s: %s", channel, refusal_of(error).error)
            return False
        is_shared = bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared"))
        if len(self._shared) >= PEOPLE_MAX:
            self._shared.clear()
        self._shared[channel] = (is_shared, now + REMEMBERED)
        return is_shared

    async def _groups_of(self, user: str) -> tuple[str, ...]:
        found = []
        for group in self._groups:
            try:
                members = (await self._client.usergroups_users_list(usergroup=group))["users"]
            except CALL_ERRORS as error:
                log.warning("cannot ask Slack who is in the user group %s: %s", group, refusal_of(error).error)
                continue
            found += [group] if user in members else []
        return tuple(found)

    async def _ask(self, team: str, user: str) -> Person:
        named = Person(team, user)
        try:
            found: dict[str, Any] = (await self._client.users_info(user=user))["user"]
        except CALL_ERRORS as error:
            log.warning("cannot ask Slack who %s is: %s", user, refusal_of(error).error)
            return named if named.key in self._named else _outsider(user)
        await asyncio.to_thread(self._note, known_of(named.key, found))
        if found.get("is_bot") or found.get("is_workflow_bot"):
            return Person(team, user, is_bot=True)
        if found.get("deleted"):
            return _outsider(user)
        if named.key in self._named:
            return named
        is_guest = any(found.get(key) for key in ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted"))
        return _outsider(user) if is_guest else named


def known_of(key: str, user: Mapping[str, Any]) -> Known:
    """What a `users.info` says of somebody: the name they chose to be shown by, and their time zone."""
    profile = user.get("profile") or {}
    names = (profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name"))
    return Known(key, next((str(name)[:200] for name in names if name), ""), str(user.get("tz") or "")[:64])


def _outsider(user: str) -> Person:
    """Of no team, so that "everyone in the team" does not mean them."""
    return Person("", user)
