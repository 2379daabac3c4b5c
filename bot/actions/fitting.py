"""Does something that was written for a kind of trouble fit this incident? For runbooks and remedies alike.

    services = ["checkout", "pay-*"]     any of them; "*" stands for any text, everything else for itself
    templates = ["Payment declined *"]   of a log line, or the title of an alert

One signal has to fit all of it; what says nothing fits everything. `{service}`, `{version}` and the like are filled in
from the incident (`FACTS` has all of them): an unknown one is a mistake of whoever wrote it, an unknown value is ''.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.changes.model import Change
from bot.incidents.model import Incident
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

FACTS = ("incident", "service", "title", "severity", "began_at", "opened_at", "template", "fingerprint", "version",
         "previous", "change")  # fmt: skip
"""`version` and `previous` are those of the first suspected change, `change` its link."""

ENTITY = "entity."
"""`{entity.host}`: the value of that kind that the signals name, when they name only one."""

_WRITTEN_BY_OTHERS = frozenset({"title", "template"})
_PLACE = re.compile(r"\{([^{}]*)\}")
_ENTITY = re.compile(r"entity\.[a-z][a-z0-9_]{0,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident as far as it matters here. `change`: the first suspect, when it is one."""

    incident: Incident
    signals: Sequence[Signal]
    change: Change | None = None

    @property
    def facts(self) -> Mapping[str, str]:
        incident, change = self.incident, self.change
        first = self.signals[0] if self.signals else None
        known = {
            "incident": incident.key,
            "service": incident.service,
            "title": incident.title,
            "severity": incident.severity.value,
            "began_at": incident.began_at.isoformat(),
            "opened_at": incident.opened_at.isoformat(),
            "template": first.evidence.template if first else "",
            "fingerprint": first.fingerprint if first else "",
            "version": change.version if change else "",
            "previous": change.previous if change else "",
            "change": change.link if change else "",
        }
        named: dict[str, set[str]] = {}
        for kind, value in (entity for signal in self.signals for entity in signal.entities):
            named.setdefault(kind, set()).add(value)
        return known | {f"{ENTITY}{kind}": next(iter(values)) for kind, values in named.items() if len(values) == 1}


@dataclass(frozen=True, slots=True)
class Fitting:
    """What something was written for. `severity`: that bad or worse."""

    services: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    kinds: tuple[SignalKind, ...] = ()
    severity: Severity | None = None

    def fits(self, trouble: Trouble) -> bool:
        if self.severity is not None and not trouble.incident.severity.at_least(self.severity):
            return False
        return any(self._fits(signal, trouble.incident) for signal in trouble.signals)

    @property
    def exactness(self) -> int:
        """How much it asks for: what asks for more is the better one."""
        asked = (self.fingerprints, self.templates, self.kinds, self.services, self.severity)
        return sum(2 ** (len(asked) - i) for i, one in enumerate(asked) if one)

    def _fits(self, signal: Signal, incident: Incident) -> bool:
        texts = (signal.evidence.template, signal.title)
        return (
            _any(self.services, (signal.service, incident.service))
            and _any(self.templates, texts)
            and _any(self.fingerprints, (signal.fingerprint,))
            and (not self.kinds or signal.kind in self.kinds)
        )


def unknown_places(text: str) -> list[str]:
    """What stands in braces in it and is no fact of an incident."""
    return [name for name in _PLACE.findall(text) if name not in FACTS and not _ENTITY.fullmatch(name)]


def is_from_outside(text: str) -> bool:
    """Whether what others write (log lines, alerts) fills a place in it."""
    return any(name in _WRITTEN_BY_OTHERS or name.startswith(ENTITY) for name in _PLACE.findall(text))


def filled(parameters: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """The values with the incident's facts in their places; one of which a fact is not known is left out."""
    found = {}
    for name, text in parameters.items():
        if all(facts.get(place) for place in _PLACE.findall(text)):
            found[name] = _PLACE.sub(lambda place: facts[place[1]], text)
    return found


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern says, in time proportional to their lengths."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *middle, last = others
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _any(patterns: Sequence[str], texts: Sequence[str]) -> bool:
    return not patterns or any(matches(pattern, text) for pattern in patterns for text in texts if text)
