"""How bad is an incident?"""

from bot.incidents.severity import REASONS, Graded, grade
from bot.signals.severity import Severity
from tests.incidents.signals import signal


def test_it_is_as_bad_as_its_worst_signal() -> None:
    graded = grade([signal("web", 2, severity=Severity.MINOR), signal("checkout", 1), signal("payments", 3)])
    assert graded == Graded(Severity.MAJOR, "signal", "checkout")


def test_major_trouble_in_three_services_is_critical() -> None:
    assert grade([signal(s, 1) for s in ("web", "checkout", "payments")]) == Graded(Severity.CRITICAL, "spread", "3")
    minor = [signal(s, 1, severity=Severity.MINOR) for s in ("web", "checkout", "payments")]
    assert grade(minor).severity is Severity.MINOR


def test_without_signals_it_is_information() -> None:
    assert grade([]) == Graded(Severity.INFO, "nothing")
    assert grade([]).reason in REASONS
