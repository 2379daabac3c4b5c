"""When is a template that was never seen before worth telling?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.anomalies.model import TemplateSeries
from bot.anomalies.new_template import NewTemplate
from bot.signals.severity import Severity
from tests.anomalies.windows import NOON, series, window

USUAL = series("order accepted", [20] * 60, 20)
NONE = [0] * 60


def severities(*templates: TemplateSeries, length: timedelta = timedelta(minutes=1)) -> dict[str, Severity]:
    found = NewTemplate().detect(window(USUAL, *templates, length=length))
    return {anomaly.template_id.removeprefix("id of "): anomaly.severity for anomaly in found}


@pytest.mark.parametrize(
    ("level", "text", "lines", "severity"),
    [
        ("error", "cannot convert total", 80, Severity.MAJOR),
        ("fatal", "cannot convert total", 10, Severity.MAJOR),
        ("", "Exception in thread main", 12, Severity.MAJOR),
        ("error", "cannot convert total", 4, Severity.MINOR),
        ("error", "cannot convert total", 2, Severity.INFO),
        ("fatal", "cannot convert total", 1, Severity.MINOR),
        ("warning", "connection refused, retrying", 12, Severity.MINOR),
        ("warning", "cache is cold", 40, Severity.MINOR),
        ("warning", "cache is cold", 3, Severity.INFO),
        ("info", "cache warmed", 1, Severity.INFO),
        ("info", "cache warmed", 500, Severity.INFO),
    ],
)
def test_its_severity_comes_from_what_it_says_and_how_often(
    level: str, text: str, lines: int, severity: Severity
) -> None:
    assert severities(series(text, NONE, lines, level)) == {text: severity}


def test_a_template_that_was_seen_before_is_not_new() -> None:
    assert severities(series("old", [0] * 59 + [1], 80, "error")) == {}
    assert severities(series("older", NONE, 80, "error", first_at=NOON - timedelta(days=9))) == {}


def test_one_failure_written_in_many_ways_is_judged_as_one() -> None:
    found = severities(*(series(f"task {name} failed", NONE, 3, "error") for name in ("a", "b", "c", "d")))
    assert sorted(found.values()) == [Severity.MAJOR, *[Severity.MINOR] * 3]


def test_a_mild_complaint_does_not_become_major_by_the_company_of_errors() -> None:
    found = severities(series("retrying: refused", NONE, 30, "warning"), series("cannot convert", NONE, 4, "error"))
    assert set(found.values()) == {Severity.MINOR}


def test_where_failures_are_usual_a_new_wording_of_them_is_not_major() -> None:
    usual = series("card declined", [100] * 60, 100, "error")
    assert severities(usual, series("card expired", NONE, 12, "error")) == {"card expired": Severity.MINOR}
    assert severities(usual, series("card expired", NONE, 60, "error")) == {"card expired": Severity.MAJOR}


def test_in_short_windows_the_rate_counts() -> None:
    ten_seconds = timedelta(seconds=10)
    assert severities(series("cannot convert", NONE, 6, "error"), length=ten_seconds) == {
        "cannot convert": Severity.MAJOR
    }


def test_it_began_with_its_first_line() -> None:
    first = NOON + timedelta(seconds=41)
    [found] = NewTemplate().detect(window(USUAL, series("cannot", NONE, 9, "error", first_at=first)))
    assert found.began_at == first


@pytest.mark.parametrize(("days", "is_told"), [(1, False), (7, False), (8, True), (34, True)])
def test_a_failure_that_was_not_seen_for_more_than_a_week_is_as_good_as_new(days: int, is_told: bool) -> None:
    old = series("disk of <*> is read-only", [0] * 60, 40, level="error", first_at=NOON - timedelta(days=50))
    found = NewTemplate().detect(window(replace(old, unseen_for=timedelta(days=days)), series("ok", [5] * 60, 5)))
    assert [a.severity for a in found] == [Severity.MAJOR] * is_told
    assert all(a.began_at == NOON for a in found)
