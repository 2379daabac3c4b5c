# ruff: noqa: E501 - tables of patterns and cases, one a line
"""What do a JSON or logfmt line's fields say? Its message, level, time and service; the other fields become
attributes."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

MESSAGES = (
    "message",
    "msg",
    "log",
    "Log",
    "MESSAGE",
    "body",
    "text",
    "event",
    "short_message",
    "@message",
    "Message",
    "Body",
)
LEVELS = (
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "loglevel",
    "severity_text",
    "SeverityText",
    "PRIORITY",
    "priority",
    "Level",
    "@l",
)
TIMES = ("ts", "time", "timestamp", "@timestamp", "at", "date", "datetime", "eventTime", "t", "Timestamp", "TimeUnixNano",
         "__REALTIME_TIMESTAMP", "@t", "asctime", "created", "_time")  # fmt: skip
SERVICES = ("service", "service.name", "service_name", "app", "application", "app_name", "SYSLOG_IDENTIFIER", "container_name", "container",
            "Container", "job", "unit", "logger_service")  # fmt: skip
ATTRIBUTES_MAX = 64
ATTRIBUTE_CHARACTERS_MAX = 1_024
DEPTH_MAX = 4
FLAT_MAX = 4 * ATTRIBUTES_MAX
_SYSLOG_LEVELS = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
_LOGFMT = re.compile(r"([A-Za-z_@][\w.\-/@]{0,80})=(?:\"((?:[^\"\\]|\\.){0,8192})\"|([^\s\"]{0,2048}))(?:\s+|$)")


_ROLES = {
    name: (role, rank)
    for role, names in (("message", MESSAGES), ("level", LEVELS), ("time", TIMES), ("service", SERVICES))
    for rank, name in enumerate(names)
}
_NO_ROLE = ("", 0)
_SCALARS = (str, int, float, bool)


Roles = tuple[Mapping[str, str], Sequence[str]]


def roles_of(names: Sequence[str]) -> Roles:
    """Role ("message", "level", "time", "service") → the field that has it, and the fields that are attributes."""
    chosen: dict[str, tuple[int, str]] = {}
    rest: list[str] = []
    for name in names:
        role, rank = _ROLES.get(name, _NO_ROLE)
        if not role:
            rest.append(name)
        elif role not in chosen or rank < chosen[role][0]:
            if role in chosen and role != "time":
                rest.append(chosen[role][1])
            chosen[role] = (rank, name)
        elif role != "time":  # of several times one counts, and none is an attribute
            rest.append(name)
    return {role: name for role, (_, name) in chosen.items()}, rest[:ATTRIBUTES_MAX]


_roles_of_few = lru_cache(maxsize=512)(roles_of)


class Fields(msgspec.Struct):
    """The parts of a structured line; `time` is as written (text or number) or None."""

    message: str = ""
    level: str = ""
    time: object = None
    service: str = ""
    attributes: dict[str, str] = msgspec.field(default_factory=dict)


def parse_json(line: str) -> Fields | None:
    """The fields of a JSON object; None when the line is none. A container runtime's `{"log": "…\\n", …}` is
    unwrapped."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return from_mapping(value) if isinstance(value, dict) else None


def from_mapping(value: Mapping[str, object]) -> Fields:
    """The fields of an object that was decoded already."""
    flat: Mapping[str, object] = value
    if not all(part.__class__ in _SCALARS for part in value.values()) or len(value) > FLAT_MAX:
        flat = {}
        _flatten(dict(sorted(value.items(), key=_nesting)), "", flat, 0)
    names = tuple(flat)
    roles, rest = _roles_of_few(names) if len(names) <= ATTRIBUTES_MAX else roles_of(names)
    return Fields(
        _text(flat[roles["message"]]).rstrip("\r\n") if "message" in roles else "",
        level_of(flat[roles["level"]]) if "level" in roles else "",
        flat[roles["time"]] if "time" in roles else None,
        _text(flat[roles["service"]]) if "service" in roles else "",
        {
            name: (told if (told := flat[name]).__class__ is str else _text(told))[:ATTRIBUTE_CHARACTERS_MAX]
            for name in rest
        },
    )


def parse_logfmt(line: str) -> Fields | None:
    """The fields of a logfmt line: nothing but `key=value` pairs, at least two, one of them a message, level or
    time."""
    pairs: dict[str, object] = {}
    end = 0
    while end < len(line) and len(pairs) <= ATTRIBUTES_MAX:
        found = _LOGFMT.match(line, end)
        if found is None:
            return None
        pairs[found[1]] = found[3] if found[2] is None else found[2].replace('\\"', '"').replace("\\\\", "\\")
        end = found.end()
    known = [name for name in pairs if name in MESSAGES or name in LEVELS or name in TIMES]
    if len(pairs) < 2 or not any(name in MESSAGES for name in known) or len(known) < 2:
        return None
    return from_mapping(pairs)


def _nesting(part: tuple[str, object]) -> int:
    """What stands at the top comes first, then what may hold a level or service: however much there is, they count."""
    name, value = part
    return 0 if not isinstance(value, dict) else 1 if name in ("log", "service") else 2


def _flatten(value: Mapping[str, object], prefix: str, into: dict[str, object], depth: int) -> None:
    """Of `"log.level"` and `"log": {"level"}`, which have one name, the one that came first counts."""
    for key, part in value.items():
        if len(into) >= FLAT_MAX:
            return
        if isinstance(part, dict) and depth < DEPTH_MAX:
            _flatten(part, f"{prefix}{key}.", into, depth + 1)
        elif part is not None:
            into.setdefault(f"{prefix}{key}", part)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode("utf-8", "replace")


def level_of(value: object) -> str:
    text = _text(value).strip()
    if text.isdigit():
        number = int(text[:4])
        if number < 8:
            return _SYSLOG_LEVELS[number]
        return (
            next(
                (
                    name
                    for bound, name in ((20, "debug"), (30, "debug"), (40, "info"), (50, "warning"), (60, "error"))
                    if number < bound
                ),
                "critical",
            )
            if number % 10 == 0
            else ""
        )
    return text.lower()
