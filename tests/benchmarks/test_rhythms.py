"""Are missed runs told, and hardly anything else? The benchmark of rhythms at a smaller size, on seeds of its own."""

import pytest

from tests.benchmarks.rhythms import IRREGULAR, REGULAR, measure


@pytest.mark.parametrize("kind", ["each night", "each night, another time zone", "each working day"])
def test_every_missed_run_is_told_and_nothing_else(kind: str) -> None:
    row = measure(kind, REGULAR[kind], seed=100, templates=4, is_regular=True)
    assert (row.told, row.missed, row.false) == (4, 4, 0)


def test_what_comes_by_chance_is_never_awaited() -> None:
    row = measure("chance", IRREGULAR["by chance, once a day"], seed=100, templates=10, is_regular=False)
    assert row.false == 0
