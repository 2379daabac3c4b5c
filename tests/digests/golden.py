"""The days whose digests are kept as texts in `golden/`. After a change of words, write them again and read them:

python -m tests.digests.golden
"""

from collections.abc import Callable, Mapping
from datetime import time
from pathlib import Path

from bot.changes.model import ChangeKind
from bot.digests.rhythm import Every, Rhythm
from bot.incidents.model import Resolution
from bot.signals.model import SignalKind
from bot.signals.severity import Severity
from bot.sources.model import RunState
from tests.digests.days import ANA, BEN, Days
from tests.digests.shown import shown

FOLDER = Path(__file__).parent / "golden"


def told(days: Days, key: str) -> str:
    root = next(notice for notice in days.notices() if notice.key == key)
    return ("\n" + "—" * 40 + " in its thread\n\n").join(shown(message) for message in days.told(root))


def first_day() -> str:
    days = Days("2026-11-16T08:40:00+00:00")
    days.lines("checkout", "order {n} accepted")
    days.lines("web", "GET /cart 200 in {n} ms", 30)
    days.to(16)
    return told(days, "digest:#incidents:2026-11-16")


def quiet_day() -> str:
    days = Days()
    _usual(days)
    days.to(17, 15)
    _usual(days)
    days.change("web", "3.0.1", "3.0.0")
    days.to(18)
    return told(days, "digest:#incidents:2026-11-18")


def bad_day() -> str:
    days = Days()
    _usual(days)
    days.to(16, 14)
    days.incident("payments", "bank answered <*>", ago=30, lasted=20, by=BEN)
    days.to(17, 11)
    _usual(days)
    days.change("checkout", "1.4.2", "1.4.1")
    days.change("pricing", "eu-vat on", "eu-vat off", ChangeKind.FLAG)
    days.incident("web", "GET /cart 500 in <*> ms", lasted=12, times=41)
    days.incident("web", "GET /cart 500 in <*> ms", Severity.MINOR, ago=-60, lasted=9, times=17)
    days.incident(
        "mail", "queue has <*> messages", Severity.MINOR, lasted=30, by=ANA, resolution=Resolution.NOT_A_PROBLEM
    )
    days.incident("payments", "bank answered <*>", ago=-200, lasted=45, by=BEN, resolution=Resolution.RECOVERED)
    days.forecast("db", 50)
    days.to(18, 5)
    days.lines("checkout", "payment failed for order {n}: currency JPY is not supported", 300)
    days.incident(
        "checkout", "payment failed for order <*>", Severity.CRITICAL, ago=20, kind=SignalKind.NEW_TEMPLATE, times=9
    )
    days.incident("search", "index is <*> s behind", by=BEN, ago=90)
    days.run("orders_hourly", RunState.FAILED)
    days.check("churn", False)
    days.asked("checkout", ANA)
    days.silenced("web", Severity.CRITICAL)
    days.to(18)
    return told(days, "digest:#incidents:2026-11-18")


def day_of_downtime() -> str:
    days = Days()
    _usual(days)
    days.to(16, 20)
    days.incident("checkout", "payment failed for order <*>", Severity.CRITICAL, by=ANA)
    days.down_until(19, 10, 30)
    return told(days, "digest:#incidents:2026-11-19")


def weekly() -> str:
    days = Days("2026-11-02T08:00:00+00:00", digest={"weekly": "monday"})
    days.to(3, 10)
    days.incident("checkout", "payment failed for order <*>", lasted=90, by=ANA, after=30)
    days.to(10, 10)
    _usual(days)
    days.change("checkout", "1.4.2", "1.4.1")
    days.incident("checkout", "payment failed for order <*>", Severity.CRITICAL, lasted=40, by=ANA, after=4)
    days.to(10, 11)
    days.change("checkout", "1.4.1", "1.4.2", ChangeKind.ROLLBACK)
    days.change("web", "3.0.1", "3.0.0")
    days.to(12, 10)
    days.incident("web", "GET /cart 500 in <*> ms", lasted=20)
    days.run("orders_hourly", RunState.FAILED)
    days.run("orders_daily", RunState.SUCCEEDED)
    days.to(16)
    return told(days, "digest:weekly:#incidents:2026-11-16")


def personal() -> str:
    days = Days()
    days.knows(BEN, "Ben", "America/New_York")
    _usual(days)
    days.engine.subscriptions.subscribe(BEN, BEN.user, Rhythm(time(8, 30), "", Every.DAY), ("checkout", "payments"))
    days.to(17, 6)
    days.incident("checkout", "payment failed for order <*>", Severity.CRITICAL, by=BEN)
    days.incident("web", "GET /cart 500 in <*> ms", lasted=12)
    days.asked("checkout", ANA)
    days.to(17, 13, 30)
    key = next(key for key in days.told_keys() if key.startswith("digest:s1-") and key.endswith("-17"))
    return told(days, key)


def _usual(days: Days) -> None:
    """Nothing special: lines of three services, pipelines that run, a model that is well."""
    days.lines("checkout", "order {n} accepted")
    days.lines("web", "GET /cart 200 in {n} ms", 30)
    days.lines("payments", "paid {n} EUR", 20)
    days.run("orders_hourly", RunState.SUCCEEDED)
    days.run("orders_daily", RunState.SUCCEEDED)
    days.check("churn", True)


GOLDEN: Mapping[str, Callable[[], str]] = {
    "quiet-day": quiet_day,
    "bad-day": bad_day,
    "first-day": first_day,
    "day-of-downtime": day_of_downtime,
    "weekly": weekly,
    "personal": personal,
}

if __name__ == "__main__":
    for name, told_of in GOLDEN.items():
        (FOLDER / f"{name}.txt").write_text(told_of() + "\n", encoding="utf-8")
