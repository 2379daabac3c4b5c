"""Is every effect had exactly once while the workers are killed? `python -m tests.chaos.runs` does it at large."""

from pathlib import Path

import pytest

from tests.chaos.runs import Chaos


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_workers_that_are_killed_neither_lose_nor_repeat_an_effect(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.db"
    if kind == "postgresql":
        url = str(request.getfixturevalue("empty_postgres_url"))
    outcome = Chaos(tmp_path, url, runs=20, kills=3).play(pause_s=(2.0, 3.0))
    assert outcome.is_right, outcome
    assert sum(outcome.runs.values()) == 20
    assert set(outcome.runs) <= {"succeeded", "cancelled"}
