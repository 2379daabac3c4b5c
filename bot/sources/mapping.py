"""How does any other JSON alert become a signal? By a mapping of JMESPath expressions, which is data in `tocsin.toml`.

https://jmespath.org/specification.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError

from bot.errors import InputError
from bot.signals.severity import Severity
from bot.sources.alerting import alert, ended, service_of
from bot.sources.model import Decode, Example, Heard, Kind, Posted, Proof, Source
from bot.sources.received import decoded, moment, severity, text

ITEMS_MAX = 500
EXPRESSION_MAX = 2_000
EXPRESSIONS = ("key", "title", "items", "unwrap", "challenge", "status", "service", "severity", "began_at", "ended_at",
               "detail", "link", "labels")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """What a section `[sources.NAME.map]` holds: expressions over one alert. `items` finds the alerts in a body (the
    body itself when empty). A `status` that is one of `ended` ends the signal with that `key`, one of `ignored` means
    nothing, any other fires."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}  # as every section of the settings

    key: str
    title: str
    items: str = ""
    unwrap: str = ""
    """Where a JSON text stands inside the body that is the true body (SNS)."""
    challenge: str = ""
    """To an address or text that the sender wants to have confirmed before it sends (SNS)."""
    status: str = ""
    ended: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    service: str = ""
    severity: str = ""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """The sender's words → critical, major, minor, info."""
    began_at: str = ""
    ended_at: str = ""
    detail: str = ""
    link: str = ""
    labels: str = ""
    """To an object, or to a list of texts like `name:value`."""


def problems(rules: Rules) -> list[str]:
    """What is wrong with the expressions, as "title: …"."""
    found = []
    for name in EXPRESSIONS:
        expression = getattr(rules, name)
        if len(expression) > EXPRESSION_MAX:
            found.append(f"{name}: the expression is longer than {EXPRESSION_MAX} characters")
            continue
        try:
            if expression:
                jmespath.compile(expression)
        except (JMESPathError, RecursionError) as error:
            found.append(f"{name}: {expression!r} is no JMESPath expression: {str(error).splitlines()[0]}")
    return found


def by_rules(source: str, rules: Rules) -> Decode:
    def decode(posted: Posted) -> Heard:
        return decode_with(source, rules, posted)

    return decode


def decode_mapped(posted: Posted) -> Heard:
    """By the rules that the source's section in `tocsin.toml` has."""
    if not isinstance(posted.rules, Rules):
        raise InputError("this source has no mapping; write one under [sources.NAME.map] in tocsin.toml")
    return decode_with(posted.path.get("name", "mapping"), posted.rules, posted)


def decode_with(source: str, rules: Rules, posted: Posted) -> Heard:
    heard = Heard()
    body = decoded(posted.body)
    if rules.challenge and isinstance(challenge := _search(rules.challenge, body), str):
        heard.challenge = challenge[:2000]
        return heard
    if rules.unwrap and isinstance(inner := _search(rules.unwrap, body), str):
        body = decoded(inner.encode())
    items = _search(rules.items, body) if rules.items else body
    for index, item in enumerate(items[:ITEMS_MAX] if isinstance(items, list) else [items]):
        try:
            _hear(heard, source, rules, item, posted)
        except InputError as error:
            heard.reject(f"alert {index + 1}", str(error), posted.body)
    return heard


def _hear(heard: Heard, source: str, rules: Rules, item: Any, posted: Posted) -> None:
    key, status = _text(rules.key, item), _text(rules.status, item)
    if not key:
        raise InputError(f"the expression for key, {rules.key!r}, finds nothing in it")
    if status in rules.ignored:
        heard.ignored += 1
        return
    title = _text(rules.title, item) or key
    labels = _labels(rules.labels, item)
    service = posted.service or _text(rules.service, item) or service_of(labels)
    if status in rules.ended:
        at = moment(_search(rules.ended_at, item)) if rules.ended_at else None
        heard.ended.append(ended(source, key, service, at, posted.now, title))
        return
    word = _text(rules.severity, item)
    heard.signals.append(
        alert(
            source,
            key,
            title=title,
            service=service,
            severity=severity(rules.severities.get(word, word)),
            began_at=moment(_search(rules.began_at, item)) if rules.began_at else None,
            now=posted.now,
            labels=labels,
            detail=_text(rules.detail, item),
            url=_text(rules.link, item),
        )
    )


def _search(expression: str, value: Any) -> Any:
    try:
        return jmespath.search(expression, value)
    except (JMESPathError, RecursionError, TypeError, ValueError) as error:
        raise InputError(f"{expression!r} cannot be asked of it: {str(error).splitlines()[0][:200]}") from error


def _text(expression: str, item: Any) -> str:
    if not expression:
        return ""
    found = _search(expression, item)
    return text(found) if isinstance(found, str | int | float) else _encoded(found)


def _encoded(found: Any) -> str:
    return msgspec.json.encode(found).decode()[:2000] if found not in (None, [], {}) else ""


def _labels(expression: str, item: Any) -> dict[str, str]:
    found = _search(expression, item) if expression else None
    if isinstance(found, str):
        found = found.split(",")
    if isinstance(found, list):
        pairs = (_pair(part) for part in found[:50])
        return {name.strip(): value.strip() for name, value in pairs if name.strip()}
    if isinstance(found, dict):
        return {str(name)[:200]: text(value) for name, value in list(found.items())[:50] if text(value)}
    return {}


def _pair(part: Any) -> tuple[str, str]:
    if isinstance(part, list) and len(part) == 2:
        return text(part[0]), text(part[1])
    if isinstance(part, dict):
        return text(part.get("name") or part.get("key")), text(part.get("value"))
    name, _, value = text(part).partition(":")
    return name, value


_TOML = """\
[sources.mine]                       # POST {url}/v1/hooks/mine
type = "mapping"
[sources.mine.map]
items = "problems"
key = "id"
title = "join(': ', [host, name])"
status = "state"
ended = ["OK"]
service = "tags.app"
severity = "level"
severities = {Disaster = "critical", High = "major", Average = "minor"}
began_at = "since"
link = "url"
labels = "tags"
"""

SOURCE = Source(
    name="mapping",
    title="Any JSON, by a mapping",
    kind=Kind.ALERTS,
    decode=decode_mapped,
    fixture="mapping.json",
    about="`tocsin sources try mine alert.json` shows what Tocsin would hear, before anything is sent.",
    examples=(Example("tocsin.toml", "toml", _TOML, Proof.DOCUMENTED),),
)
