"""Has this person's authenticator just shown that code? Enrolled once, each code good once, tries bounded."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.totp import Factor, matching_step, secret_of, uri, written
from bot.clock import Clock
from bot.engine.ports import Store
from bot.engine.telling import note
from bot.errors import Refused
from bot.people import Person
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person puts into their authenticator; shown to nobody else, and only until it is confirmed."""

    secret: str
    uri: str


class SecondFactors:
    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock = store, clock
        key = settings.policy.step_up_key
        self._key = key.get_secret_value() if key is not None else ""

    def begin(self, by: Person) -> Enrolment:
        """A new secret, good once its first code is confirmed. One that is confirmed is not replaced by who is only
        signed in to Slack: `tocsin totp forget` does that, on the machine Tocsin runs on."""
        self._must_be_possible(by)
        now = self._clock.now()
        with self._store.write() as tx:
            known = tx.second_factors.lock(by.key)
            if known is not None and known.confirmed_at is not None:
                raise Refused("second_factor_there")
            begun = known.anew() if known else Factor()
            tx.second_factors.save(by.key, begun)
            note(tx, now, by.key, "second_factor.begun", f"person:{by.key}")
        secret = secret_of(self._key, by.key, begun.generation)
        return Enrolment(written(secret), uri(secret, by.user))

    def confirm(self, by: Person, code: str) -> None:
        """The first code: from now on it is asked for."""
        self._must_be_possible(by)

        def confirmed(factor: Factor, now: datetime) -> Factor:
            if factor.confirmed_at is not None:
                raise Refused("second_factor_there")
            return replace(factor, confirmed_at=now)

        self._take(by, code, confirmed, "second_factor.confirmed")

    def check(self, by: Person, code: str) -> None:
        """Takes the code, which is used up by that. Raises `Refused`."""
        self._must_be_possible(by)

        def unchanged(factor: Factor, now: datetime) -> Factor:
            if factor.confirmed_at is None:
                raise Refused("second_factor_missing")
            return factor

        if not code:
            raise Refused("code_missing")
        self._take(by, code, unchanged, "")

    def forget(self, person: str, by: str) -> bool:
        """For one who lost their authenticator. False when there was nothing to forget."""
        with self._store.write() as tx:
            known = tx.second_factors.lock(person)
            if known is None:
                return False
            tx.second_factors.save(person, known.anew())
            note(tx, self._clock.now(), by, "second_factor.forgotten", f"person:{person}"[:200])
            return True

    def _take(self, by: Person, code: str, change: Callable[[Factor, datetime], Factor], what: str) -> None:
        now, refused = self._clock.now(), ""
        with self._store.write() as tx:
            factor = tx.second_factors.lock(by.key)
            if factor is None:
                raise Refused("second_factor_missing")
            if factor.is_closed(now):
                raise Refused("too_many_codes")
            changed = change(factor, now)
            step = matching_step(secret_of(self._key, by.key, factor.generation), code, now)
            if step is None or step <= factor.last_step:
                refused = "wrong_code" if step is None else "code_used"
                tx.second_factors.save(by.key, factor.failed(now))
                note(tx, now, by.key, "second_factor.refused", f"person:{by.key}", reason=refused)
            else:
                tx.second_factors.save(by.key, changed.taken(step))
                if what:
                    note(tx, now, by.key, what, f"person:{by.key}")
        if refused:  # raised here, so that the try is counted
            raise Refused(refused)

    def _must_be_possible(self, by: Person) -> None:
        if by.is_bot:
            raise Refused("bots_may_not_act")
        if not by.team:
            raise Refused("not_an_operator")
        if not self._key:
            raise Refused("no_second_factors")
