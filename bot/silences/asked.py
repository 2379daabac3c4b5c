"""What does somebody who types a silence mean? `2h`, `kind=alert`, a service's name."""

import re
from datetime import timedelta

from bot.errors import InputError
from bot.silences.model import FIELDS, Matcher

_LENGTH = re.compile(r"(?P<number>\d{1,4}(?:\.\d)?)\s*(?P<unit>m|min|h|d|w)")
_UNITS = {"m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_UNITS["w"] = timedelta(weeks=1)


def length_of(text: str) -> timedelta:
    """`30m`, `2h`, `1d`, `1w`. Raises `InputError`."""
    found = _LENGTH.fullmatch(text.strip().lower())
    if not found:
        raise InputError(f"{text!r} is no length; write 30m, 2h, 1d or 1w"[:200], place="length")
    return float(found["number"]) * _UNITS[found["unit"]]


def is_length(text: str) -> bool:
    return bool(_LENGTH.fullmatch(text.strip().lower()))


def matcher_of(text: str) -> Matcher:
    """`service=checkout`, `kind=alert`, `title=disk*`, `entity:host=db-3`; a bare word is a service."""
    field, sign, value = text.partition("=")
    if not sign:
        return Matcher("service", text)
    is_known = field in FIELDS or field.startswith(("entity:", "attribute:"))
    if not is_known or not value:
        known = ", ".join(FIELDS)
        raise InputError(f"{text!r} matches nothing (fields: {known}, entity:NAME, attribute:NAME)"[:300], place="what")
    return Matcher(field, value)
