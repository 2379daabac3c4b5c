"""What is the likely cause? Changes and earlier trouble upstream, ranked by closeness, worded by a posterior.

What ranks a change is a score that fades with the time between it and the trouble, and with the distance in the service
graph. What is said about it is a probability, which weighs the same against the base rate of changes: where something
is changed every ten minutes, that something was changed ten minutes ago means little. "No change was guilty" and
"trouble upstream" are among the answers, so the likelihoods of all suspects add up to less than 1.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.incidents.conditions import TRAFFIC, condition_of
from bot.incidents.effects import Blamed
from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Suspect
from bot.incidents.naming import named_in
from bot.incidents.roots import Root, is_traffic, roots_of
from bot.incidents.template_diff import TemplateDiff
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

LOOK_BACK = timedelta(hours=6)
SLACK = timedelta(minutes=1)
"""A change may be reported with a clock that is a little ahead, or when it is finished and has done its harm."""

SUSPECTS_MAX = 5
LIKELY, POSSIBLE = 0.8, 0.3
PRIOR_CHANGE_IS_GUILTY = 0.7
LATE_SHARE = 0.1
"""Most harm shows within minutes (`_TAU`), some only after hours (`_TAU_LATE`)."""

NEW_TEMPLATE_WITHIN = timedelta(minutes=15)

REASONS = (
    "minutes_before",
    "minutes_after",
    "same_service",
    "depends_on",
    "used_by",
    "no_known_link",
    "new_template_after",
    "vanished_after",
    "shifted_after",
    "trouble_before",
    "not_production",
    "minutes_earlier",
    "began_here",
    "first_in_trouble",
    "named_by",
    "silent",
    "broken_off",
    "cut_short",
    "busier",
    "condition",
)
"""The keys of `Suspect.because`. Figures: minutes (`minutes_before`, `minutes_after`: between the change and the
trouble; `minutes_earlier`: by how much the trouble upstream is older), services, a log template's text
(`vanished_after`, `shifted_after`, `cut_short`), or (`not_production`) an environment."""

Reason = tuple[str, str]

_TAU, _TAU_LATE, _TAU_AFTER = timedelta(minutes=10), timedelta(hours=2), timedelta(seconds=30)
_BY_KIND = {
    ChangeKind.DEPLOY: 1.0,
    ChangeKind.CONFIG: 0.9,
    ChangeKind.FLAG: 0.9,
    ChangeKind.DATA_VERSION: 0.7,
    ChangeKind.MODEL_VERSION: 0.7,
    ChangeKind.ROLLBACK: 0.5,
    ChangeKind.PIPELINE_RUN: 0.3,
}
_BY_HOPS_DOWN = {1: 0.3, 2: 0.1}
_BY_HOPS_UP = {1: 0.15, 2: 0.03}
"""Where the trouble seems to have begun depends on the changed service, or the other way round, and the changed service
shows nothing itself."""

_SILENT = 0.4
"""A service that fell silent seldom did because of what it depends on."""

_NO_KNOWN_LINK = 0.02
_NEW_TEMPLATE_AFTER, _TROUBLE_BEFORE, _NOT_PRODUCTION = 2.0, 0.2, 0.1
_VANISHED_AFTER, _SHIFTED_AFTER = 0.6, 0.3
_NEW_TEMPLATE_FADES = timedelta(minutes=6)
_PRODUCTION = frozenset({"", "production", "prod", "live"})
_SERVICE_RANK, _SERVICE_SHARE_MIN = 0.3, 0.08
"""A service where no change is near is the likelier cause from this score of a change down."""

_UPSTREAM_ODDS, _CALLER_ODDS = 2.0, 0.3
_UNKNOWN_MIN = 0.5
"""Of the cases without a guilty change, in so many it is none of the services that were seen either."""

_CONDITION_SPEAKS, _CONDITION_RANK = 0.3, 0.7
"""A full disk speaks against the changes near it, and for the service."""

_USUAL_CHANGES, _USUAL_OVER = 1.0, timedelta(hours=12)
"""Before anything is known of a service's changes: one in twelve hours."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What the ranking is about. `origin`: service → how likely the trouble began there, the likeliest 1."""

    began_at: datetime
    service: str
    signals: Sequence[Signal]
    graph: ServiceGraph
    roots: Sequence[Root]
    origin: Mapping[str, float]
    silent: frozenset[str]
    conditions: Mapping[str, str]
    diffs: Mapping[str, TemplateDiff]

    def began_in(self, service: str) -> datetime:
        """When trouble began there, or in all when it shows none."""
        return next((root.began_at for root in self.roots if root.service == service and root.is_seen), self.began_at)

    def before(self, change: Change) -> timedelta:
        """How long before the trouble in its service; what came after that may still be behind the incident."""
        before = self.began_in(change.service) - change.at
        return before if before >= -SLACK else self.began_at - change.at


@dataclass(frozen=True, slots=True)
class _Scored:
    """`score` ranks; `weight` is the odds against "no change was guilty", times its prior."""

    suspect: Suspect
    score: float
    weight: float


def rank(
    began_at: datetime,
    service: str,
    signals: Sequence[Signal],
    changes: Sequence[Change],
    graph: ServiceGraph,
    now: datetime,
    verdicts: Mapping[str, str] | None = None,
    kinds: Mapping[ChangeKind, float] | None = None,
    diffs: Mapping[str, TemplateDiff] | None = None,
    effects: Sequence[Blamed] = (),
) -> list[Suspect]:
    """The likeliest first, at most `SUSPECTS_MAX`. `changes` are those of the look-back, all services'.

    `verdicts` are what people said, by subject: "confirmed" comes first with likelihood 1, "rejected" last with 0, and
    the others share what that leaves. `kinds` are weights of the kinds of change (see `learn_kinds`).
    `diffs`: the change's id → what its service has stopped writing since, as texts. `effects`: see `roots_of`.
    """
    case = _case(began_at, service, signals, graph, diffs or {}, effects)
    near = [c for c in changes if c.at <= now and -SLACK <= case.before(c) <= LOOK_BACK]
    scored = [s for c in near if (s := _change(case, c, near, kinds or _BY_KIND))]
    best = max((s.score for s in scored), default=0.0)
    scored = _judged([*scored, *(s for s in _services(case) if len(case.roots) > 1 or s.score > best)], verdicts or {})
    unnamed = max(
        _UNKNOWN_MIN, 1 - sum(r.share for r in case.roots if r.service in {s.suspect.subject for s in scored})
    )
    total = sum(s.weight for s in scored) + (1 - PRIOR_CHANGE_IS_GUILTY) * unnamed
    certain = any(s.suspect.verdict == "confirmed" for s in scored)
    ranked = sorted(scored, key=lambda s: (_order(s.suspect.verdict), -s.score, s.suspect.kind, s.suspect.subject))
    return [
        replace(s.suspect, likelihood=1.0 if s.suspect.verdict == "confirmed" else _share(s.weight, total, certain))
        for s in ranked[:SUSPECTS_MAX]
    ]


def _case(
    began_at: datetime,
    service: str,
    signals: Sequence[Signal],
    graph: ServiceGraph,
    diffs: Mapping[str, TemplateDiff],
    effects: Sequence[Blamed],
) -> _Case:
    roots = roots_of(signals, graph, effects)
    highest = max((root.share for root in roots), default=1.0)
    origin = {root.service: root.share / highest for root in roots} or {service: 1.0}
    silent = frozenset(root.service for root in roots if root.is_silent)
    return _Case(began_at, service, signals, graph, roots, origin, silent, _conditions(signals, graph), diffs)


def _conditions(signals: Sequence[Signal], graph: ServiceGraph) -> dict[str, str]:
    """Service → the state it is in, by its own lines or by those of who names it."""
    found = {signal.service: TRAFFIC for signal in signals if is_traffic(signal)}
    for signal in signals:
        condition = condition_of(signal)
        if condition:
            for service in named_in(signal, graph.services) or {signal.service}:
                found.setdefault(service, condition)
    return found


def word_for(likelihood: float) -> str:
    if likelihood >= LIKELY:
        return "likely"
    return "possible" if likelihood >= POSSIBLE else "nearby"


def learn_kinds(confirmed: Mapping[ChangeKind, int], rejected: Mapping[ChangeKind, int]) -> dict[ChangeKind, float]:
    """How guilty each kind of change usually is (0..1), from what people said; five verdicts weigh like what was
    assumed before."""
    assumed = 5.0
    return {
        kind: (confirmed.get(kind, 0) + assumed * prior) / (confirmed.get(kind, 0) + rejected.get(kind, 0) + assumed)
        for kind, prior in _BY_KIND.items()
    }


# -- changes


def _change(
    case: _Case, change: Change, changes: Sequence[Change], kinds: Mapping[ChangeKind, float]
) -> _Scored | None:
    nearness, link = _nearness(case, change.service)
    if not nearness:
        return None
    before = case.before(change)
    minutes = before / timedelta(minutes=1)
    factor, because = _evidence(case, change)
    factor *= nearness * kinds.get(change.kind, 0.5) * (_CONDITION_SPEAKS if change.service in case.conditions else 1.0)
    fading = math.exp(-before / _TAU) if before > timedelta() else math.exp(before / _TAU_AFTER)
    when = ("minutes_before", f"{minutes:.1f}") if minutes >= 0 else ("minutes_after", f"{-minutes:.1f}")
    possible = sum(_nearness(case, other)[0] for other in case.graph.around(case.service, 2))
    odds = factor / max(possible, 1.0) * _delay_density(before) / _usual_rate(change.service, changes)
    suspect = Suspect(
        kind="change",
        subject=str(change.id),
        label=f"{change.service} {change.version}".strip(),
        likelihood=0.0,
        because=(when, link, *because),
    )
    return _Scored(suspect, factor * fading, PRIOR_CHANGE_IS_GUILTY * odds)


def _nearness(case: _Case, changed: str) -> tuple[float, Reason]:
    """How likely the trouble began in a changed service, or came from it by the graph to where it seems to have begun
    (0..1)."""
    best, reason = case.origin.get(changed, 0.0), ("same_service", changed)
    for affected in sorted(case.origin):
        weight = case.origin[affected] * (_SILENT if affected in case.silent else 1.0)
        down, up = case.graph.downstream(affected, changed), case.graph.downstream(changed, affected)
        options = (
            (weight * _BY_HOPS_DOWN.get(down, 0.0), ("depends_on", changed)),
            (weight * _BY_HOPS_UP.get(up, 0.0), ("used_by", changed)),
        )
        for value, because in options if affected != changed else ():
            if value > best:
                best, reason = value, because
    if not best and (case.graph.is_empty or not changed):
        return _NO_KNOWN_LINK, ("no_known_link", changed)
    return best, reason


def _evidence(case: _Case, change: Change) -> tuple[float, list[Reason]]:
    """What the changed service's own lines and the change itself say for and against it."""
    factor, because = 1.0, []
    own = [s for s in case.signals if s.service == change.service]
    new = [s for s in own if s.kind is SignalKind.NEW_TEMPLATE and s.severity is not Severity.INFO]
    after = [s.began_at - change.at for s in new if timedelta() <= s.began_at - change.at <= NEW_TEMPLATE_WITHIN]
    if after:
        factor *= 1 + _NEW_TEMPLATE_AFTER * math.exp(-min(after) / _NEW_TEMPLATE_FADES)
        because.append(("new_template_after", change.service))
    elif any(s.began_at < change.at - SLACK and s.severity.at_least(Severity.MINOR) for s in own):
        factor *= _TROUBLE_BEFORE
        because.append(("trouble_before", change.service))
    diff = case.diffs.get(str(change.id), TemplateDiff())
    for key, texts, more in (
        ("vanished_after", diff.vanished, _VANISHED_AFTER),
        ("shifted_after", diff.shifted, _SHIFTED_AFTER),
    ):
        if texts:
            factor *= 1 + more
            because.append((key, texts[0]))
    if change.environment.lower() not in _PRODUCTION:
        factor *= _NOT_PRODUCTION
        because.append(("not_production", change.environment))
    return factor, because


def _delay_density(before: timedelta) -> float:
    """How likely harm is to show after this time, per second."""
    if before < timedelta():
        return math.exp(before / _TAU_AFTER) / _TAU.total_seconds()
    soon = math.exp(-before / _TAU) / _TAU.total_seconds()
    late = math.exp(-before / _TAU_LATE) / _TAU_LATE.total_seconds()
    return (1 - LATE_SHARE) * soon + LATE_SHARE * late


def _usual_rate(service: str, changes: Sequence[Change]) -> float:
    """Changes of the service per second: those of the look-back, and what is assumed of any service."""
    count = Counter(change.service for change in changes)[service]
    return (count + _USUAL_CHANGES) / (LOOK_BACK + _USUAL_OVER).total_seconds()


# -- services


def _services(case: _Case) -> list[_Scored]:
    """Where the trouble seems to have begun, should no change be behind it."""
    rest = 1 - PRIOR_CHANGE_IS_GUILTY
    return [
        _Scored(
            Suspect("service", root.service, root.service, 0.0, _why_there(case, root)),
            case.origin[root.service] * (_CONDITION_RANK if root.service in case.conditions else _SERVICE_RANK),
            rest * root.share * _odds(case, root),
        )
        for root in case.roots
        if root.share >= _SERVICE_SHARE_MIN
    ]


def _odds(case: _Case, root: Root) -> float:
    if root.began_at >= case.began_in(case.service):
        return 1.0
    return _UPSTREAM_ODDS if case.graph.downstream(case.service, root.service) <= 2 else _CALLER_ODDS


def _why_there(case: _Case, root: Root) -> tuple[Reason, ...]:
    state = [("condition", case.conditions[root.service])] if root.service in case.conditions else []
    if root.service == case.service:
        return (("began_here", root.service), *state, *root.because)
    because: list[Reason] = [*state]
    if case.graph.downstream(case.service, root.service) <= 2:
        because.append(("depends_on", root.service))
    own = next((other.began_at for other in case.roots if other.service == case.service), root.began_at)
    if root.is_seen and root.began_at < own:
        because.append(("minutes_earlier", _minutes(own - root.began_at)))
    return (*because, *root.because)


def _minutes(length: timedelta) -> str:
    return f"{length / timedelta(minutes=1):.1f}"


# -- what people say


def _judged(scored: Sequence[_Scored], verdicts: Mapping[str, str]) -> list[_Scored]:
    judged = []
    for s in scored:
        verdict = verdicts.get(s.suspect.subject, "")
        weight = 0.0 if verdict == "rejected" else s.weight
        judged.append(_Scored(replace(s.suspect, verdict=verdict), s.score, weight))
    return judged


def _order(verdict: str) -> int:
    return {"confirmed": 0, "rejected": 2}.get(verdict, 1)


def _share(weight: float, total: float, certain: bool) -> float:
    """Once somebody confirmed a cause the others are not it."""
    return 0.0 if certain else round(weight / total, 4)
