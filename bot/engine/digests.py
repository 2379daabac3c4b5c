"""Which digests are due, and to whom do they go?

A digest is keyed by whom it is for and its local date, so that it is sent once: also when the clock fires twice, after
a restart, on the nights when the clock changes, and by whichever replica comes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from bot.actions.policy import Policy
from bot.clock import Clock
from bot.digests.model import Order, Subscription, is_person
from bot.digests.rhythm import DigestSlot, Every, Rhythm, due_slot, missed
from bot.engine.composing import compose
from bot.engine.digest_pages import DigestPage, HealthPage
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.subscriptions import zone_of
from bot.settings import Settings
from bot.settings.noticing import WEEKDAYS

_REACHES_BACK_MAX = 7
"""After a downtime a digest tells of what came since the last one, up to so many times its own length."""

_BEGAN = "digests began"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A digest that comes again and again. One that was due before `since` is not owed to anyone. `key` begins the
    keys of its notices; under `line` is remembered when the last one was."""

    key: str
    line: str
    to: str
    rhythm: Rhythm
    since: datetime
    services: tuple[str, ...] = ()
    person: str = ""


class Digests:
    def __init__(self, store: Store, clock: Clock, settings: Settings, policy: Policy) -> None:
        self._store, self._clock, self._settings, self._policy = store, clock, settings, policy
        self._began_at: datetime | None = None

    @property
    def channel(self) -> str:
        return self._settings.digest.channel or self._settings.slack.channel

    def send_due(self) -> int:
        """Puts the digests whose hour has come into the outbox. Returns how many were put."""
        now = self._clock.now()
        if self._began_at is None:
            self._began_at = self._begin(now)
        with self._store.read() as tx:
            wanted = [*self._of_settings(self._began_at), *_subscribed(tx, tx.subscriptions.all(), self._settings)]
            due = [(one, slot) for one in wanted if (slot := due_slot(one.rhythm, now)) and slot.until >= one.since]
            due = [(one, slot) for one, slot in due if not tx.records.has_happened("digest", _key(one, slot))]
        return sum(self._send(one, slot, now) for one, slot in due)

    def compose_now(self, every: Every = Every.DAY, services: Sequence[str] = (), person: str = "") -> DigestPage:
        """The last 24 hours or seven days, for whoever asks."""
        now = self._clock.now()
        rhythm = replace(self._rhythm(), every=every)
        with self._store.read() as tx:
            rhythm = replace(rhythm, timezone=zone_of(tx, person, rhythm.timezone))
            slot = DigestSlot(now.astimezone(rhythm.zone).date(), now - rhythm.length, now)
            return compose(tx, self._settings, self._policy, Order(slot, rhythm, tuple(services), person), now)

    def page_of(self, facts: Mapping[str, Any]) -> DigestPage:
        with self._store.read() as tx:
            return compose(tx, self._settings, self._policy, _order(facts), self._clock.now())

    def health_of(self, facts: Mapping[str, Any]) -> HealthPage:
        page = self.page_of(facts)
        return HealthPage(page.health, page.order)

    def _begin(self, now: datetime) -> datetime:
        """When a digest was looked for the first time: a first start in the afternoon does not begin with a report
        about nothing."""
        with self._store.write() as tx:
            known = tx.records.recall(_BEGAN)
            if not known:
                tx.records.remember(_BEGAN, now.isoformat())
        return datetime.fromisoformat(known) if known else now

    def _of_settings(self, since: datetime) -> Iterable[_Wanted]:
        wanted = self._settings.digest
        if not wanted.enabled:
            return
        key = f"digest:{self.channel}"
        yield _Wanted(key, key, self.channel, self._rhythm(), since)
        if wanted.weekly:
            rhythm = replace(self._rhythm(), every=Every.WEEK, weekday=WEEKDAYS.index(wanted.weekly))
            key = f"digest:weekly:{self.channel}"
            yield _Wanted(key, key, self.channel, rhythm, since)

    def _rhythm(self) -> Rhythm:
        return Rhythm(self._settings.digest.at, self._settings.digest.timezone)

    def _send(self, wanted: _Wanted, slot: DigestSlot, now: datetime) -> int:
        key = _key(wanted, slot)
        with self._store.write() as tx:
            if not tx.records.once("digest", key, now):
                return 0
            order = _ordered(tx, wanted, slot)
            facts = _facts(order)
            tx.outbox.put(Notice(key, "digest", wanted.to, facts), now)
            for part in compose(tx, self._settings, self._policy, order, now).details:
                tx.outbox.put(Notice(f"{key}:{part}", part, wanted.to, facts, thread_of=key), now)
            tx.records.remember(_last(wanted), slot.until.isoformat())
            return 1


def _subscribed(tx: Transaction, subscriptions: Iterable[Subscription], settings: Settings) -> Iterable[_Wanted]:
    for one in subscriptions:
        person = one.by if is_person(one.to) else ""
        zone = one.rhythm.timezone or zone_of(tx, person, settings.digest.timezone)
        key, line = f"digest:s{one.id}-{int(one.since.timestamp())}", f"subscription:{one.to}:{one.rhythm.every}"
        yield _Wanted(key, line, one.to, replace(one.rhythm, timezone=zone), one.since, one.services, person)


def _ordered(tx: Transaction, wanted: _Wanted, slot: DigestSlot) -> Order:
    """From the last one on, which usually is a day or a week before."""
    last = tx.records.recall(_last(wanted))
    order = Order(slot, wanted.rhythm, wanted.services, wanted.person, is_first=not last, is_sent=True)
    if not last:
        return order
    last_until = datetime.fromisoformat(last)
    farthest = slot.until - _REACHES_BACK_MAX * wanted.rhythm.length
    since = min(slot.since, max(last_until, farthest))
    days = missed(wanted.rhythm, last_until.astimezone(wanted.rhythm.zone).date(), slot.local_date)
    return replace(order, slot=replace(slot, since=since), missed=days) if days else order


def _key(wanted: _Wanted, slot: DigestSlot) -> str:
    return f"{wanted.key}:{slot.local_date}"


def _last(wanted: _Wanted) -> str:
    return f"last {wanted.line}"


def _facts(order: Order) -> dict[str, Any]:
    slot, rhythm = order.slot, order.rhythm
    return {
        "date": slot.local_date.isoformat(),
        "since": slot.since.isoformat(),
        "until": slot.until.isoformat(),
        "at": rhythm.at.isoformat(),
        "timezone": rhythm.timezone,
        "every": rhythm.every.value,
        "weekday": rhythm.weekday,
        "services": list(order.services),
        "person": order.person,
        "missed": [day.isoformat() for day in order.missed],
        "first": order.is_first,
    }


def _order(facts: Mapping[str, Any]) -> Order:
    since, until = datetime.fromisoformat(facts["since"]), datetime.fromisoformat(facts["until"])
    rhythm = Rhythm(
        time.fromisoformat(facts.get("at", "09:00")),
        facts.get("timezone", "UTC"),
        Every(facts.get("every", Every.DAY)),
        facts.get("weekday", 0),
    )
    return Order(
        DigestSlot(date.fromisoformat(facts["date"]), since, until),
        rhythm,
        tuple(facts.get("services", ())),
        facts.get("person", ""),
        tuple(date.fromisoformat(day) for day in facts.get("missed", ())),
        facts.get("first", False),
        is_sent=True,
    )
