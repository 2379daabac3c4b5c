"""Do a service's lines, counted per call, say that calls end in it? Whatever the traffic."""

import numpy as np
import pytest

from bot.incidents.effects import LINES, Effect, rank_effects
from bot.incidents.per_call import FAILURES, FLOOR, MISSING, ServiceLines, line_effect
from bot.incidents.roots import roots_of
from bot.metrics.counts import Counts
from tests.incidents.signals import GRAPH, signal

RNG = np.random.default_rng(1)
CALLS = RNG.poisson(20, 40).astype(float)
"""Calls in each of forty minutes before the trouble."""


def lines(service: str, since: dict[str, float], calls: Counts = CALLS) -> ServiceLines:
    """Each template once a call before; `since`: its lines in the three minutes after."""
    before = np.array([np.zeros(len(calls)) if "failed" in text else calls for text in since])
    failing = tuple("failed" in text for text in since)
    return ServiceLines(service, tuple(since), failing, before, np.array(list(since.values())), 3)


def test_a_line_that_its_calls_leave_out_is_found_and_named() -> None:
    found = line_effect(lines("orders", {"received": 60, "accepted": 20}), [])
    assert found is not None
    assert (found.what, found.text) == (MISSING, "accepted")
    assert found.size > FLOOR


@pytest.mark.parametrize("traffic", [10, 60, 240])
def test_more_or_fewer_calls_are_no_effect(traffic: float) -> None:
    found = line_effect(lines("orders", {"received": traffic, "accepted": traffic}), [])
    assert found is not None
    assert found.size < 1


def test_failures_beyond_the_usual_are_an_effect() -> None:
    found = line_effect(lines("orders", {"received": 60, "accepted": 60, "failed": 12}), [])
    assert found is not None
    assert (found.what, found.text) == (FAILURES, "failed")


def test_a_service_with_one_line_is_measured_by_its_callers() -> None:
    prices = lines("prices", {"priced": 20})
    found = line_effect(prices, [lines("orders", {"received": 60, "accepted": 60})])
    assert found is not None
    assert (found.what, found.text) == (MISSING, "priced")
    assert not found.is_as_asked


def test_where_the_caller_stops_before_it_calls_the_called_service_did_as_it_was_asked() -> None:
    found = line_effect(lines("prices", {"priced": 20}), [lines("orders", {"received": 60, "accepted": 20})])
    assert found is not None
    assert found.is_as_asked
    assert found.size < FLOOR


def test_busier_callers_ask_for_no_more_than_is_usual() -> None:
    found = line_effect(lines("prices", {"priced": 70}), [lines("orders", {"received": 300, "accepted": 300})])
    assert found is not None
    assert found.size < FLOOR


def test_too_short_a_past_says_nothing() -> None:
    assert line_effect(lines("orders", {"received": 60, "accepted": 0}, CALLS[:5]), []) is None


def effects(**sizes: float) -> list[Effect]:
    return [Effect(name, LINES, size, size * FLOOR, text="x", is_own=True) for name, size in sizes.items()]


def test_what_a_dependency_explains_is_taken_away() -> None:
    ranked = rank_effects(effects(web=3.0, checkout=4.0, payments=4.0), GRAPH)
    assert ranked[0].service == "payments"


def test_of_several_kinds_of_evidence_the_strongest_counts() -> None:
    both = [*effects(web=2.0, search=1.0), Effect("search", "cpu", 18.0, 50.0)]
    assert rank_effects(both, GRAPH)[0].service == "search"
    assert len(rank_effects(both, GRAPH)) == 2


def test_a_service_without_a_signal_is_the_origin_when_its_calls_end_in_it() -> None:
    seen = [signal("web", 0), signal("checkout", 0)]
    assert roots_of(seen, GRAPH)[0].service == "checkout"
    [first, *_] = roots_of(seen, GRAPH, rank_effects(effects(web=0.5, payments=4.0), GRAPH))
    assert (first.service, first.is_seen) == ("payments", False)
    assert ("cut_short", "x") in first.because
