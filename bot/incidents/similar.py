"""Which earlier incidents does this one resemble? By the problems both had, the rarer the more."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.signals.model import Signal
from bot.signals.severity import Severity

LIKENESS_MIN = 0.25
SIMILAR_MAX = 3


def resembling(
    signals: Sequence[Signal], earlier: Mapping[int, Sequence[Signal]]
) -> list[tuple[int, float, tuple[str, ...]]]:
    """(incident id, likeness 0..1, titles of what both had), the likest first, at most `SIMILAR_MAX`.

    Likeness is the weight of the shared problems in that of both together; a problem of many incidents weighs little.
    """
    own = _problems(signals)
    others = {incident_id: _problems(theirs) for incident_id, theirs in earlier.items()}
    holders = Counter(name for problems in others.values() for name in problems)
    found = []
    for incident_id, theirs in others.items():
        shared = own.keys() & theirs.keys()
        weights = {name: 1 / (1 + math.log(1 + holders[name])) for name in own.keys() | theirs.keys()}
        likeness = sum(weights[name] for name in shared) / (sum(weights.values()) or 1.0)
        if likeness >= LIKENESS_MIN:
            titles = tuple(dict.fromkeys(own[name] for name in sorted(shared)))
            found.append((incident_id, likeness, titles[:SIMILAR_MAX]))
    return sorted(found, key=lambda one: (-one[1], -one[0]))[:SIMILAR_MAX]


def _problems(signals: Sequence[Signal]) -> dict[str, str]:
    """The name of each problem → its title: the template, whichever way it was noticed, else the fingerprint."""
    return {s.evidence.template_id or s.fingerprint: s.title for s in signals if s.severity.at_least(Severity.MINOR)}
