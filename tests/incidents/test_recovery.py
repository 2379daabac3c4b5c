"""When has a run helped?"""

from datetime import timedelta

import pytest

from bot.actions.model import Verdict
from bot.incidents.recovery import verdict_of
from bot.signals.model import Evidence

MINUTE = timedelta(minutes=1)
NEW = Evidence(template_id="new", rate_before=0.0, rate_now=80.0, baseline_low=0.0, baseline_high=0.0)
LOST = Evidence(template_id="lost", rate_before=60.0, rate_now=0.0, baseline_low=30.0, baseline_high=90.0)


@pytest.mark.parametrize(
    ("lines", "is_last", "verdict"),
    [
        ([], False, None),
        ([], True, Verdict.NOT_CHECKED),
        ([0], False, None),
        ([0, 0], False, Verdict.RECOVERED),
        ([70, 2, 0], False, Verdict.RECOVERED),
        ([0, 0, 60], False, None),
        ([70, 80, 75], False, None),
        ([70, 80, 75], True, Verdict.NO_EFFECT),
        ([0, 80, 0], True, Verdict.NO_EFFECT),
        ([90, 170, 200], True, Verdict.WORSE),
        ([0, 0, 0, 200], True, Verdict.NO_EFFECT),
    ],
)
def test_two_clean_windows_are_a_recovery_and_the_last_window_decides_the_rest(
    lines: list[int], is_last: bool, verdict: Verdict | None
) -> None:
    assert verdict_of([(NEW, lines)], MINUTE, is_last=is_last) is verdict


def test_every_problem_has_to_be_gone() -> None:
    assert verdict_of([(NEW, [0, 0]), (LOST, [0, 0])], MINUTE, is_last=False) is None
    assert verdict_of([(NEW, [0, 0]), (LOST, [55, 60])], MINUTE, is_last=False) is Verdict.RECOVERED
    assert verdict_of([(NEW, [0, 0]), (LOST, [0, 0])], MINUTE, is_last=True) is Verdict.NO_EFFECT


def test_nothing_to_watch_cannot_be_checked() -> None:
    assert verdict_of([], MINUTE, is_last=False) is None
    assert verdict_of([], MINUTE, is_last=True) is Verdict.NOT_CHECKED


def test_a_service_that_writes_nothing_at_all_has_not_recovered() -> None:
    def verdict(service_lines: list[int], *, is_last: bool) -> Verdict | None:
        return verdict_of([(NEW, [0, 0])], MINUTE, is_last=is_last, service_lines=service_lines, usual_lines=100.0)

    assert verdict([90, 110], is_last=False) is Verdict.RECOVERED
    assert verdict([0, 0], is_last=False) is None
    assert verdict([0, 0], is_last=True) is Verdict.NO_EFFECT
