"""`/tocsin`: what can be looked at, and what can be muted. Also what `@Tocsin …` answers."""

import re
from collections.abc import Callable, Mapping

from bot.digests.rhythm import Every
from bot.engine.reading import find_incident
from bot.engine.whole import Engine
from bot.errors import InputError, NotFound, Refused
from bot.silences.asked import is_length, length_of, matcher_of
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from handlers.commands import subscriptions
from handlers.pages import Usage, known_services, unknown

_INCIDENT = re.compile(r"\binc-?\d+\b", re.IGNORECASE)
_TIME = re.compile(r"\b(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(?::\d\d)?\b")
_ASKING = frozenset(["i", "we", "was", "were", "is", "are", "told", "anything", "nothing", "posted"])
_NUMBERED = re.compile(r"\b(?P<what>run|silence)\s+#?(?P<number>\d+)\b", re.IGNORECASE)


def answer(engine: Engine, asked: Asked) -> Answer:
    word, _, rest = asked.text.partition(" ")
    looked_at = _SUBCOMMANDS.get(word.lower() or "help")
    if looked_at is None:
        return Reply("replies/unknown", unknown("/tocsin", word, _SUBCOMMANDS))
    return looked_at(engine, asked, rest.strip())


def help_(engine: Engine, asked: Asked, rest: str) -> Answer:
    return Reply("replies/help")


def status(engine: Engine, asked: Asked, rest: str) -> Answer:
    return Reply("replies/status", engine.reading.status())


def incidents(engine: Engine, asked: Asked, rest: str) -> Answer:
    return Reply("replies/incidents", engine.reading.incidents())


def incident(engine: Engine, asked: Asked, rest: str) -> Answer:
    if not rest:
        return incidents(engine, asked, rest)
    return Reply("incident", engine.reading.incident(find_incident(rest)))


def why(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`why INC-12`, `why run 3`, `why silence 4`, `why not checkout 14:05`, and the same in a sentence."""
    found = _INCIDENT.search(rest)
    if found or rest.isdigit():
        return Reply("replies/why", engine.whys.incident(find_incident(found.group() if found else rest)))
    numbered = _NUMBERED.search(rest)
    if numbered:
        number = int(numbered["number"])
        if numbered["what"].lower() == "run":
            return Reply("replies/why_run", engine.whys.run(number))
        return Reply("replies/silenced", engine.silences.one(number))
    words = rest.replace("?", " ").replace(",", " ").split()
    known = known_services(engine)
    service = next((word for word in words if word in known), "") or _unknown_service(words)
    if len(words) == 1 and not service:
        return Reply("replies/why", engine.whys.incident(find_incident(rest)))
    if not service:
        return Reply("replies/usage", Usage("/tocsin", "why INC-12"))
    at = _TIME.search(rest)
    return Reply("replies/why_not", engine.whys.service(service, _padded(at.group()) if at else ""))


def silence(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`silence checkout 2h a reason`, `silence kind=alert service=web 1d a reason`."""
    words = rest.split()
    place = next((i for i, word in enumerate(words) if is_length(word)), None)
    if not place:
        return Reply("replies/usage", Usage("/tocsin", "silence checkout 2h …"))
    matchers = [matcher_of(word) for word in words[:place]]
    view = engine.silences.silence(asked.person, matchers, length_of(words[place]), " ".join(words[place + 1 :]))
    return Reply("replies/silenced", engine.silences.one(view.silence.id))


def silences(engine: Engine, asked: Asked, rest: str) -> Answer:
    return Reply("replies/silences", engine.silences.page())


def unsilence(engine: Engine, asked: Asked, rest: str) -> Answer:
    number = rest.removeprefix("#").strip()
    if not number.isascii() or not number.isdigit():
        raise InputError(f"{rest!r} is not the number of a silence; /tocsin silences lists them"[:200], place="silence")
    engine.silences.end(int(number), asked.person)
    return Reply("replies/silenced", engine.silences.one(int(number)))


def maintenance(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`maintenance checkout payments 2h a reason`."""
    words = rest.split()
    place = next((i for i, word in enumerate(words) if is_length(word)), None)
    if not place:
        return Reply("replies/usage", Usage("/tocsin", "maintenance checkout 2h …"))
    services = [word.rstrip(",") for word in words[:place]]
    engine.silences.maintain(asked.person, services, length_of(words[place]), " ".join(words[place + 1 :]))
    return silences(engine, asked, "")


def digest(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`digest`, `digest week`, `digest checkout web`."""
    words = [word.rstrip(",") for word in rest.split()]
    every = Every.WEEK if {"week", "weekly"} & set(words) else Every.DAY
    services = [word for word in words if word not in ("week", "weekly", "day", "daily")]
    known = known_services(engine)
    for service in services:
        if service not in known:
            raise NotFound("service", service, known=known)
    return Reply("digest", engine.digests.compose_now(every, services, asked.person.key))


def runbook(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`runbook` lists them, `runbook INC-12` shows the best one for it, `runbook NAME INC-12` that one for it."""
    found = _INCIDENT.search(rest)
    incident = find_incident(found.group()) if found else 0
    name = _INCIDENT.sub("", rest).strip()
    if name:
        return Reply("runbook", engine.runbooks.page(name, incident))
    if not incident:
        return Reply("replies/runbooks", engine.runbooks.all())
    fitting = engine.runbooks.of_incident(incident)
    return Reply("runbook", fitting[0]) if fitting else Reply("replies/runbooks", engine.runbooks.all())


def remedies(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`remedies` lists them, `remedy stop NAME` keeps one from acting, `remedy resume NAME` lets it act again."""
    word, _, name = rest.partition(" ")
    if word == "stop" and name:
        engine.remedies.stop(name.strip(), asked.person)
    elif word == "resume" and name:
        engine.remedies.resume(name.strip(), asked.person)
    elif word:
        return Reply("replies/usage", Usage("/tocsin", "remedies"))
    return Reply("replies/remedies", tuple(engine.remedies.all()))


def totp(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`totp` shows what to put into an authenticator, `totp 123456` confirms it. Only where nobody else reads."""
    if not asked.channel.startswith("D"):
        raise Refused("only_in_direct_messages")
    if not rest:
        return Reply("replies/totp", engine.second_factors.begin(asked.person))
    engine.second_factors.confirm(asked.person, rest)
    return Reply("replies/totp")


def stats(engine: Engine, asked: Asked, rest: str) -> Answer:
    """`stats`, `stats 90`, `stats 30 checkout web`, `stats 7d shop-team`, `stats explained`."""
    first, *names = [word.rstrip(",") for word in rest.split()] or ["30"]
    if first in ("explained", "explain", "help"):
        return Reply("replies/measures")
    days = first.removesuffix("d")
    if not (days.isascii() and days.isdigit()):
        days, names = "30", [first, *names]
    if len(days) > 5:
        return Reply("replies/usage", Usage("/tocsin", "stats 30"))
    return Reply("replies/stats", engine.stats.page(int(days), names))


def _unknown_service(words: list[str]) -> str:
    """Whom somebody asks about that nothing was heard of: the word after "about", "for" or "not"."""
    for before in ("about", "for", "not"):
        if before in words[:-1] and (word := words[words.index(before) + 1]) not in _ASKING:
            return word
    return ""


def _padded(text: str) -> str:
    """ "9:05" → "09:05"."""
    date, space, clock = text.rpartition(" ") if " " in text else ("", "", text)
    return f"{date}{space}{'0' if clock.find(':') == 1 else ''}{clock}"


_SUBCOMMANDS: Mapping[str, Callable[[Engine, Asked, str], Answer]] = {
    "help": help_,
    "status": status,
    "incidents": incidents,
    "incident": incident,
    "why": why,
    "silence": silence,
    "silences": silences,
    "unsilence": unsilence,
    "maintenance": maintenance,
    "digest": digest,
    "subscribe": subscriptions.subscribe,
    "unsubscribe": subscriptions.unsubscribe,
    "subscriptions": subscriptions.listed,
    "runbook": runbook,
    "runbooks": runbook,
    "remedy": remedies,
    "remedies": remedies,
    "totp": totp,
    "stats": stats,
}
