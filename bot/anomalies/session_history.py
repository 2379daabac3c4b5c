"""What is remembered of a service's sessions, and do too many of the last ones lack a step, or have a strange one?

Kinds of sessions (how often each template is in one) are counted, older ones for less. A session is odd by
`bot.anomalies.sessions`. Some always are, so what is told is that far more of the last ones are odd than usually: the
binomial tail of their number, at the share of the past.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from scipy.stats import binom

from bot.anomalies.sessions import Kind, Odd, Sessions, Step

VERSION = 1
SESSIONS_MIN = 100
"""With fewer there is no normal to compare with."""

KINDS_KEPT, STEPS_KEPT = 200, 64
HALF_LIFE_S = 86_400.0
BUCKET_S, BUCKETS = 60, 30
LATELY = 5
"""The last five of thirty minutes are judged against the share of odd ones in all that came before."""

TOLD_FROM, ODD_MIN, SHARE_MIN = 6.0, 5, 0.1
"""-log10 of the binomial tail, sessions and their share among those that should have the step."""

REPLACED_SHARE = 0.8


class Minute(msgspec.Struct):
    """The sessions that ended in it: how many were judged, how many were odd; in how many each step was expected,
    missing, unexpected."""

    start: int
    judged: int = 0
    odd: int = 0
    expected: dict[str, int] = {}
    missing: dict[str, int] = {}
    unexpected: dict[str, int] = {}


class History(msgspec.Struct):
    """Of one service. `kinds`: (steps and how often each, weight); `judged`, `odd`: of the past that has left the
    minutes, older ones for less; `learnt`: sessions ever learnt from; `aged_at`: Unix seconds."""

    version: int = VERSION
    learnt: int = 0
    kinds: list[tuple[dict[str, int], float]] = []
    judged: float = 0.0
    odd: float = 0.0
    minutes: list[Minute] = []
    aged_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """`step` was missing (or there unexpectedly) in `times` of `of` sessions lately; usually a share `usual` is odd.
    `is_replaced`: most of these have another new step instead, as after a new version."""

    step: str
    is_missing: bool
    times: int
    of: int
    usual: float
    score: float
    since: int
    is_replaced: bool = False


def pack(history: History) -> bytes:
    return msgspec.msgpack.encode(history)


def unpack(packed: bytes) -> History:
    """A fresh one when it is of another version, or damaged."""
    try:
        found = msgspec.msgpack.decode(packed, type=History) if packed else History()
    except msgspec.DecodeError:
        return History()
    return found if found.version == VERSION else History()


def model_of(history: History) -> Sessions | None:
    """None while too little is known."""
    if history.learnt < SESSIONS_MIN:
        return None
    return Sessions.of_kinds({frozenset(kind.items()): weight for kind, weight in history.kinds}, vouched=False)


def learn(history: History, kinds: Mapping[Kind, int], now_s: float) -> None:
    """Counts them; what was counted before is halved each day."""
    weights: dict[Kind, float] = defaultdict(float)
    faded = 0.5 ** (max(0.0, now_s - history.aged_at) / HALF_LIFE_S) if history.aged_at else 1.0
    for steps, weight in history.kinds:
        weights[frozenset(steps.items())] += weight * faded
    for kind, times in kinds.items():
        weights[kind] += times
    history.judged, history.odd = history.judged * faded, history.odd * faded
    history.learnt += sum(kinds.values())
    history.aged_at = now_s
    frequent = sorted(weights.items(), key=lambda pair: (-pair[1], sorted(map(repr, pair[0]))))[:KINDS_KEPT]
    history.kinds = [({str(step): times for step, times in kind}, float(weight)) for kind, weight in frequent]


def note(history: History, judged: Iterable[tuple[Odd, int]], now_s: float) -> None:
    """Adds (what was said of a kind, sessions of it) to the present minute."""
    start = int(now_s // BUCKET_S * BUCKET_S)
    if not history.minutes or history.minutes[-1].start < start:
        history.minutes.append(Minute(start, expected={}, missing={}, unexpected={}))
    minute = history.minutes[-1]
    for odd, times in judged:
        minute.judged += times
        _add(minute.expected, (str(step) for step in odd.nearest), times)
        if odd.is_told:
            minute.odd += times
            _add(minute.missing, (str(step) for step, by in odd.differences if by < 0), times)
            _add(minute.unexpected, (str(step) for step, by in odd.differences if by > 0), times)
    while len(history.minutes) > BUCKETS or history.minutes[0].start < start - BUCKETS * BUCKET_S:
        gone = history.minutes.pop(0)
        history.judged += gone.judged
        history.odd += gone.odd


def look(history: History, now_s: float) -> Found | None:
    """What the last minutes show, if it is more than chance."""
    since = now_s - LATELY * BUCKET_S
    lately = [minute for minute in history.minutes if minute.start > since]
    judged, odd = sum(m.judged for m in lately), sum(m.odd for m in lately)
    if odd < ODD_MIN:
        return None
    before = [minute for minute in history.minutes if minute.start <= since]
    usual = (history.odd + sum(m.odd for m in before) + 1) / (history.judged + sum(m.judged for m in before) + 100)
    score = -float(binom.logsf(odd - 1, judged, min(usual, 0.999))) / math.log(10)
    if score < TOLD_FROM:
        return None
    expected, missing, unexpected = (_sum(lately, name) for name in ("expected", "missing", "unexpected"))
    began = min(minute.start for minute in lately if minute.odd)
    found = _worst(missing, expected)
    if found is not None:
        times, of = missing[found], max(expected[found], missing[found])
        most = max(unexpected.values(), default=0)
        return Found(found, True, times, of, usual, score, began, most >= REPLACED_SHARE * times)
    found = _worst(unexpected, Counter(dict.fromkeys(unexpected, judged)))
    return Found(found, False, unexpected[found], judged, usual, score, began) if found is not None else None


def _worst(times: Counter[str], of: Counter[str]) -> str | None:
    """The step of most sessions, if these are enough."""
    enough = [step for step, n in times.items() if n >= max(ODD_MIN, SHARE_MIN * of[step])]
    return min(enough, key=lambda step: (-times[step], of[step], step), default=None)


def _sum(minutes: Iterable[Minute], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for minute in minutes:
        total.update(getattr(minute, name))
    return total


def _add(into: dict[str, int], steps: Iterable[Step], times: int) -> None:
    for step in steps:
        key = str(step)
        if key in into or len(into) < STEPS_KEPT:
            into[key] = into.get(key, 0) + times
