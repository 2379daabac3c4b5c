"""Is the cause named on PetShop's issues, and is a wrong folder refused with words?"""

from pathlib import Path

import pytest

from bot.errors import InputError
from bot.evaluate.incidents import evaluate
from bot.incidents.effects import Effect, rank_effects
from bot.incidents.graph import ServiceGraph
from tests.conftest import shared_data

GRAPH = ServiceGraph({"web": ("checkout",), "checkout": ("db",), "cron": ()})


def test_petshops_causes_are_named_better_than_by_the_authors_best_method() -> None:
    [table] = evaluate(shared_data("data", "causes")).tables
    ours, _, chance = table.rows
    assert ours["first"] >= 0.75  # type: ignore[operator]
    assert ours["in three"] >= 0.90  # type: ignore[operator]
    assert chance["in three"] <= 0.12  # type: ignore[operator]


def test_a_folder_without_issues_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"target\.json"):
        evaluate(tmp_path)


def test_a_shift_that_a_dependency_explains_is_not_blamed_and_tiny_ones_are_not_either() -> None:
    shifts = [
        Effect("web", "latency", 0.31, 9, 1.0),
        Effect("checkout", "latency", 0.30, 9, 1.0),
        Effect("db", "latency", 0.29, 9, 1.0),
        Effect("cron", "latency", 5.0, 100, 0.01),
    ]
    assert rank_effects(shifts, GRAPH, "web")[0].service == "db"
    assert rank_effects(shifts[:2], GRAPH, "web")[0].service == "checkout"
