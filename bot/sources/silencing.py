"""How is a silence told to an Alertmanager, and what is one of its own called here? Pure.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. What it gets is never wider than the silence
here: what labels cannot say is left to Tocsin alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.signals.model import Signal, SignalKind
from bot.silences.model import MATCHERS_MAX, Matcher, Silence, Untold
from bot.sources.alerting import ENTITY_LABELS, SERVICE_LABELS
from bot.sources.received import service_like

BY = "tocsin/"
NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Label:
    """A matcher as Alertmanager has it."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


@dataclass(frozen=True, slots=True)
class SilenceThere:
    id: str
    labels: tuple[Label, ...]
    by: str
    reason: str
    since: datetime
    until: datetime
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class AlertThere:
    """An alert that fires there, told or not, as the signal that it would be here."""

    signal: Signal
    labels: Mapping[str, str]
    silenced_by: tuple[str, ...] = ()


def to_tell(silence: Silence, source: str, alerts: Sequence[AlertThere], service: str = "") -> SilenceThere | Untold:
    """The silence as Alertmanager `source` understands it. `alerts` are those that fire there: they say which label
    holds a service's name. `service`: all of its alerts are of that one."""
    found: list[Label] = []
    for matcher in silence.matchers:
        told = _labels(matcher, source, alerts, service)
        if isinstance(told, Untold):
            return told
        found += told
    if not found:
        return Untold.TOO_WIDE
    labels = tuple(dict.fromkeys(found))
    return SilenceThere("", labels, _by(silence), f"{silence.reason} {_mark(silence)}", silence.since, silence.until)


def is_told(there: SilenceThere, silence: Silence) -> bool:
    """Is it what `to_tell` made of the silence?"""
    return there.by == _by(silence) and there.reason.endswith(_mark(silence))


def heard(there: SilenceThere, origin: str) -> Silence:
    """One that was made there, as it is known here."""
    matchers = tuple(
        Matcher(f"attribute:{one.name}", one.value, _SIGNS[one.is_equal, one.is_regex]) for one in there.labels
    )
    by = " ".join(there.by.replace("/", " ").split())[:NAME_MAX] or origin
    return Silence(
        matchers[:MATCHERS_MAX], by, " ".join(there.reason.split())[:300], there.since, there.until, origin=origin
    )


_SIGNS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}


def _by(silence: Silence) -> str:
    return BY + silence.by


def _mark(silence: Silence) -> str:
    return f"(Tocsin silence {silence.id} of {silence.since:%Y-%m-%d %H:%M:%S} UTC)"


def _labels(matcher: Matcher, source: str, alerts: Sequence[AlertThere], service: str) -> list[Label] | Untold:
    if matcher.field in ("kind", "source"):
        own = SignalKind.ALERT.value if matcher.field == "kind" else source
        return [] if matcher.fits(own) else Untold.NOT_ALERTS
    if matcher.field == "fingerprint":
        return _all_of(matcher, alerts)
    if matcher.field == "service":
        if service:
            return Untold.TOO_WIDE if matcher.fits(service) else Untold.NOT_ALERTS
        return _by_name(matcher, SERVICE_LABELS, alerts)
    kind, _, name = matcher.field.partition(":")
    if kind == "entity":
        return _by_name(matcher, [label for label, entity in ENTITY_LABELS.items() if entity == name], alerts)
    return _label(name, matcher.value) if kind == "attribute" else Untold.NO_LABEL


def _all_of(matcher: Matcher, alerts: Sequence[AlertThere]) -> list[Label] | Untold:
    """This very alert, by all of its labels."""
    found = next((alert for alert in alerts if matcher.matches(alert.signal)), None)
    return [Label(name, value) for name, value in sorted(found.labels.items())] if found else Untold.NOT_FIRING


def _by_name(matcher: Matcher, names: Sequence[str], alerts: Sequence[AlertThere]) -> list[Label] | Untold:
    """By the label in which the alerts have it; by the first of `names` when none fires."""
    if not names:
        return Untold.NO_LABEL
    for alert in alerts:
        if matcher.matches(alert.signal):
            name = next((name for name in names if alert.labels.get(name)), "")
            if not name or not matcher.fits(service_like(alert.labels[name])):
                return Untold.NO_LABEL
            return _label(name, matcher.value if matcher.value.endswith("*") else alert.labels[name])
    return _label(names[0], matcher.value)


def _label(name: str, value: str) -> list[Label] | Untold:
    if not value.endswith("*"):
        return [Label(name, value)]
    return [Label(name, re.escape(value[:-1]) + ".*", is_regex=True)] if value != "*" else Untold.TOO_WIDE
