"""Are calls found that begin and do not finish, and only those?"""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.anomalies.broken_off import BrokenOff
from bot.anomalies.model import Anomaly, ServiceWindow
from bot.signals.severity import Severity
from tests.anomalies.windows import NOON, series, window

WINDOWS = 60


def calls(mean: int = 12, seed: int = 1) -> list[int]:
    rng = random.Random(seed)
    return [max(0, round(rng.gauss(mean, mean**0.5))) for _ in range(WINDOWS)]


def path(began: Sequence[int], begun: int, done: int, *more: object) -> ServiceWindow:
    """A service that writes three lines a call; `begun` calls begin now and `done` finish."""
    return window(
        series("order received", began, begun),
        series("asking for the price", [n * 2 for n in began], begun * 2),
        series("order accepted", began, done),
        *more,  # type: ignore[arg-type]
    )


def found(seen: ServiceWindow) -> list[Anomaly]:
    return BrokenOff().detect(seen)


def test_calls_that_begin_and_do_not_finish_are_one_anomaly_about_the_line_that_is_missing() -> None:
    [anomaly] = found(path(calls(), 14, 0))
    assert anomaly.template_id == "id of order accepted"
    assert anomaly.severity is Severity.MINOR
    assert anomaly.rate_before == pytest.approx(14, abs=0.5)
    assert anomaly.rate_now == 0.0
    assert anomaly.began_at == NOON


def test_failures_that_come_instead_make_it_major() -> None:
    failing = series("order has no price", [], 14, level="error")
    [anomaly] = found(path(calls(), 14, 0, failing))
    assert anomaly.severity is Severity.MAJOR
    [anomaly] = found(path(calls(), 14, 0, series("order has no price", [14] * WINDOWS, 14, level="error")))
    assert anomaly.severity is Severity.MINOR, "they were there before"


def test_traffic_that_falls_is_nothing_and_neither_is_traffic_that_triples() -> None:
    assert not found(path(calls(), 2, 2))
    assert not found(path(calls(), 0, 0))
    assert not found(path(calls(), 40, 40))


def test_calls_that_break_off_are_found_in_less_traffic_than_usual_and_in_more() -> None:
    assert found(path(calls(40), 12, 0))
    assert found(path(calls(8), 30, 2))


def test_a_few_calls_are_too_few_and_several_windows_of_them_are_enough() -> None:
    few = [4] * WINDOWS
    assert not found(path(few, 4, 0))
    lately = window(
        series("order received", few, 4),
        series("order accepted", [*few[:-2], 0, 0], 0),
    )
    [anomaly] = found(lately)
    assert anomaly.began_at == NOON - 2 * timedelta(minutes=1)


def test_lines_that_were_never_in_step_say_nothing() -> None:
    apart = window(series("order received", calls(seed=1), 14), series("newsletter sent", calls(seed=2), 0))
    assert not found(apart)


def test_a_new_version_that_words_a_line_anew_breaks_nothing_off() -> None:
    began = calls()
    young = series("accepted the order", [], 14)
    assert not found(path(began, 14, 0, young))
    failing = series("order cannot be accepted", [], 14, level="error")
    assert found(path(began, 14, 0, failing))


def test_an_earlier_trouble_in_the_past_does_not_hide_the_next_one() -> None:
    began = calls()
    done = [0 if 30 <= i < 34 else n for i, n in enumerate(began)]
    seen = window(series("order received", began, 14), series("order accepted", done, 0))
    assert found(seen)


def test_a_thousand_quiet_windows_give_nothing() -> None:
    told = 0
    for seed in range(1000):
        began = calls(seed=seed)
        told += bool(found(path(began[:-1], began[-1], max(0, began[-1] - (seed % 3 == 0)))))
    assert told == 0
