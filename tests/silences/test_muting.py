"""What does a silence mute, and what does a maintenance window?"""

from datetime import timedelta

import pytest

from bot.signals.model import SignalKind
from bot.signals.severity import Severity
from bot.silences.model import MaintenanceWindow, Matcher, Silence
from bot.silences.muting import REASONS, is_muted, silence_for
from tests.incidents.signals import minute, signal

ALERT = signal(
    "checkout",
    10,
    kind=SignalKind.ALERT,
    name="slow",
    entities=(("host", "db-3"), ("pod", "c-1")),
    attributes={"team": "shop"},
)


def silence(*matchers: Matcher, since: float = 0, until: float = 60, number: int = 1) -> Silence:
    return Silence(matchers, "T1/UANA", "known", minute(since), minute(until), number)


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("service", "checkout", True),
        ("service", "check*", True),
        ("service", "check", False),
        ("kind", "alert", True),
        ("severity", "major", True),
        ("title", "slow", True),
        ("fingerprint", ALERT.fingerprint, True),
        ("entity:host", "db-3", True),
        ("entity:host", "db-*", True),
        ("entity:host", "c-1", False),
        ("attribute:team", "shop", True),
        ("attribute:region", "", False),
        ("no such field", "*", False),
    ],
)
def test_a_matcher_compares_a_field_whole_or_by_its_beginning(field: str, value: str, fits: bool) -> None:
    assert Matcher(field, value).matches(ALERT) is fits


def test_all_matchers_have_to_fit_and_none_mute_nothing() -> None:
    both = silence(Matcher("service", "checkout"), Matcher("kind", "alert"))
    assert both.mutes(ALERT, minute(10))
    assert not both.mutes(signal("checkout", 10), minute(10))
    assert not silence().mutes(ALERT, minute(10))


@pytest.mark.parametrize(("now", "muted"), [(-0.1, False), (0, True), (59.9, True), (60, False)])
def test_a_silence_counts_from_its_beginning_until_just_before_its_end(now: float, muted: bool) -> None:
    assert silence(Matcher("service", "*")).mutes(ALERT, minute(now)) is muted


def test_maintenance_mutes_what_began_in_it_even_when_it_is_seen_later() -> None:
    work = MaintenanceWindow(frozenset({"checkout"}), "new disks", minute(0), minute(30), 4)
    late = signal("checkout", 32, began=29)
    found = is_muted(late, [], [work], minute(32))
    assert found is not None
    assert (found.reason, found.subject, found.said) == ("maintenance", "4", "new disks")
    assert is_muted(signal("checkout", 32, began=31), [], [work], minute(32)) is None
    assert is_muted(signal("payments", 10), [], [work], minute(10)) is None


def test_what_mutes_longest_is_named() -> None:
    short, long = silence(Matcher("service", "checkout"), until=20), silence(Matcher("kind", "alert"), number=2)
    found = is_muted(ALERT, [short, long], [], minute(10))
    assert found is not None
    assert (found.reason, found.subject, found.by, found.until) == ("silence", "2", "T1/UANA", minute(60))
    assert found.reason in REASONS
    assert is_muted(ALERT, [], [], minute(10)) is None


def test_the_silence_a_button_proposes_mutes_this_problem_and_no_other() -> None:
    made = silence_for(ALERT, "T1/UANA", "known", minute(10), timedelta(hours=2))
    assert made.mutes(ALERT, minute(129))
    assert not made.mutes(ALERT, minute(130))
    assert not made.mutes(signal("checkout", 11, severity=Severity.MINOR), minute(11))
