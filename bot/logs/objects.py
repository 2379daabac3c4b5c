"""What do many JSON objects say at once? Their times, messages and levels in columns.

Objects of one program have the same few sets of keys, so where their parts stand is found once for each set. Attributes
are put together when somebody looks at them. It gives what `LineParser.parse_fields` gives one by one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple, cast

from bot.logs.columns import Unread, clean_all, times_of_iso, times_of_seconds
from bot.logs.headers import LEVELS
from bot.logs.parse import LineParser
from bot.logs.record import LogRecord
from bot.logs.structured import FLAT_MAX, from_mapping, level_of, roles_of
from bot.logs.structured import LEVELS as LEVEL_KEYS
from bot.logs.timestamps import EPOCH_MAX

NESTED_LEVEL = "log"
"""The object that may hold a `level` (ECS) when there is none beside it."""
NESTED_MAX = 64
_BEFORE_NESTED = LEVEL_KEYS[: LEVEL_KEYS.index("log.level") + 1]
_MAY_BE_HEADED = re.compile(r"\{|\[?(?:\d{4}[-/]|\d\d:)|\s|$")
"""A message that may have a header of its own, or be JSON once more, or be blank."""

NOTHING: Mapping[str, str] = {}
Objects = Sequence[Mapping[str, object]]


class Plan(NamedTuple):
    """Under which keys the parts of an object stand."""

    time: str
    message: str
    level: str


@lru_cache(maxsize=512)
def plan_of(keys: tuple[str, ...]) -> Plan | None:
    """For objects of these keys; None when there is no time or no message, or they are too many."""
    roles, _ = roles_of(keys)
    if len(keys) > FLAT_MAX or "time" not in roles or "message" not in roles:
        return None
    level = roles.get("level", "")
    if NESTED_LEVEL in keys and roles["message"] != NESTED_LEVEL and level not in _BEFORE_NESTED:
        return None if level else Plan(roles["time"], roles["message"], NESTED_LEVEL)
    return Plan(roles["time"], roles["message"], level)


def records_of(
    objects: Objects, services: Iterable[str], parser: LineParser, more: Iterable[Mapping[str, str]] = repeat(NOTHING)
) -> list[LogRecord] | None:
    """Of objects that each tell a time, a message and perhaps a level; None when one does not. For each object its
    service, and attributes that it has besides its own."""
    plans = list(map(plan_of, map(tuple, objects)))
    if not plans or None in plans:
        return None
    told, messages, said = _columns(objects, cast("Sequence[Plan]", plans))
    times, levels = _times(told), _levels(said)
    if times is None or levels is None or set(map(type, messages)) != {str}:
        return None
    texts = clean_all(cast("Sequence[str]", messages))
    if texts is not messages:
        texts = clean_all([message.rstrip("\r\n") for message in cast("Sequence[str]", messages)])
    attributes = map(Unread, repeat(_attributes), zip(objects, more))  # noqa: B905 - `more` may be endless
    records = list(map(LogRecord, times, services, texts, levels, attributes))
    for place in _odd(texts):
        record = _alone(objects[place], records[place], parser)
        if record is None:
            return None
        records[place] = record
    return records


def _columns(objects: Objects, plans: Sequence[Plan]) -> tuple[Sequence[object], Sequence[object], Sequence[object]]:
    """The times, messages and levels as they were told."""
    plan = plans[0]
    if plans.count(plan) == len(plans):
        times = list(map(itemgetter(plan.time), objects))
        messages = list(map(itemgetter(plan.message), objects))
        if plan.level and plan.level != NESTED_LEVEL:
            return times, messages, list(map(itemgetter(plan.level), objects))
    else:
        times = [of[plan.time] for of, plan in zip(objects, plans, strict=True)]
        messages = [of[plan.message] for of, plan in zip(objects, plans, strict=True)]
    return times, messages, [_level(of, plan.level) for of, plan in zip(objects, plans, strict=True)]


def _alone(of: Mapping[str, object], record: LogRecord, parser: LineParser) -> LogRecord | None:
    """The record of an object whose message must be looked into."""
    told = parser.parse_fields(of).record
    if told is None:
        return None
    attributes = {**told.attributes, **record.attributes}
    return LogRecord(told.at, record.service, told.text, told.level, attributes)


def _odd(texts: Sequence[str]) -> Sequence[int]:
    """The places of texts that must be looked at by themselves."""
    if all(first.isalpha() for first in {text[:1] for text in texts}):
        return ()
    return [place for place, text in enumerate(texts) if _MAY_BE_HEADED.match(text)]


def _attributes(told: tuple[Mapping[str, object], Mapping[str, str]]) -> Mapping[str, str]:
    of, more = told
    return {**from_mapping(of).attributes, **more}


def _level(of: Mapping[str, object], key: str) -> object:
    if key != NESTED_LEVEL:
        return of[key] if key else ""
    nested = of[key]
    if not isinstance(nested, dict):
        return ""
    return nested.get("level", "") if len(nested) <= NESTED_MAX else None


def _levels(told: Sequence[object]) -> list[str] | None:
    """Lower case, as Tocsin calls them. None when one is neither a text nor a whole number."""
    if not set(map(type, told)) <= {str, int}:
        return None
    names: dict[object, str] = {}
    for value in set(told):
        name = level_of(value)
        names[value] = LEVELS.get(name.lower(), name)
    return list(map(names.__getitem__, told))


def _times(told: Sequence[object]) -> list[datetime] | None:
    kinds = set(map(type, told))
    if kinds == {str}:
        stamps = cast("Sequence[str]", told)
        return times_of_iso(stamps) if {stamp[4:5] for stamp in stamps} == {"-"} else None
    if not kinds <= {int, float}:
        return None
    numbers = cast("Sequence[float]", told)
    if not (min(numbers) >= 1e8 and max(numbers) < 1e20):
        return None
    return times_of_seconds(list(map(_seconds, numbers)))


def _seconds(number: float) -> float:
    """Of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size."""
    seconds = float(number)
    while seconds >= EPOCH_MAX:
        seconds /= 1000
    return round(seconds, 6)
