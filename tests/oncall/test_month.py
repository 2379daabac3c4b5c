"""A month with holidays, a change of the clocks and handovers at midnight: is everybody asked who has to be, once?

Who that is, is worked out here a second time, from the calendar alone.
"""

import itertools
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.incidents.model import Incident
from bot.people import Person
from bot.signals.severity import Severity
from tests.oncall.duty import Duty

ZONE = ZoneInfo("Europe/Berlin")
DAILY, WEEKLY = ("UANA", "UBEN", "UCAT", "UDAN", "UEVA"), ("UFAY", "UGUS", "UHAL")
FIVE, TEN = timedelta(minutes=5), timedelta(minutes=10)
TICK = timedelta(minutes=1)
MONTHS = {
    "spring": (date(2026, 3, 9), (date(2026, 3, 29), date(2026, 4, 3), date(2026, 4, 6))),  # the clocks; Easter
    "autumn": (date(2026, 10, 5), (date(2026, 10, 25), date(2026, 10, 26), date(2026, 10, 31))),
}
POLICY = {"repeat": 1, "steps": [{"schedule": "shop"}, {"schedule": "backup", "wait_minutes": 10}]}


def settings(starts: date, holidays: tuple[date, ...]) -> dict[str, Any]:
    weekly = {"people": WEEKLY, "length": "weekly", "starts": starts, "handover": "09:00"}
    daily = {"people": DAILY, "length": "daily", "starts": starts, "handover": "00:00", "holidays": holidays}
    shop = {"timezone": ZONE.key, "channel": "#oncall", "rotations": [weekly, daily]}
    backup = {"timezone": ZONE.key, "rotations": [weekly]}
    operators = {"operators": [*DAILY, *WEEKLY]}
    return {"slack": operators, "oncall": {"shop": shop, "backup": backup}, "escalation": {"all": POLICY}}


def on_call(at: datetime, starts: date, holidays: tuple[date, ...]) -> tuple[str, str]:
    """Who has the shop, and who the backup: by counting days on the wall calendar."""
    local = at.astimezone(ZONE).replace(tzinfo=None)
    weeks = (local - timedelta(hours=9) - datetime.combine(starts, datetime.min.time())).days // 7
    backup = WEEKLY[weeks % len(WEEKLY)]
    return backup if local.date() in holidays else DAILY[(local.date() - starts).days % len(DAILY)], backup


@dataclass(frozen=True)
class Trouble:
    """`answered` after so long, by acknowledging or resolving; None: never."""

    at: datetime
    answered: timedelta | None
    resolves: bool


def troubles(starts: date, seed: int, how_many: int) -> list[Trouble]:
    """At any time, and just before and after handovers and changes of the clocks."""
    rng = random.Random(seed)
    begin = datetime.combine(starts, datetime.min.time(), ZONE).astimezone(UTC) + timedelta(hours=10)
    times = [begin + timedelta(minutes=rng.randrange(31 * 24 * 60 - 700)) for _ in range(how_many)]
    midnight = datetime.combine(starts + timedelta(days=20), datetime.min.time(), ZONE)
    for edge in (midnight, midnight + timedelta(hours=1), midnight + timedelta(hours=2), midnight + timedelta(hours=9)):
        times += [edge.astimezone(UTC) + timedelta(minutes=minutes) for minutes in (-6, -1, 0, 1)]
    answers = [None, timedelta(minutes=2), timedelta(minutes=7), timedelta(minutes=12), timedelta(minutes=22)]
    return [Trouble(at, rng.choice(answers), rng.random() < 0.5) for at in sorted(times)]


def expected(trouble: Trouble, starts: date, holidays: tuple[date, ...]) -> list[tuple[datetime, str]]:
    at, found = trouble.at, []
    until = trouble.at + trouble.answered if trouble.answered is not None else None
    for turn in range(4):
        if until is not None and at >= until:
            break
        found.append((at, on_call(at, starts, holidays)[turn % 2]))
        at += FIVE if turn % 2 == 0 else TEN
    return found


@pytest.mark.parametrize("month", MONTHS)
def test_a_month_asks_exactly_who_it_should(month: str) -> None:
    starts, holidays = MONTHS[month]
    duty = Duty(start=f"{starts}T09:00", **settings(starts, holidays))
    plan = troubles(starts, seed=5, how_many=16)
    opened = live(duty, plan, starts)
    for trouble, incident in opened:
        asked = [(page.at, page.target.rpartition("/")[2]) for page in duty.pages(incident)]
        assert asked == expected(trouble, starts, holidays), trouble
    assert len(opened) == len(plan) == 32
    counted = Counter((p.incident_id, p.since, p.policy, p.turn, p.target) for p in duty.pages())
    assert set(counted.values()) == {1}
    assert len({p.target for p in duty.pages()}) >= 6
    handed_over(duty, starts, holidays)


def live(duty: Duty, plan: list[Trouble], starts: date) -> list[tuple[Trouble, Incident]]:
    """Through the month, with a new process every day: two replicas look by turns."""
    replicas = [duty.engine]
    duty.restart()
    replicas.append(duty.engine)
    todo, opened, answers = list(plan), [], []
    end = datetime.combine(starts + timedelta(days=32), datetime.min.time(), ZONE)
    restarted, turn = duty.clock.now(), 0
    while duty.clock.now() < end:
        now = duty.clock.now()
        while todo and todo[0].at <= now:
            trouble = todo.pop(0)
            incident = duty.engine.incidents.declare(Person("T1", "UFAY"), "checkout", "it is down", Severity.CRITICAL)
            opened.append((trouble, incident))
            if trouble.answered is not None:
                answers.append((trouble.at + trouble.answered, incident, trouble.resolves))
        for answer in [one for one in answers if one[0] <= now]:
            answers.remove(answer)
            step = duty.engine.incidents.resolve if answer[2] else duty.engine.incidents.acknowledge
            step(answer[1].id, Person("T1", "UGUS"))
        for engine in (replicas[turn % 2], replicas[(turn + 1) % 2]):
            engine.escalations.run()
            engine.oncall.tell_handovers()
        turn += 1
        if now - restarted > timedelta(days=1):
            duty.restart()
            replicas[turn % 2], restarted = duty.engine, now
        is_calm = all(now - trouble.at > timedelta(minutes=32) for trouble, _ in opened[-8:])
        nearest = min([todo[0].at] if todo else [end])
        duty.clock.move_to(min(nearest, next_hour(now)) if is_calm else min(nearest, now + TICK))
    return opened


def next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def handed_over(duty: Duty, starts: date, holidays: tuple[date, ...]) -> None:
    """Every change of shift was told, once, at its hour, with who it was before."""
    begin = datetime.combine(starts, datetime.min.time(), ZONE).astimezone(UTC) + timedelta(hours=10)
    hours = [begin + timedelta(hours=hour) for hour in range(32 * 24)]
    people = [(hour, on_call(hour, starts, holidays)[0]) for hour in hours]
    changes = [(at, before, now) for (_, before), (at, now) in itertools.pairwise(people) if before != now]
    told = duty.notices("handover")
    found = [(datetime.fromisoformat(n.facts["at"]), n.facts["before"][3:], n.facts["people"][3:]) for n in told]
    assert [one for one in found if one[0] <= hours[-1]] == [
        one for one in changes if one[0] < datetime.combine(starts + timedelta(days=32), datetime.min.time(), ZONE)
    ]
