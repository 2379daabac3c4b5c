"""When does a signal open an incident?"""

import pytest

from bot.incidents.opening import REASONS, should_open
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from tests.incidents.signals import signal

MINOR, INFO = Severity.MINOR, Severity.INFO


@pytest.mark.parametrize("severity", [Severity.MAJOR, Severity.CRITICAL])
def test_a_severe_signal_opens_by_itself(severity: Severity) -> None:
    opening = should_open(signal("checkout", 0, severity=severity), [])
    assert (opening.opens, opening.reason) == (True, "severe")


@pytest.mark.parametrize(
    ("company", "opens", "reason"),
    [
        ([], False, "alone"),
        ([signal("checkout", 0, severity=MINOR)], False, "alone"),
        ([signal("checkout", 0, name="other", severity=MINOR)], False, "alone"),
        ([signal("checkout", 0, kind=SignalKind.RATE_UP, name="other", severity=MINOR)], False, "alone"),
        ([signal("checkout", 0, kind=SignalKind.RATE_DOWN, name="beat", severity=MINOR)], True, "several_kinds"),
        ([signal("checkout", 0, kind=SignalKind.ALERT, name="slow", severity=MINOR)], True, "several_kinds"),
        ([signal("checkout", 0, kind=SignalKind.UNUSUAL_MIX, name="mix", severity=MINOR)], False, "alone"),
        ([signal("payments", 0, severity=MINOR)], True, "several_services"),
        ([signal("payments", 0, began=-20, severity=MINOR)], False, "alone"),
        ([signal("payments", 0, severity=INFO)], False, "alone"),
        ([signal("payments", 0, kind=SignalKind.UNUSUAL_MIX, severity=MINOR)], False, "alone"),
    ],
)
def test_a_minor_signal_needs_independent_company(company: list[Signal], opens: bool, reason: str) -> None:
    opening = should_open(signal("checkout", 1, severity=MINOR), company)
    assert (opening.opens, opening.reason) == (opens, reason)
    assert reason in REASONS


def test_info_and_mixes_never_open() -> None:
    company = [signal("payments", 0, severity=MINOR), signal("web", 0, kind=SignalKind.ALERT, severity=MINOR)]
    assert not should_open(signal("checkout", 1, severity=INFO), company).opens
    assert not should_open(signal("checkout", 1, kind=SignalKind.UNUSUAL_MIX, severity=MINOR), company).opens
