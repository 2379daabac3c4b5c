"""What has a service stopped writing since a change, and what has it not?"""

from datetime import timedelta

from bot.incidents.suspects import rank
from bot.incidents.template_diff import TemplateDiff, template_diff
from tests.incidents.signals import GRAPH, change, minute, signal

WINDOW = timedelta(minutes=1)


def diff(before: dict[str, int], after: dict[str, int]) -> TemplateDiff:
    """Lines a minute: thirty minutes before the change at ten o'clock, and five after it."""
    counts = {
        name: {
            **{minute(m): before.get(name, 0) for m in range(-30, 0) if before.get(name)},
            **{minute(m): after.get(name, 0) for m in range(5) if after.get(name)},
        }
        for name in {*before, *after}
    }
    return template_diff(counts, minute(0), minute(5), WINDOW)


def test_what_stopped_after_a_change_has_vanished_and_what_is_far_more_has_shifted() -> None:
    usual = {"received": 10, "priced": 20, "accepted": 10, "retried": 4}
    found = diff(usual, {"received": 10, "priced": 20, "retried": 30})
    assert found == TemplateDiff(vanished=("accepted",), shifted=("retried",))


def test_less_traffic_makes_nothing_vanish() -> None:
    usual = {"received": 10, "priced": 20, "accepted": 10}
    assert diff(usual, {"received": 2, "priced": 4, "accepted": 2}) == TemplateDiff()
    assert diff(usual, {"received": 40, "priced": 80, "accepted": 40}) == TemplateDiff()
    assert diff(usual, {}) == TemplateDiff()


def test_a_line_that_was_seldom_or_has_no_past_says_nothing() -> None:
    usual = {"received": 10, "priced": 20, "nightly job": 1}
    assert diff(usual, {"received": 10, "priced": 20, "new": 50}) == TemplateDiff()
    assert template_diff({"a": {minute(-1): 90}}, minute(0), minute(5), WINDOW) == TemplateDiff()


def test_what_vanished_after_a_change_speaks_for_it_and_says_so() -> None:
    changes = [change(1, "checkout", -3), change(2, "payments", -2)]
    trouble = [signal("checkout", 0), signal("payments", 0)]
    without = rank(minute(0), "checkout", trouble, changes, GRAPH, minute(1))
    vanished = {"1": TemplateDiff(vanished=("order <*> accepted",), shifted=("retry <*>",))}
    found = rank(minute(0), "checkout", trouble, changes, GRAPH, minute(1), diffs=vanished)
    because = next(s.because for s in found if s.subject == "1")
    assert ("vanished_after", "order <*> accepted") in because
    assert ("shifted_after", "retry <*>") in because
    before = next(s.likelihood for s in without if s.subject == "1")
    assert next(s.likelihood for s in found if s.subject == "1") > before
