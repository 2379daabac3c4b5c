"""How quick were we? MTTD, MTTA and MTTR from state transitions, never from when a row was last touched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.incidents.model import Incident, Resolution


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over the incidents that have the transition; None when none has. What was no problem does
    not count, and what was merged counts with the one it went into."""

    count: int
    mean_to_detect: timedelta | None
    mean_to_acknowledge: timedelta | None
    mean_to_resolve: timedelta | None


def measure(incidents: Sequence[Incident]) -> Measures:
    real = [i for i in incidents if i.resolution not in (Resolution.NOT_A_PROBLEM, Resolution.MERGED)]
    return Measures(
        count=len(real),
        mean_to_detect=_mean(i.time_to_detect() for i in real),
        mean_to_acknowledge=_mean(i.time_to_acknowledge() for i in real),
        mean_to_resolve=_mean(i.time_to_resolve() for i in real),
    )


def _mean(values: Iterable[timedelta | None]) -> timedelta | None:
    known = [value for value in values if value is not None]
    return sum(known, timedelta()) / len(known) if known else None
