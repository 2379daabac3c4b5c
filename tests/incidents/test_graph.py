"""How far apart are services?"""

from bot.incidents.graph import FAR, ServiceGraph
from tests.incidents.signals import GRAPH


def test_distance_ignores_which_way_a_dependency_points_and_downstream_does_not() -> None:
    assert GRAPH.distance("web", "payments") == GRAPH.distance("payments", "web") == 2
    assert GRAPH.distance("web", "web") == 0
    assert GRAPH.distance("search", "payments") == 3
    assert GRAPH.downstream("web", "database") == 3
    assert GRAPH.downstream("database", "web") == FAR
    assert GRAPH.distance("web", "wiki") == FAR


def test_what_nobody_declared_is_far_from_everything_but_itself() -> None:
    assert GRAPH.distance("unknown", "web") == FAR
    assert GRAPH.distance("unknown", "unknown") == 0
    assert ServiceGraph({}).is_empty
    assert ServiceGraph({"wiki": ()}).is_empty


def test_circles_end() -> None:
    circle = ServiceGraph({"a": ("b",), "b": ("c",), "c": ("a",)})
    assert circle.downstream("a", "c") == 2
    assert circle.distance("a", "c") == 1


def test_around_lists_the_nearest_first() -> None:
    assert GRAPH.around("checkout", 1) == ["checkout", "payments", "web"]
    assert set(GRAPH.around("checkout", 2)) == {"checkout", "payments", "web", "database", "search"}
    assert GRAPH.around("unknown", 2) == ["unknown"]
