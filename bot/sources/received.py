"""How are fields taken from what others sent? By path, never further than it goes, and within bounds."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from bot.errors import InputError
from bot.logs.timestamps import parse_any
from bot.services import LENGTH_MAX
from bot.signals.severity import Severity

UNKNOWN_SERVICE = "unknown"
TEXT_MAX = 2_000
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.:@-]+")
_FIRST = re.compile(r"^[^A-Za-z0-9_]+")

SEVERITIES: Mapping[str, Severity] = {
    **dict.fromkeys(("critical", "crit", "fatal", "emergency", "emerg", "page", "p1", "sev1", "1", "disaster", "alarm"),
                    Severity.CRITICAL),
    **dict.fromkeys(("major", "error", "err", "high", "p2", "sev2", "2", "severe", "alert", "alerting"),
                    Severity.MAJOR),
    **dict.fromkeys(("minor", "warning", "warn", "medium", "moderate", "low", "average"), Severity.MINOR),
    **dict.fromkeys(("p3", "sev3", "3", "p4", "sev4", "4"), Severity.MINOR),
    **dict.fromkeys(("info", "informational", "notice", "none", "p5", "sev5", "5", "debug", "ok"), Severity.INFO),
}  # fmt: skip


def decoded(body: bytes) -> Any:
    """The JSON value. Raises `InputError`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it is not JSON: {error}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None


def decoded_object(body: bytes) -> Mapping[str, Any]:
    found = decoded(body)
    if not isinstance(found, dict):
        raise InputError("a JSON object is expected")
    return found


def at_path(value: Any, *path: str | int) -> Any:
    """What stands at the path, or None where it ends early."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text(value: Any, *path: str | int, most: int = TEXT_MAX) -> str:
    """A text or number at the path as text; '' for anything else."""
    found = at_path(value, *path) if path else value
    if isinstance(found, str):
        return found[:most].replace("\x00", "\N{REPLACEMENT CHARACTER}").strip()
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float):
        return str(found)[:most]
    return ""


def first_text(value: Any, *paths: Sequence[str | int] | str, most: int = TEXT_MAX) -> str:
    """The first of the paths that holds a text."""
    for path in paths:
        found = text(value, *((path,) if isinstance(path, str) else path), most=most)
        if found:
            return found
    return ""


def objects(value: Any, *path: str | int, most: int = 1_000) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of the list at the path, with their places in it."""
    found = at_path(value, *path) if path else value
    if isinstance(found, list):
        for index, item in enumerate(found[:most]):
            if isinstance(item, dict):
                yield index, item


def labels(value: Any, *path: str | int, most: int = 50) -> dict[str, str]:
    """An object's texts and numbers."""
    found = at_path(value, *path) if path else value
    if not isinstance(found, Mapping):
        return {}
    return {str(name)[:200]: text(item) for name, item in list(found.items())[:most] if text(item)}


def moment(value: Any, *path: str | int) -> datetime | None:
    """A time as text or a number since 1970; Go's year 1 and what is no time are None."""
    found = at_path(value, *path) if path else value
    if isinstance(found, str):
        found = found.strip()
        if found.startswith("0001-") or not found:
            return None
        try:
            at = datetime.fromisoformat(found)
        except ValueError:
            return parse_any(found)
        return _in_utc(at)
    return parse_any(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _in_utc(at: datetime) -> datetime | None:
    if at.tzinfo is UTC:
        return at
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError:
        return None


@lru_cache(maxsize=4096)
def service_like(name: str, otherwise: str = UNKNOWN_SERVICE) -> str:
    """A service's name made of `name`: what cannot stand in one becomes a dash."""
    made = _FIRST.sub("", _NOT_A_NAME.sub("-", name.strip()))[:LENGTH_MAX].rstrip("-")
    return made or otherwise


def severity(word: str, otherwise: Severity = Severity.MAJOR) -> Severity:
    return SEVERITIES.get(word.strip().lower(), otherwise)


def figure(value: Any, *path: str | int) -> float | None:
    """A finite number at the path; None for anything else."""
    found = at_path(value, *path) if path else value
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def link(url: str) -> str:
    """`url` when it can be linked to."""
    return url[:TEXT_MAX] if url.startswith(("https://", "http://")) else ""
