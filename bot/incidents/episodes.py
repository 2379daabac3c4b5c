"""What of an incident is of now, and what is of before? Trouble that was over and is back begins a new episode.

An incident stays open for some quiet minutes. What is seen again in them belongs to it, but where it began is asked of
what is seen now: the lines of callers that fail are the same whatever fails below them. Where the service that the
episode before began in shows nothing now, it is another problem; so it is where what is seen now is new, and none of
what the incident was known by is back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from bot.incidents.model import Incident, TimelineEntry
from bot.incidents.naming import named_in
from bot.incidents.roots import Root
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

OVER_AFTER = timedelta(minutes=2.5)
"""Nothing was seen for so long: three windows of a minute without it."""

SETTLED_AFTER, PARTS_WITHIN = timedelta(seconds=45), timedelta(minutes=4)
"""Whether it is the same is said when the first window is whole, and not much later: then people read it as one."""

MOMENT = timedelta(minutes=5)
"""A figure that was never so high was so at one time; it is news for so long."""

SHORTLY_BEFORE = timedelta(minutes=20)
"""Where one service alone is back, suspects are ranked also on what was seen so long before."""

_BEGINNINGS = frozenset({"again", "reopened", "flapping"})
_SLACK = timedelta(minutes=1)
_SHARE_LEFT_MAX = 0.3
_SERVICES_MIN = 2


class Lines(Enum):
    """Of the lines that an incident could be told by in the episodes before: it had none; they are back; only others
    are seen now; none are."""

    UNKNOWN, BACK, OTHERS, NONE = range(4)


@dataclass(frozen=True, slots=True)
class Episode:
    """Since when it is on, when that was noticed, the service where the one before began, '' for the first, and the
    last signal that the incident had then (its id, 0 when that is not known)."""

    began_at: datetime
    noticed_at: datetime
    before: str = ""
    known_to: int = 0


def is_over(incident: Incident, began_at: datetime) -> bool:
    """Was it over when what is seen now began?"""
    return began_at - incident.last_signal_at >= OVER_AFTER


def episode_of(incident: Incident, timeline: Sequence[TimelineEntry]) -> Episode:
    for entry in reversed(timeline):
        if entry.kind in _BEGINNINGS:
            facts = dict(entry.facts)
            began_at = datetime.fromisoformat(facts["began_at"]) if "began_at" in facts else entry.at
            return Episode(began_at, entry.at, facts.get("before", ""), int(facts.get("known_to", 0)))
    noticed_at = incident.reopened_at or incident.opened_at
    return Episode(incident.reopened_at or incident.began_at, noticed_at)


def of_episode(signals: Sequence[Signal], episode: Episode) -> list[Signal]:
    """Those that were seen in it; all when none was."""
    return [s for s in signals if s.seen_until >= episode.began_at - _SLACK] or list(signals)


def to_rank(signals: Sequence[Signal], episode: Episode) -> list[Signal]:
    """On which suspects are ranked: those of the episode. One service alone that is back says too little of where it
    began, so what was seen shortly before counts, too."""
    seen = of_episode(signals, episode)
    services = {s.service for s in seen if s.severity.at_least(Severity.MINOR)}
    if len(services) >= _SERVICES_MIN:
        return seen
    return [s for s in signals if s.seen_until >= episode.began_at - SHORTLY_BEFORE] or seen


def seen_at(signal: Signal, now: datetime) -> datetime:
    """Until when a signal that is raised once more says something: a record stands for a while, and is old by then."""
    is_moment = signal.kind is SignalKind.SERIES and "limit" not in signal.attributes
    return min(now, signal.began_at + MOMENT) if is_moment else now


def is_elsewhere(signals: Sequence[Signal], episode: Episode, roots: Sequence[Root]) -> bool:
    """Does the service that the episode before began in show nothing now, and another one is the likely origin?"""
    if not episode.before or not roots or roots[0].service == episode.before:
        return False
    troubled = {s.service for s in signals if s.severity.at_least(Severity.MINOR)}
    share = next((root.share for root in roots if root.service == episode.before), 0.0)
    return episode.before not in troubled and share <= _SHARE_LEFT_MAX * roots[0].share


def lines_of(signals: Sequence[Signal], episode: Episode, services: Collection[str]) -> Lines:
    """What do the lines say that a problem is told by? Alerts and complaints of another service are the same whatever
    is behind them, so they say nothing. `signals`: all of the incident."""
    telling = [s for s in signals if _is_telling(s, services)]
    known = [s for s in telling if s.id <= episode.known_to]
    seen = [s for s in telling if s.seen_until >= episode.began_at - _SLACK]
    if not known:
        return Lines.UNKNOWN
    before = {(s.service, s.evidence.template_id) for s in known}
    if any((s.service, s.evidence.template_id) in before for s in seen):
        return Lines.BACK
    return Lines.OTHERS if seen else Lines.NONE


def is_of_lines(signal: Signal) -> bool:
    """Trouble that a problem can be told by: an alert or a figure is the same whatever is behind it."""
    own = signal.evidence.template_id or signal.kind is SignalKind.RATE_DOWN
    return bool(own) and signal.severity.at_least(Severity.MINOR)


def _is_telling(signal: Signal, services: Collection[str]) -> bool:
    return is_of_lines(signal) and not named_in(signal, services)
