"""What does somebody's report of a change say?

A report is an object with the fields of `Change`; `kind` and `service` must be there. Without a `key` the change is
known by what it says and when it was.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.errors import InputError
from bot.services import service_name

TEXT_FIELDS = {
    "key": 200,
    "version": 200,
    "previous": 200,
    "by": 200,
    "summary": 2000,
    "link": 2000,
    "environment": 100,
    "source": 100,
}
"""Field → how many characters at most."""
FIELDS = ("kind", "service", "at", *TEXT_FIELDS, "attributes")
ATTRIBUTES_MAX = 50
AHEAD_MAX = timedelta(hours=1)
EPOCH_MS_FROM = 1e11
"""A number above this counts milliseconds: as seconds it would be the year 5138."""


def change_from(report: Mapping[str, object], now: datetime | None) -> Change:
    """The change that `report` tells of. Without an `at` it happened `now`; when `now` is None it must say when.

    Raises `InputError` that names the field.
    """
    unknown = [str(name) for name in report if name not in FIELDS]
    if unknown:
        raise InputError(f"there is no such field (known: {', '.join(FIELDS)})", place=unknown[0][:100])
    texts = {name: _text(report, name, length) for name, length in TEXT_FIELDS.items()}
    if texts["link"] and not texts["link"].startswith(("https://", "http://")):
        raise InputError("a link begins with https:// or http://", place="link")
    kind, service, at = _kind(report), _service(report), _time(report, now)
    attributes = _attributes(report)
    key = texts["key"] or _derived_key(kind, service, at, texts, attributes)
    return Change(
        key=key,
        kind=kind,
        service=service,
        at=at,
        version=texts["version"],
        previous=texts["previous"],
        by=texts["by"],
        summary=texts["summary"],
        link=texts["link"],
        environment=texts["environment"],
        source=texts["source"],
        attributes=attributes,
    )


def _text(report: Mapping[str, object], name: str, length: int) -> str:
    value = report.get(name)
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and name in ("version", "previous", "key"):
        value = str(value)
    if not isinstance(value, str):
        raise InputError(f"a text is expected, not {value!r}"[:200], place=name)
    value = value.replace("\x00", "\N{REPLACEMENT CHARACTER}").strip()
    if len(value) > length:
        raise InputError(f"it is {len(value)} characters long; {length} are kept", place=name)
    return value


def _kind(report: Mapping[str, object]) -> ChangeKind:
    value = report.get("kind")
    try:
        return ChangeKind(value) if isinstance(value, str) else ChangeKind("")
    except ValueError:
        known = ", ".join(ChangeKind)
        problem = "it is missing" if value is None else f"there is no kind {value!r}"[:200]
        raise InputError(f"{problem} (known: {known})", place="kind") from None


def _service(report: Mapping[str, object]) -> str:
    value = report.get("service")
    if not isinstance(value, str):
        raise InputError("it is missing" if value is None else "a text is expected", place="service")
    try:
        return service_name(value)
    except InputError as error:
        raise InputError(str(error), place="service") from None


def _time(report: Mapping[str, object], now: datetime | None) -> datetime:
    value = report.get("at")
    if value is None:
        if now is None:
            raise InputError("it is missing: say when it happened, like 2026-03-01T12:00:00Z", place="at")
        return now
    at = _as_time(value)
    if now is not None and at > now + AHEAD_MAX:
        raise InputError(f"{value!r} is in the future", place="at")
    return at


def _as_time(value: object) -> datetime:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > EPOCH_MS_FROM else value, UTC)
        if isinstance(value, str):
            at = datetime.fromisoformat(value.strip())
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise InputError(f"{value!r} is no time; write 2026-03-01T12:00:00Z or seconds since 1970"[:300], place="at")


def _attributes(report: Mapping[str, object]) -> dict[str, str]:
    value = report.get("attributes")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError("an object of texts is expected", place="attributes")
    if len(value) > ATTRIBUTES_MAX:
        raise InputError(f"there are {len(value)}; {ATTRIBUTES_MAX} are kept", place="attributes")
    return {str(name)[:200]: _attribute(str(name), item) for name, item in value.items()}


def _attribute(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise InputError("a text, a number or a yes or no is expected", place=f"attributes.{name}"[:200])
    return str(value).replace("\x00", "\N{REPLACEMENT CHARACTER}")[:2000]


def _derived_key(
    kind: ChangeKind, service: str, at: datetime, texts: Mapping[str, str], attributes: Mapping[str, str]
) -> str:
    """Equal reports have equal keys: a hash over every field, each with its length so that none runs into the next."""
    parts = [
        kind,
        service,
        at.isoformat(),
        *texts.values(),
        *(part for pair in sorted(attributes.items()) for part in pair),
    ]
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return f"report:{hashlib.sha256(joined.encode()).hexdigest()[:32]}"
