"""Which signals are in others' alerts, and which ends?"""

import json
from datetime import UTC, datetime

import pytest

from bot.errors import InputError
from bot.signals.fingerprint import fingerprint
from bot.signals.severity import Severity
from bot.sources.mapping import Rules, decode_with, problems
from bot.sources.model import Heard, Kind, Posted
from bot.sources.registry import BY_NAME, SOURCES
from tests.sources.posting import NOW, fixture, heard, posted

ALERTS = [source.name for source in SOURCES if source.kind is Kind.ALERTS]
RULES = Rules(
    items="problems",
    key="id",
    title="join(': ', [host, name])",
    status="state",
    ended=("OK",),
    service="tags.app",
    severity="level",
    severities={"Disaster": Severity.CRITICAL},
    began_at="since",
    link="url",
    labels="tags",
)


def heard_by(name: str, body: bytes | None = None) -> Heard:
    if name != "mapping":
        return heard(name, body)
    source = BY_NAME[name]
    given = posted(source, body)
    return source.decode(Posted(given.body, given.headers, NOW, {"name": "mine"}, rules=RULES))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_that_fires_is_a_signal_of_its_service(name: str) -> None:
    (signal, *_) = heard_by(name).signals
    assert signal.service == "checkout"
    assert signal.severity.at_least(Severity.MINOR)
    assert signal.title
    assert datetime(2026, 3, 1, 12, 0, tzinfo=UTC) <= signal.began_at <= signal.at == NOW
    assert heard_by(name).signals[0].fingerprint == signal.fingerprint


def test_an_alert_brings_its_labels_its_link_and_what_it_says() -> None:
    (signal,) = heard("alertmanager").signals
    assert (signal.title, signal.severity) == ("checkout answers with errors", Severity.CRITICAL)
    assert ("host", "node-1:9100") in signal.entities
    assert signal.evidence.examples == ("5xx ratio is 12% for 5 minutes",)
    assert signal.evidence.link.startswith("http://prometheus")
    (end,) = heard("alertmanager").ended
    assert end.fingerprint == fingerprint("alert", "alertmanager", "1a2b3c4d5e6f7081")
    assert end.at == datetime(2026, 3, 1, 12, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("alertmanager", {"status": "resolved"}),
        ("datadog", {"transition": "Recovered"}),
        ("sentry", {"action": "resolved"}),
        ("cloudwatch", {"NewStateValue": "OK"}),
        ("pagerduty", {"event_type": "incident.resolved"}),
        ("opsgenie", {"action": "Close"}),
        ("mapping", {"state": "OK"}),
    ],
)
def test_the_end_of_an_alert_names_the_signal_that_it_ends(name: str, change: dict[str, str]) -> None:
    (key, value) = next(iter(change.items()))
    body = fixture(BY_NAME[name]).decode()
    for word in ("firing", "Triggered", "triggered", "ALARM", "incident.triggered", "Create", "PROBLEM"):
        for quote in ('"', '\\"'):
            for space in ("", " "):
                told = f"{quote}{key}{quote}:{space}{quote}"
                body = body.replace(f"{told}{word}{quote}", f"{told}{value}{quote}")
    ends = heard_by(name, body.encode()).ended
    assert heard_by(name).signals[0].fingerprint in {end.fingerprint for end in ends}


def test_what_is_not_news_is_ignored() -> None:
    body = fixture(BY_NAME["pagerduty"]).replace(b"incident.triggered", b"incident.acknowledged")
    found = heard("pagerduty", body)
    assert (found.ignored, found.signals, found.rejected) == (1, [], [])


def test_one_bad_alert_does_not_hide_its_neighbours() -> None:
    body = json.loads(fixture(BY_NAME["alertmanager"]))
    body["alerts"].insert(0, {"status": "firing", "labels": {}})
    body["alerts"].insert(0, {"status": "odd", "labels": {"a": "b"}})
    body["commonLabels"] = {}
    found = heard("alertmanager", json.dumps(body).encode())
    assert len(found.signals) == 1
    assert [part.place for part in found.rejected] == ["alerts[0]", "alerts[1]"]


@pytest.mark.parametrize("name", ALERTS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a": 1}', b"[" * 5000])
def test_what_is_no_alert_is_refused_or_rejected(name: str, body: bytes) -> None:
    try:
        found = heard_by(name, body)
    except InputError:
        return
    assert not found.signals
    assert not found.ended


def test_sns_wants_to_be_confirmed() -> None:
    url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:x&Token=2336412f37"
    for kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        body = {"Type": kind, "Message": "You have chosen", "SubscribeURL": url}
        assert heard("cloudwatch", json.dumps(body).encode()).challenge == url


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.eu-central-1.amazonaws.com.evil.example/?Action=ConfirmSubscription",
        "https://sns.eu-central-1.amazonaws.com@evil.example/?Action=ConfirmSubscription",
        "https://evil.example/https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://s3.amazonaws.com/?Action=ConfirmSubscription",
    ],
)
def test_an_address_that_is_not_of_sns_is_not_shown_as_one_to_open(url: str) -> None:
    body = {"Type": "SubscriptionConfirmation", "Message": "You have chosen", "SubscribeURL": url}
    with pytest.raises(InputError, match="not Amazon SNS's"):
        heard("cloudwatch", json.dumps(body).encode())


def test_a_message_that_sns_sends_again_is_known() -> None:
    posted = Posted(fixture(BY_NAME["cloudwatch"]), {}, NOW)
    assert BY_NAME["cloudwatch"].identify(posted) == "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"


def test_a_mapping_says_what_is_wrong_with_it() -> None:
    assert problems(RULES) == []
    (problem,) = problems(Rules(key="id[", title="name"))
    assert problem.startswith("key: 'id[' is no JMESPath expression")
    found = decode_with("x", Rules(key="nothing", title="name"), Posted(b'{"name": "a"}', {}, NOW))
    assert "finds nothing" in found.rejected[0].problem
    found = decode_with("x", Rules(key="join(',', name)", title="name"), Posted(b'{"name": 7}', {}, NOW))
    assert "cannot be asked of it" in found.rejected[0].problem
