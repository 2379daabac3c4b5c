"""Is what follows from an open incident muted, and nothing else? And is what comes and goes held open?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import InputError
from bot.incidents.correlation import OpenIncident
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.silences.asked import length_of, matcher_of
from bot.silences.flapping import is_flapping, quiet_needed
from bot.silences.inhibition import inhibited_by
from tests.incidents.signals import GRAPH, minute, opened, signal


def incident(severity: Severity = Severity.MAJOR, seen: float = 19) -> OpenIncident:
    return opened(7, replace(signal("payments", 0, severity=severity), last_at=minute(seen)))


def is_inhibited(new: Signal, one: OpenIncident) -> bool:
    found = inhibited_by(new, [one], GRAPH, minute(20))
    return found is not None and found.incident_id == 7


@pytest.mark.parametrize(
    ("service", "kind", "name", "muted"),
    [
        ("checkout", SignalKind.ALERT, "p99 high", True),
        ("web", SignalKind.RATE_DOWN, "orders", True),
        ("checkout", SignalKind.NEW_TEMPLATE, "payments did not answer", True),
        ("checkout", SignalKind.NEW_TEMPLATE, "NullPointerException", False),
        ("database", SignalKind.ALERT, "p99 high", False),
        ("wiki", SignalKind.ALERT, "p99 high", False),
    ],
)
def test_what_depends_on_the_trouble_and_shows_its_effects_is_muted(
    service: str, kind: SignalKind, name: str, muted: bool
) -> None:
    assert is_inhibited(signal(service, 20, kind=kind, name=name), incident()) is muted


def test_what_is_worse_or_critical_or_no_longer_explained_is_told() -> None:
    effect = signal("checkout", 20, kind=SignalKind.ALERT)
    assert is_inhibited(effect, incident())
    assert not is_inhibited(replace(effect, severity=Severity.CRITICAL), incident(Severity.CRITICAL))
    assert not is_inhibited(effect, incident(Severity.MINOR))
    assert not is_inhibited(effect, incident(seen=10))


def test_what_comes_back_again_and_again_has_to_be_quiet_for_longer_to_a_limit() -> None:
    ten = timedelta(minutes=10)
    assert [quiet_needed(ten, returns) // timedelta(minutes=1) for returns in range(5)] == [10, 20, 40, 60, 60]
    assert not is_flapping(1)
    assert is_flapping(2)


def test_lengths_and_matchers_are_typed_plainly() -> None:
    assert length_of("90m") == timedelta(minutes=90)
    assert length_of(" 1D ") == timedelta(days=1)
    assert (matcher_of("web").field, matcher_of("title=disk*").value) == ("service", "disk*")
    for wrong in ("soon", "2 fortnights", ""):
        with pytest.raises(InputError):
            length_of(wrong)
    with pytest.raises(InputError):
        matcher_of("colour=red")
