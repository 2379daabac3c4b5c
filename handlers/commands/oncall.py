"""`/oncall`: who is on call now and next, the shifts to come, and who stands in for whom."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.actions.spoken import Spoken, spoken
from bot.engine.pages import OncallPage
from bot.engine.whole import Engine
from bot.errors import InputError
from bot.silences.asked import is_length, length_of
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from handlers.pages import Usage

USUAL = timedelta(days=14)


def answer(engine: Engine, asked: Asked) -> Answer:
    """`/oncall`, `/oncall shop`, `/oncall shifts shop 14d`, `/oncall swap @ana until 18:00`, `/oncall end 3`."""
    word, _, rest = asked.text.partition(" ")
    step = _STEPS.get(word.lower())
    if step is not None:
        return step(engine, asked, rest.strip())
    return Reply("replies/oncall", engine.oncall.page(asked.text.strip()))


def shifts(engine: Engine, asked: Asked, rest: str) -> Answer:
    words = rest.split()
    lengths = [length_of(word) for word in words if is_length(word)]
    names = [word for word in words if not is_length(word)] or list(engine.oncall.names[:1])
    if not names:
        return Reply("replies/oncall", engine.oncall.page())
    return Reply("replies/shifts", engine.oncall.shifts_ahead(names[0], lengths[0] if lengths else USUAL))


def swap(engine: Engine, asked: Asked, rest: str) -> Answer:
    said = spoken(rest)
    words = [word for word in (said.first, *said.rest) if word]
    people = [asked.mentioned[word] for word in words if word in asked.mentioned]
    if len(people) != 1:
        return Reply("replies/usage", Usage("/oncall", "swap @ana until 18:00"))
    line = engine.oncall.swap(asked.person, people[0], said.take("until"), _schedule(asked, words, said), said.reason)
    return Reply("replies/oncall", OncallPage(engine.clock.now(), (line,)))


def end(engine: Engine, asked: Asked, rest: str) -> Answer:
    number = rest.removeprefix("#").strip()
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise InputError(f"{rest!r} is not the number of a swap; /oncall lists them"[:200], place="swap")
    line = engine.oncall.end_swap(int(number), asked.person)
    return Reply("replies/oncall", OncallPage(engine.clock.now(), (line,)))


def _schedule(asked: Asked, words: list[str], said: Spoken) -> str:
    """`swap shop @ana`, `swap @ana on shop`; '' when it is left open."""
    named = [word for word in words if word not in asked.mentioned]
    return named[0] if named else said.environment


_STEPS: Mapping[str, Callable[[Engine, Asked, str], Answer]] = {"shifts": shifts, "swap": swap, "end": end}
