"""Which incident does a signal join, and why?"""

from dataclasses import replace

import pytest

from bot.incidents.correlation import REASONS, Correlation, OpenIncident, correlate
from bot.incidents.graph import ServiceGraph
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from tests.incidents.signals import GRAPH, minute, opened, signal


def joins(new: Signal, *candidates: OpenIncident) -> Correlation:
    return correlate(new, candidates, GRAPH, minute(60))


FIRST = opened(1, signal("checkout", 0))


@pytest.mark.parametrize(
    ("service", "at", "belongs"),
    [
        ("checkout", 1, True),
        ("checkout", 3, True),
        ("checkout", 12, False),
        ("payments", 1, True),
        ("payments", 6, False),
        ("web", 1, True),
        ("database", 1, False),
        ("wiki", 0, False),
        ("unknown", 0, False),
    ],
)
def test_near_in_time_and_graph_belongs_together(service: str, at: float, belongs: bool) -> None:
    found = joins(signal(service, at, name="other"), FIRST)
    assert found.incident_id == (1 if belongs else 0)


def test_the_same_problem_joins_however_long_the_incident_lasts() -> None:
    found = joins(signal("checkout", 600), FIRST)
    assert found.incident_id == 1
    assert [key for key, _ in found.because] == ["same_problem", "same_service"]


def test_an_incident_that_goes_on_is_near_its_own_services_signals() -> None:
    lasting = opened(1, replace(signal("checkout", 0), last_at=minute(7)))
    assert joins(signal("checkout", 8, name="other"), lasting).incident_id == 1
    assert joins(signal("payments", 8, name="other"), lasting).incident_id == 0
    assert joins(signal("checkout", 10, name="other"), opened(1, signal("checkout", 0))).incident_id == 0


def test_trouble_that_names_a_service_of_the_incident_belongs_to_it() -> None:
    far = signal("web", 1, name="payments did not answer in 5 s", kind=SignalKind.ALERT)
    found = joins(far, opened(1, signal("payments", 0)))
    assert found.incident_id == 1
    assert [key for key, _ in found.because] == ["two_hops", "names", "same_moment"]


def test_what_is_only_information_stays_with_its_own_service() -> None:
    note = signal("payments", 1, name="starting version 7", severity=Severity.INFO)
    assert joins(note, FIRST).incident_id == 0
    assert joins(replace(note, service="checkout"), FIRST).incident_id == 1


def test_a_late_signal_joins_by_when_its_trouble_was() -> None:
    late = signal("payments", 30, began=1, name="other", kind=SignalKind.ALERT)
    assert joins(late, FIRST).incident_id == 1
    assert joins(signal("payments", 30, began=29, name="other"), FIRST).incident_id == 0


def test_a_signal_about_earlier_trouble_than_the_incident_joins() -> None:
    assert joins(signal("payments", -2, name="other"), FIRST).incident_id == 1
    assert joins(signal("payments", -20, name="other"), FIRST).incident_id == 0


def test_a_shared_rare_entity_links_strangers_and_one_that_all_have_does_not() -> None:
    host = (("dataset", "orders"),)
    stranger = signal("wiki", 1, name="other", entities=host)
    alone = opened(1, signal("checkout", 0, entities=host))
    others = [opened(n, signal(f"service-{n}", 0, entities=host)) for n in range(2, 9)]
    found = joins(stranger, alone, *(opened(n, signal(f"service-{n}", 0)) for n in range(2, 9)))
    assert (found.incident_id, found.because[0]) == (1, ("shared_entity", "0.89"))
    assert joins(stranger, alone, *others).incident_id == 0


def test_the_best_link_wins_and_then_the_latest_incident() -> None:
    neighbour, own = opened(1, signal("payments", 1)), opened(2, signal("checkout", 0))
    assert joins(signal("checkout", 1, name="other"), neighbour, own).incident_id == 2
    older, newer = opened(3, signal("checkout", 0, name="a")), opened(4, signal("checkout", 0.5, name="b"))
    for order in ((older, newer), (newer, older)):
        assert joins(signal("checkout", 1, name="other"), *order).incident_id == 4


def test_reasons_are_known_keys_with_their_shares() -> None:
    found = joins(
        signal("checkout", 1, entities=(("pod", "c-1"),)), opened(1, signal("checkout", 0, entities=(("pod", "c-1"),)))
    )
    assert {key for key, _ in found.because} <= set(REASONS)
    assert sum(float(share) for _, share in found.because) == pytest.approx(1, abs=0.02)


def test_nothing_open_gives_nothing() -> None:
    assert joins(signal("checkout", 1)) == Correlation(0, 0.0)


class Counting(ServiceGraph):
    """Counts how often two services are compared: once for each pair of signals."""

    compared = 0

    def distance(self, one: str, other: str) -> int:
        self.compared += 1
        return super().distance(one, other)


def test_a_signal_is_compared_with_the_last_forty_of_each_incident_however_many_these_have() -> None:
    graph = Counting({})
    candidates = [
        opened(n, *(signal(f"service-{n % 7}", i / 10, name=f"{n}-{i}") for i in range(60))) for n in range(1, 51)
    ]
    correlate(signal("service-3", 7, name="other"), candidates, graph, minute(60))
    assert graph.compared == 50 * 40


def test_a_host_that_lines_share_is_not_enough_alone_and_with_the_same_moment_it_is() -> None:
    host = (("host", "node-3"),)
    open_now = [opened(1, signal("checkout", 0, entities=host))]
    at_once = correlate(signal("wiki", 0, name="other", entities=host), open_now, GRAPH, minute(0))
    assert at_once.incident_id == 1
    assert {key for key, _ in at_once.because} == {"shared_entity", "same_moment"}
    later = correlate(signal("wiki", 4, name="other", entities=host), open_now, GRAPH, minute(4))
    assert later.incident_id == 0


def test_a_limit_that_was_foreseen_and_is_reached_hours_later_is_one_incident() -> None:
    disk, other = (("series", "disk (host=db-1)"),), (("series", "disk (host=db-2)"),)
    foreseen = opened(1, signal("db", 0, kind=SignalKind.FORECAST, entities=disk))
    reached = signal("db", 540, kind=SignalKind.SERIES, entities=disk, attributes={"limit": "95"})
    found = joins(reached, foreseen)
    assert found.incident_id == 1
    assert found.because[0][0] == "same_problem"
    assert joins(replace(reached, entities=other), foreseen).incident_id == 0
    assert joins(replace(reached, kind=SignalKind.ALERT), foreseen).incident_id == 0
