"""What does an Alertmanager hear of a silence? Never more than it mutes here."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.signals.severity import Severity
from bot.silences.model import Matcher, Silence, Untold
from bot.sources.alerting import alert
from bot.sources.silencing import AlertThere, Label, SilenceThere, heard, is_told, to_tell

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LABELS = {"alertname": "Errors", "app": "Shop Front", "instance": "db-3"}
ALERT = AlertThere(
    alert(
        "am", "f1", title="Errors", service="Shop Front", severity=Severity.MAJOR, began_at=NOW, now=NOW, labels=LABELS
    ),
    LABELS,
)


def silence(*matchers: Matcher) -> Silence:
    return Silence(matchers, "T1/U1", "load test", NOW, NOW + timedelta(hours=2), id=4)


def labels(*matchers: Matcher, service: str = "") -> tuple[Label, ...] | Untold:
    told = to_tell(silence(*matchers), "am", [ALERT], service)
    return told if isinstance(told, Untold) else told.labels


def test_a_problem_is_told_by_all_of_its_labels() -> None:
    told = labels(Matcher("fingerprint", ALERT.signal.fingerprint))
    assert told == (Label("alertname", "Errors"), Label("app", "Shop Front"), Label("instance", "db-3"))


def test_a_service_is_told_by_the_label_in_which_it_is_there() -> None:
    assert labels(Matcher("service", "Shop-Front")) == (Label("app", "Shop Front"),)
    assert labels(Matcher("service", "Shop*")) == (Label("app", "Shop.*", is_regex=True),)
    assert labels(Matcher("service", "checkout")) == (Label("service", "checkout"),)
    assert labels(Matcher("service", "check.out*")) == (Label("service", r"check\.out.*", is_regex=True),)
    assert labels(Matcher("entity:host", "db-3"), Matcher("kind", "alert")) == (Label("instance", "db-3"),)
    assert labels(Matcher("attribute:team", "data")) == (Label("team", "data"),)


@pytest.mark.parametrize(
    ("matchers", "service", "why"),
    [
        ([Matcher("kind", "new_template")], "", Untold.NOT_ALERTS),
        ([Matcher("source", "grafana")], "", Untold.NOT_ALERTS),
        ([Matcher("fingerprint", "another")], "", Untold.NOT_FIRING),
        ([Matcher("severity", "major")], "", Untold.NO_LABEL),
        ([Matcher("title", "disk*"), Matcher("service", "web")], "", Untold.NO_LABEL),
        ([Matcher("entity:unheard", "x")], "", Untold.NO_LABEL),
        ([Matcher("kind", "alert")], "", Untold.TOO_WIDE),
        ([Matcher("service", "*")], "", Untold.TOO_WIDE),
        ([Matcher("attribute:team", "*")], "", Untold.TOO_WIDE),
        ([Matcher("service", "shop")], "shop", Untold.TOO_WIDE),
        ([Matcher("service", "web")], "shop", Untold.NOT_ALERTS),
    ],
)
def test_what_labels_cannot_say_stays_here(matchers: list[Matcher], service: str, why: Untold) -> None:
    assert labels(*matchers, service=service) is why


def test_a_copy_is_known_by_its_maker_and_mark() -> None:
    own = silence(Matcher("service", "web"))
    told = to_tell(own, "am", [])
    assert isinstance(told, SilenceThere)
    assert told.by == "tocsin/T1/U1"
    assert told.reason == "load test (Tocsin silence 4 of 2026-03-01 12:00:00 UTC)"
    assert is_told(told, own)
    later = Silence(own.matchers, own.by, own.reason, NOW + timedelta(days=1), own.until + timedelta(days=1), id=4)
    assert not is_told(told, later)


def test_one_from_there_mutes_nothing_here_and_pretends_to_be_nobody() -> None:
    signs = (Label("app", "web"), Label("env", "dev", is_equal=False), Label("x", "a.*", is_regex=True))
    known = heard(SilenceThere("a1", signs, "T1/U1", "noise <!channel>", NOW, NOW + timedelta(hours=1)), "am")
    assert [(m.field, m.sign, m.value) for m in known.matchers] == [
        ("attribute:app", "=", "web"), ("attribute:env", "!=", "dev"), ("attribute:x", "=~", "a.*")
    ]  # fmt: skip
    assert known.by == "T1 U1"
    assert not known.mutes(ALERT.signal, NOW)
    assert not heard(SilenceThere("a1", signs[:1], "jo", "", NOW, NOW + timedelta(hours=1)), "am").mutes(
        ALERT.signal, NOW
    )
