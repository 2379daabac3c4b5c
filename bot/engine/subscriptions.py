"""Who gets a digest, when, and about what? People for themselves, and those who may act for a channel."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.digests.model import Subscription, is_person
from bot.digests.rhythm import Rhythm, next_due_at
from bot.engine.digest_pages import SubscriptionsPage
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.telling import note
from bot.errors import InputError, Refused
from bot.people import TOCSIN, Person
from bot.settings import Settings

SUBSCRIPTIONS_MAX = 1_000
SERVICES_MAX = 50
_GONE_FOR_GOOD = frozenset(
    {"channel_not_found", "is_archived", "not_in_channel", "user_disabled", "user_not_found", "user_not_visible"}
)


class Subscriptions:
    def __init__(self, store: Store, clock: Clock, settings: Settings, policy: Policy) -> None:
        self._store, self._clock, self._settings, self._policy = store, clock, settings, policy

    def subscribe(self, by: Person, to: str, rhythm: Rhythm, services: Sequence[str] = ()) -> SubscriptionsPage:
        """`to` is the person themselves or a channel. It takes the place of the one with the same rhythm. An empty time
        zone is the person's own, wherever they are, or the one of the settings for a channel."""
        self._must_be_allowed(by, to)
        if len(services) > SERVICES_MAX:
            raise InputError(f"a digest is about up to {SERVICES_MAX} services", place="services")
        now = self._clock.now()
        with self._store.write() as tx:
            if len(tx.subscriptions.all()) >= SUBSCRIPTIONS_MAX:
                raise InputError(f"there are {SUBSCRIPTIONS_MAX} subscriptions already", place="subscriptions")
            made = tx.subscriptions.put(Subscription(to, by.key, rhythm, tuple(services), now))
            note(tx, now, by.key, "subscription.begun", f"subscription:{made.id}", to=to, every=rhythm.every.value)
            zone = rhythm.timezone or zone_of(tx, by.key if made.is_personal else "", self._settings.digest.timezone)
            next_at = next_due_at(replace(rhythm, timezone=zone), now)
            return self._page(tx, by, "" if made.is_personal else to, now, "begun", made, next_at)

    def stop(self, by: Person, subscription_id: int) -> SubscriptionsPage:
        """Raises `NotFound`, `Refused`."""
        now = self._clock.now()
        with self._store.write() as tx:
            one = tx.subscriptions.get(subscription_id)
            self._must_be_allowed(by, one.to)
            tx.subscriptions.drop(one.id)
            note(tx, now, by.key, "subscription.ended", f"subscription:{one.id}", to=one.to)
            return self._page(tx, by, "" if one.is_personal else one.to, now, "ended", one, None)

    def undeliverable(self, to: str, error: str) -> None:
        """`to` is gone for good: what it would get ends, and of a channel those hear it who wanted it there."""
        if error not in _GONE_FOR_GOOD:
            return
        now = self._clock.now()
        with self._store.write() as tx:
            for one in tx.subscriptions.of(to):
                tx.subscriptions.drop(one.id)
                note(tx, now, TOCSIN.key, "subscription.ended", f"subscription:{one.id}", to=to, error=error)
                if not one.is_personal:
                    key = f"subscription:{one.id}:{int(now.timestamp())}"
                    facts = {"kind": "digest_ended", "by": "", "channel": to, "error": error}
                    tx.outbox.put(Notice(key, "line", Person.of(one.by).user, facts), now)

    def page(self, by: Person, channel: str = "") -> SubscriptionsPage:
        with self._store.read() as tx:
            return self._page(tx, by, channel, self._clock.now(), "", None, None)

    def _page(
        self,
        tx: Transaction,
        by: Person,
        channel: str,
        now: datetime,
        changed: str,
        one: Subscription | None,
        next_at: datetime | None,
    ) -> SubscriptionsPage:
        here = tx.subscriptions.of(channel) if channel and not is_person(channel) else []
        return SubscriptionsPage(now, tuple(tx.subscriptions.of(by.user)), tuple(here), changed, one, next_at)

    def _must_be_allowed(self, by: Person, to: str) -> None:
        """Everybody for themselves; for a channel, or somebody else, those who may act."""
        if by.is_bot:
            raise Refused("bots_may_not_act")
        if by.user != to:
            decision = self._policy.may_act_on_incidents(by)
            if decision.verdict is Verdict.REFUSED:
                raise Refused(decision.reason)


def zone_of(tx: Transaction, person: str, otherwise: str) -> str:
    """The time zone Slack knows of a person."""
    known = tx.people.known([person]).get(person) if person else None
    return known.timezone if known and _is_zone(known.timezone) else otherwise


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return bool(name)
