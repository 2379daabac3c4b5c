"""Do the shop's lines look like a shop's, and are they the same however they are asked for?"""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from bot.demo.lines import ROLLOUT, TEMPLATES, render
from bot.demo.shop import FAULTS, SERVICES, Fault
from bot.demo.traffic import Line, Spell, Traffic
from bot.logs.miner import Miner
from bot.logs.redact import Redactor

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BEGAN = NOON - timedelta(hours=2)
TRAFFIC = Traffic(60, 1, BEGAN)
MINUTE = timedelta(minutes=1)


def _texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def _quantile(lines: list[Line], pattern: str, q: float) -> float:
    found = sorted(int(m[1]) for line in lines if (m := re.search(pattern, line.text)))
    return found[int(q * len(found))]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_about_twenty_templates_and_writes_each_of_them_early(service: str) -> None:
    assert 18 <= len(TEMPLATES[service]) <= 24
    assert len({template.text for template in TEMPLATES[service]}) == len(TEMPLATES[service])
    lines = TRAFFIC.between(service, BEGAN, BEGAN + 45 * MINUTE)
    for template in TEMPLATES[service]:
        pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(template.text))
        found = [line for line in lines if re.fullmatch(pattern, line.text)]
        assert len(found) >= 2, template.text
        assert {line.level for line in found} == {template.level}


@pytest.mark.parametrize("service", SERVICES)
def test_a_minute_has_as_many_lines_as_the_shop_says_within_its_daily_swing(service: str) -> None:
    usual = SERVICES[service].lines
    starts = [NOON + timedelta(hours=hours) for hours in (3, 9, 15, 21)]
    by_hour = [len(TRAFFIC.between(service, start, start + timedelta(hours=1))) / 60 for start in starts]
    assert sum(by_hour) / 4 == pytest.approx(usual, rel=0.06)
    assert max(by_hour) > 1.4 * min(by_hour)
    assert all(0.65 * usual < lines < 1.35 * usual for lines in by_hour)


def test_lines_are_in_order_varied_and_mostly_harmless() -> None:
    lines = [line for service in SERVICES for line in TRAFFIC.between(service, BEGAN, NOON)]
    levels = Counter(line.level for line in lines)
    assert 30_000 < len(lines) < 60_000
    assert 0 < levels["error"] / len(lines) < 0.01
    assert 0.01 < levels["warn"] / len(lines) < 0.08
    assert len(set(_texts(lines))) > 0.9 * len(lines)
    for service in SERVICES:
        own = [line for line in lines if line.service == service]
        assert all(before.at <= after.at for before, after in pairwise(own))
        assert len({line.host for line in own}) == 3


def test_what_is_asked_for_in_pieces_is_the_same_as_in_one() -> None:
    spells = (Spell(FAULTS[0], NOON - 7 * MINUTE),)
    whole = TRAFFIC.between("checkout", NOON - 10 * MINUTE, NOON, spells)
    random, at, pieces = Random(4), NOON - 10 * MINUTE, list[Line]()
    while at < NOON:
        until = min(at + timedelta(seconds=random.uniform(0.1, 50)), NOON)
        pieces += TRAFFIC.between("checkout", at, until, spells)
        at = until
    assert pieces == whole


def test_a_fault_that_begins_or_ends_changes_nothing_before_it() -> None:
    since = NOON + timedelta(seconds=20)
    before = TRAFFIC.between("checkout", NOON, since)
    assert TRAFFIC.between("checkout", NOON, since, (Spell(FAULTS[0], since),)) == before


def test_the_miner_sees_no_news_in_hours_of_health() -> None:
    miner, redactor = Miner(), Redactor()
    for service in SERVICES:
        past = redactor.redact_all(_texts(TRAFFIC.between(service, BEGAN, NOON)))
        known = {mined.template_id for mined in miner.mine(service, past)}
        assert len(known) <= 2 * len(TEMPLATES[service])
        later = redactor.redact_all(_texts(TRAFFIC.between(service, NOON, NOON + timedelta(hours=4))))
        assert [mined.template_id for mined in miner.mine(service, later) if mined.is_new] == []


def test_what_is_nobodys_business_is_there_and_is_hidden_by_redaction() -> None:
    lines = [text for service in SERVICES for text in _texts(TRAFFIC.between(service, BEGAN, NOON))]
    secrets = re.compile(r"[\w.]+@[\w.]+\.\w+|sk_live_\w+|4242 4242 4242 \d{4}")
    found = {text for text in lines if secrets.search(text)}
    assert len(found) > 500
    for kind in ("@", "sk_live_", "4242 4242 "):
        assert [text for text in found if kind in text]
    assert not [text for text in Redactor().redact_all(sorted(found)) if secrets.search(text)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_shows_as_eighty_errors_a_minute_that_share_a_value(fault: Fault) -> None:
    since = NOON + 10 * MINUTE
    spells = (Spell(fault, since),)
    lines = TRAFFIC.between(fault.service, NOON, NOON + 30 * MINUTE, spells)
    constant = re.split(r"\{\w+\}", fault.error)[0]
    errors = [line for line in lines if line.text.startswith(constant) and line.level == "error"]
    assert min(line.at for line in errors) >= since
    assert len(errors) / 20 == pytest.approx(80, rel=0.1)
    having = [line for line in errors if f"{fault.parameter}={fault.value}" in line.text]
    assert 0.9 < len(having) / len(errors) < 1
    usual = [line for line in lines if line.level in ("info", "debug")]
    sick, well = ([line for line in usual if (line.at >= since) is is_sick] for is_sick in (True, False))
    assert _quantile(sick, r"\b(\d+) ?ms", 0.99) > 1.5 * _quantile(well, r"\b(\d+) ?ms", 0.99)
    assert len(sick) / 20 < (1 - fault.lost / 2) * len(well) / 10


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_others_suffer_a_little_later(fault: Fault) -> None:
    knock_on = fault.knock_on
    since = NOON + 10 * MINUTE
    lines = TRAFFIC.between(knock_on.service, NOON, NOON + 30 * MINUTE, (Spell(fault, since),))
    pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(knock_on.template))
    found = [line for line in lines if re.fullmatch(pattern, line.text)]
    assert any(template.text == knock_on.template for template in TEMPLATES[knock_on.service])
    assert len([line for line in found if line.at < since]) / 10 < knock_on.lines / 5
    assert len([line for line in found if since <= line.at < since + timedelta(seconds=18)]) < knock_on.lines / 5
    assert len([line for line in found if line.at >= since]) / 20 > knock_on.lines * 0.8


def test_a_roll_out_says_what_it_does() -> None:
    lines = TRAFFIC.rollout("checkout", "1.4.2", "1.4.1", "abcdef0123456789", NOON)
    assert len(lines) == 11
    assert lines[0].text == "rollout started version=1.4.2 revision=abcdef01 replicas=3"
    assert lines == TRAFFIC.rollout("checkout", "1.4.2", "1.4.1", "abcdef0123456789", NOON)


def test_every_parameter_of_every_template_is_known() -> None:
    texts = [template.text for templates in TEMPLATES.values() for template in templates]
    for text in [*texts, *ROLLOUT, *(fault.error for fault in FAULTS)]:
        assert "{" not in render(text, Random(1), "web", version="1", previous="0", revision="a", parameter="x")
