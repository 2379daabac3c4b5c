"""What may people fill into an action, and is what they filled in right?

Everything arrives and leaves as text: a value is checked here once, and reaches a backend as argv or JSON.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from bot.actions.moments import moment
from bot.errors import InputError

LENGTH_MAX = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_YES, _NO = frozenset({"yes", "true", "on", "1"}), frozenset({"no", "false", "off", "0"})


class ParameterType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Parameter:
    """`fixed`: its value stands in the settings, and nobody fills it in (immutable). `secret`: fixed, and never shown
    or stored. `live`: the backend is asked for the choices when a form is opened."""

    name: str
    type: ParameterType = ParameterType.TEXT
    label: str = ""
    hint: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    default: str = ""
    fixed: str = ""
    secret: bool = False
    live: bool = False

    @property
    def is_asked(self) -> bool:
        return not self.fixed


def accept(parameters: Sequence[Parameter], given: Mapping[str, str], now: datetime, zone: tzinfo) -> dict[str, str]:
    """The values to plan with: what was given, checked, and the defaults and fixed values; secrets are left out.
    Raises `InputError` that names the parameter."""
    known = {parameter.name: parameter for parameter in parameters}
    for name, value in given.items():
        if name not in known and value:
            asked = ", ".join(p.name for p in parameters if p.is_asked) or "nothing"
            raise InputError(f"there is no such parameter; this action asks for: {asked}", place=name[:50])
    accepted = {p.name: _value(p, given.get(p.name, ""), now, zone) for p in parameters if not p.secret}
    return {name: value for name, value in accepted.items() if value}


def missing(parameters: Sequence[Parameter], given: Mapping[str, str]) -> tuple[str, ...]:
    """What people still have to say."""
    return tuple(p.name for p in parameters if p.required and p.is_asked and not (given.get(p.name) or p.default))


def secrets_of(parameters: Sequence[Parameter]) -> dict[str, str]:
    """Name → value of those that only the executor is told."""
    return {p.name: p.fixed for p in parameters if p.secret}


def _value(parameter: Parameter, given: str, now: datetime, zone: tzinfo) -> str:
    given = given.strip()
    if not parameter.is_asked:
        if given and given != parameter.fixed:
            raise InputError("the settings fix this value; it cannot be chosen", place=parameter.name)
        return parameter.fixed
    if not given and not parameter.default:
        if parameter.required:
            raise InputError("say which", place=parameter.name)
        return ""
    return _checked(parameter, given or parameter.default, now, zone)


def _checked(parameter: Parameter, value: str, now: datetime, zone: tzinfo) -> str:
    if len(value) > LENGTH_MAX:
        raise InputError(f"at most {LENGTH_MAX} characters", place=parameter.name)
    if _CONTROL.search(value):
        raise InputError("line breaks and control characters are not taken", place=parameter.name)
    if parameter.choices and value not in parameter.choices:
        raise InputError(f"{value[:50]!r} is none of {', '.join(parameter.choices[:20])}", place=parameter.name)
    if parameter.pattern and not re.fullmatch(parameter.pattern, value):
        raise InputError(f"{value[:50]!r} does not look right (wanted: {parameter.pattern})", place=parameter.name)
    match parameter.type:
        case ParameterType.NUMBER:
            return _number(parameter, value)
        case ParameterType.FLAG:
            return _flag(parameter, value)
        case ParameterType.MOMENT:
            return _moment(parameter, value, now, zone)
        case ParameterType.TEXT:
            return value


def _number(parameter: Parameter, value: str) -> str:
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?", value, re.ASCII):
        raise InputError(f"{value[:50]!r} is not a number", place=parameter.name)
    if parameter.minimum is not None and float(value) < parameter.minimum:
        raise InputError(f"at least {parameter.minimum:g}, not {value}", place=parameter.name)
    if parameter.maximum is not None and float(value) > parameter.maximum:
        raise InputError(f"at most {parameter.maximum:g}, not {value}", place=parameter.name)
    return value


def _flag(parameter: Parameter, value: str) -> str:
    said = value.lower()
    if said not in _YES | _NO:
        raise InputError(f"{value[:50]!r} is neither yes nor no", place=parameter.name)
    return "yes" if said in _YES else "no"


def _moment(parameter: Parameter, value: str, now: datetime, zone: tzinfo) -> str:
    found = moment(value, now, zone)
    if found is None:
        words = f"{value[:50]!r} is no time; say it like yesterday, 3 hours ago, 2026-11-20 or 2026-11-20T08:00Z"
        raise InputError(words, place=parameter.name)
    return found.isoformat()
