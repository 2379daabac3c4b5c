"""How quick were we? A table worked out by hand.

incident  began  opened  acknowledged      resolved          counts as
A         0      2       5 (Ana)           20 (Ana)          detect 2, acknowledge 3, resolve 18
B         10     14      -                 24 (quiet)        detect 4, resolve 10
C         0      6       -                 16 (Ben)          detect 6, acknowledge 10 (by resolving), resolve 10
D         0      4       9, again 41       20, again 54      detect 4, acknowledge 5 (the first), resolve 50
E         0      1       3                 - (reopened)      detect 1, acknowledge 2
F         0      1       2                 5 (no problem)    nothing
                                           means: detect 17/5, acknowledge 20/4, resolve 88/4
"""

from datetime import timedelta

import pytest

from bot.errors import Stale
from bot.incidents.measures import measure
from bot.incidents.model import Incident, IncidentState, Resolution
from bot.signals.severity import Severity
from tests.incidents.signals import minute


def incident(began: float, opened: float) -> Incident:
    at = minute(opened)
    return Incident("checkout", "failed", Severity.MAJOR, minute(began), at, at, id=7)


def minutes(length: timedelta | None) -> float | None:
    return None if length is None else length / timedelta(minutes=1)


A = incident(0, 2).acknowledge("ana", minute(5)).resolve("ana", minute(20), Resolution.BY_PERSON)
B = incident(10, 14).resolve("", minute(24), Resolution.QUIET)
C = incident(0, 6).resolve("ben", minute(16), Resolution.BY_PERSON)
D = (
    incident(0, 4)
    .acknowledge("ana", minute(9))
    .resolve("ana", minute(20), Resolution.BY_PERSON)
    .reopen(minute(40))
    .acknowledge("ben", minute(41))
    .resolve("", minute(54), Resolution.RECOVERED)
)
E = (
    incident(0, 1)
    .acknowledge("ana", minute(3))
    .resolve("ana", minute(8), Resolution.BY_PERSON)
    .reopen(minute(9))
)  # fmt: skip
F = incident(0, 1).acknowledge("ana", minute(2)).resolve("ana", minute(5), Resolution.NOT_A_PROBLEM)


@pytest.mark.parametrize(
    ("one", "detect", "acknowledge", "resolve"),
    [(A, 2, 3, 18), (B, 4, None, 10), (C, 6, 10, 10), (D, 4, 5, 50), (E, 1, 2, None)],
)
def test_each_row_of_the_table(one: Incident, detect: float, acknowledge: float | None, resolve: float | None) -> None:
    assert minutes(one.time_to_detect()) == detect
    assert minutes(one.time_to_acknowledge()) == acknowledge
    assert minutes(one.time_to_resolve()) == resolve


def test_the_means_are_those_worked_out_by_hand() -> None:
    found = measure([A, B, C, D, E, F])
    assert found.count == 5
    assert minutes(found.mean_to_detect) == pytest.approx(17 / 5)
    assert minutes(found.mean_to_acknowledge) == pytest.approx(20 / 4)
    assert minutes(found.mean_to_resolve) == pytest.approx(88 / 4)


def test_nothing_measured_is_none_and_not_zero() -> None:
    found = measure([])
    assert (found.count, found.mean_to_detect, found.mean_to_acknowledge, found.mean_to_resolve) == (
        0,
        None,
        None,
        None,
    )
    assert measure([F]).count == 0


def test_steps_that_do_not_fit_the_state_change_nothing() -> None:
    with pytest.raises(Stale, match="already_acknowledged"):
        incident(0, 1).acknowledge("ana", minute(2)).acknowledge("ben", minute(3))
    with pytest.raises(Stale, match="already_resolved"):
        A.resolve("ben", minute(30), Resolution.BY_PERSON)
    with pytest.raises(Stale, match="already_resolved"):
        A.acknowledge("ben", minute(30))
    with pytest.raises(Stale, match="not_resolved"):
        E.reopen(minute(30))


def test_a_reopened_incident_waits_for_somebody_anew() -> None:
    assert E.state is IncidentState.REOPENED
    assert E.state.is_active
    assert E.acknowledged_by == ""
    assert E.acknowledge("ben", minute(12)).acknowledged_at == minute(3)


def test_signals_raise_the_severity_and_never_lower_it() -> None:
    worse = incident(0, 1).joined_by(minute(5), Severity.CRITICAL, "spread")
    assert (worse.severity, worse.severity_reason, worse.last_signal_at) == (Severity.CRITICAL, "spread", minute(5))
    calmer = worse.joined_by(minute(3), Severity.MINOR, "signal")
    assert (calmer.severity, calmer.severity_reason, calmer.last_signal_at) == (Severity.CRITICAL, "spread", minute(5))
