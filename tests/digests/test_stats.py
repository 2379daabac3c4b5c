"""Are the measures those of a table worked out by hand, from the steps that people and Tocsin take?

Minutes of one day. What happened to each incident, by the clock; `–` is no step.

incident  service   began  opened  acknowledged     resolved            detect  acknowledge  resolve
1 plain   checkout  0      2       5 (Ana)          20 (Ana)            2       3            18
2 alone   web       30     34      –                44 (quiet)          4       –            10
3 at once checkout  60     66      – (76 by that)   76 (Ben)            6       10           10
4 back    payments  100    104     109 (Ana)        120; 140; 154       4       5 (first)    50 (last end)
5 open    web       200    201     203 (Ana)        –                   1       2            –
6 false   web       210    211     –                215 (no problem)    does not count
7 merged  checkout  220    221     –                225 (into 8)        counts with 8
8 root    payments  218    222     230 (Ben)        240 (Ben)           4       8            18
9 late    checkout  250    290     290 (declared)   300 (Ana)           40      5            10

detect: (2+4+6+4+1+4+40)/7 = 61/7; acknowledge: (3+10+5+2+8+5)/6 = 33/6; resolve: (18+10+10+50+18+10)/6 = 116/6
deploys: checkout 1, web 2 (rolled back), payments 3 (confirmed as the cause of 8), web 4 → 2 of 4 failed
lead times: 60, 120, –, 240 minutes → median 120
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from bot.changes.model import Change, ChangeKind
from bot.clock import HeldClock
from bot.engine.exports import stats_json
from bot.engine.whole import Engine
from bot.errors import InputError, NotFound
from bot.incidents.delivery import COMMITTED_AT
from bot.incidents.model import Incident, Resolution, Suspect
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity
from tests.scenarios.world import ANA, BEN

START = datetime(2026, 11, 16, tzinfo=UTC)
SERVICES = {"checkout": {"owners": ["Shop"]}, "web": {"owners": ["shop"]}, "payments": {"owners": ["money"]}}


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


class Table:
    """Takes the steps through the engine, at their minutes."""

    def __init__(self) -> None:
        self.clock = HeldClock(START)
        settings = Settings.model_validate({"slack": {"operators": ["UANA", "UBEN"]}, "services": SERVICES})
        self.engine: Engine = build_engine(
            settings, clock=self.clock, database_url="sqlite://", executors={}, team="T1"
        )

    def opens(self, minute: float, service: str, began: float) -> int:
        self.clock.move_to(at(minute))
        one = Incident(service, "failed", Severity.MAJOR, at(began), at(minute), at(minute), channel="#incidents")
        with self.engine.store.write() as tx:
            return tx.incidents.add(one).id

    def declares(self, minute: float, service: str, by: Person, began: float) -> int:
        """Late: signals that joined it say that it began long before."""
        self.clock.move_to(at(minute))
        one = self.engine.incidents.declare(by, service, "it is broken", Severity.MAJOR)
        with self.engine.store.write() as tx:
            tx.incidents.save(tx.incidents.get(one.id).begun_by(at(began)))
        return one.id

    def acknowledges(self, minute: float, incident: int, by: Person) -> None:
        self.clock.move_to(at(minute))
        self.engine.incidents.acknowledge(incident, by)

    def resolves(self, minute: float, incident: int, by: Person) -> None:
        self.clock.move_to(at(minute))
        self.engine.incidents.resolve(incident, by)

    def falls_quiet(self, minute: float, incident: int, resolution: Resolution = Resolution.QUIET) -> None:
        self.clock.move_to(at(minute))
        with self.engine.store.write() as tx:
            tx.incidents.save(tx.incidents.lock(incident).resolve("", self.clock.now(), resolution))

    def reopens(self, minute: float, incident: int) -> None:
        self.clock.move_to(at(minute))
        self.engine.incidents.reopen(incident, ANA)

    def deploys(self, minute: float, service: str, version: str, led: float | None = None, was: str = "") -> Change:
        attributes = {COMMITTED_AT: at(minute - led).isoformat()} if led is not None else {}
        change = Change(f"{service} {version}", ChangeKind.DEPLOY, service, at(minute), version, was)
        return self._went_out(replace(change, attributes=attributes))

    def rolls_back(self, minute: float, service: str, version: str, was: str) -> None:
        self._went_out(Change(f"back {service}", ChangeKind.ROLLBACK, service, at(minute), version, was))

    def _went_out(self, change: Change) -> Change:
        with self.engine.store.write() as tx:
            stored = tx.changes.add(change)
        assert stored is not None
        return stored


@pytest.fixture
def table() -> Table:
    made = Table()
    made.deploys(-50, "checkout", "1", led=60)
    plain = made.opens(2, "checkout", began=0)
    made.acknowledges(5, plain, ANA)
    made.deploys(10, "web", "2", led=120, was="1")
    made.rolls_back(15, "web", "1", was="2")
    made.resolves(20, plain, ANA)
    alone = made.opens(34, "web", began=30)
    made.falls_quiet(44, alone)
    at_once = made.opens(66, "checkout", began=60)
    made.resolves(76, at_once, BEN)
    back = made.opens(104, "payments", began=100)
    made.acknowledges(109, back, ANA)
    made.resolves(120, back, ANA)
    made.reopens(140, back)
    made.acknowledges(141, back, BEN)
    made.falls_quiet(154, back, Resolution.RECOVERED)
    still_open = made.opens(201, "web", began=200)
    made.acknowledges(203, still_open, ANA)
    false = made.opens(211, "web", began=210)
    made.clock.move_to(at(215))
    made.engine.incidents.not_a_problem(false, ANA)
    guilty = made.deploys(216, "payments", "3")
    merged = made.opens(221, "checkout", began=220)
    root = made.opens(222, "payments", began=218)
    made.clock.move_to(at(225))
    made.engine.incidents.merge(merged, root, ANA)
    with made.engine.store.write() as tx:
        tx.incidents.set_suspects(root, [Suspect("change", str(guilty.id), "payments 3", 0.9)])
    made.engine.incidents.judge(root, str(guilty.id), "confirmed", ANA)
    made.acknowledges(230, root, BEN)
    made.resolves(240, root, BEN)
    made.deploys(245, "web", "4", led=240)
    late = made.declares(290, "checkout", ANA, began=250)
    made.acknowledges(295, late, ANA)
    made.resolves(300, late, ANA)
    made.clock.move_to(at(400))
    return made


def figures(table: Table, *about: str, days: int = 1) -> dict[str, Any]:
    page = table.engine.stats.page(days, about)
    found: dict[str, Any] = json.loads(msgspec.json.encode(stats_json(page)))
    return found


def test_the_measures_are_those_of_the_table(table: Table) -> None:
    found = figures(table)
    now = found["now"]
    assert now["incidents"] == 7
    assert now["mttd_s"] == pytest.approx(61 / 7 * 60)
    assert now["mtta_s"] == pytest.approx(33 / 6 * 60)
    assert now["mttr_s"] == pytest.approx(116 / 6 * 60)
    assert (now["deploys"], now["change_failure_rate"], now["deploys_per_day"]) == (4, 0.5, 4.0)
    assert now["lead_time_s"] == 120 * 60
    assert (found["no_problem"], found["declared"]) == (1, 1)


def test_one_service_or_one_team_is_measured_alone(table: Table) -> None:
    checkout = figures(table, "checkout")["now"]
    assert checkout["incidents"] == 3
    assert checkout["mttd_s"] == pytest.approx((2 + 6 + 40) / 3 * 60)
    assert (checkout["deploys"], checkout["change_failure_rate"], checkout["lead_time_s"]) == (1, 0.0, 3600)
    shop = figures(table, "SHOP")
    assert shop["about"] == ["checkout", "web"]
    assert shop["now"]["incidents"] == 5
    money = figures(table, "money")["now"]
    assert money["mttr_s"] == pytest.approx((50 + 18) / 2 * 60)
    assert (money["change_failure_rate"], money["lead_time_s"]) == (1.0, None)
    with pytest.raises(NotFound):
        figures(table, "nobody")


def test_the_days_before_stand_beside_and_an_empty_window_measures_nothing(table: Table) -> None:
    table.clock.advance(timedelta(days=1))
    found = figures(table)
    assert found["now"]["incidents"] == 0
    assert found["now"]["mttr_s"] is None
    assert found["now"]["change_failure_rate"] is None
    assert found["before"]["incidents"] == 7
    for days in (0, 366):
        with pytest.raises(InputError):
            figures(table, days=days)
