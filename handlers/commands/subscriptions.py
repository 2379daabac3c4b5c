"""`/tocsin subscribe`: a digest of one's own, or one for a channel."""

import re
from datetime import time

from bot.digests.rhythm import Every, Rhythm
from bot.engine.digest_pages import SubscriptionsPage
from bot.engine.whole import Engine
from bot.errors import InputError, NotFound
from bot.settings.noticing import WEEKDAYS
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from handlers.pages import known_services

_AT = re.compile(r"(\d{1,2})(?::(\d\d))?(am|pm)?")
_FILLERS = frozenset({"at", "on", "about", "for", "and", "every", "me", "of", "digest"})
_EVERY = {"daily": Every.DAY, "day": Every.DAY, "weekly": Every.WEEK, "week": Every.WEEK}
_DAYS = {name[:length]: place for place, name in enumerate(WEEKDAYS) for length in (3, len(name))}


def subscribe(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`subscribe daily 8:30`, `subscribe weekly friday checkout web`, `subscribe here`, `subscribe list`, `subscribe
    stop 4`."""
    words = [word.rstrip(",") for word in rest.split()]
    if not words or words[0].lower() == "list":
        return Reply("replies/subscriptions", engine.subscriptions.page(asked.person, asked.channel))
    if words[0].lower() in ("stop", "end", "off"):
        return unsubscribe(engine, asked, " ".join(words[1:]))
    to = asked.channel if "here" in words and not asked.channel.startswith("D") else asked.person.user
    rhythm, services = _understood(engine, [word for word in words if word != "here"], is_personal=to != asked.channel)
    return Reply("replies/subscriptions", engine.subscriptions.subscribe(asked.person, to, rhythm, services))


def unsubscribe(engine: Engine, asked: Asked, rest: str) -> Answer:
    """By its number, `here`, or the only one there is."""
    page = engine.subscriptions.page(asked.person, asked.channel)
    number = rest.strip().removeprefix("#")
    if not number.isascii() or not number.isdigit():
        among = page.here if number == "here" else page.mine
        if len(among) != 1 or number not in ("", "here"):
            return Reply("replies/subscriptions", page)
        number = str(among[0].id)
    return Reply("replies/subscriptions", engine.subscriptions.stop(asked.person, int(number)))


def listed(engine: Engine, asked: Asked, rest: str) -> Answer:
    return Reply("replies/subscriptions", engine.subscriptions.page(asked.person, asked.channel))


def daily(engine: Engine, asked: Asked) -> SubscriptionsPage:
    """The usual one, at the usual hour, where the person is."""
    return engine.subscriptions.subscribe(asked.person, asked.person.user, Rhythm(engine.settings.digest.at, ""))


def _understood(engine: Engine, words: list[str], *, is_personal: bool) -> tuple[Rhythm, list[str]]:
    usual = engine.settings.digest
    every, weekday, at, services = Every.DAY, 0, usual.at, []
    known = known_services(engine)
    for word in words:
        said = word.lower()
        if word in known:
            services.append(word)
        elif said in _EVERY:
            every = _EVERY[said]
        elif said in _DAYS:
            every, weekday = Every.WEEK, _DAYS[said]
        elif found := _AT.fullmatch(said):
            at = _time(found)
        elif said not in _FILLERS:
            raise NotFound("service", word, known=known)
    return Rhythm(at, "" if is_personal else usual.timezone, every, weekday), services


def _time(found: re.Match[str]) -> time:
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    if hour > 23 or minute > 59:
        raise InputError(f"{found[0]!r} is no time of day; write 8:30", place="time")
    return time(hour, minute)
