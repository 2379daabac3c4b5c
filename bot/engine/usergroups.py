"""Who is in Slack's user groups that escalations name? Asked for in Slack now and then; the last good copy counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.clock import Clock
from bot.engine.calling_ports import Copy
from bot.engine.ports import Store, Transaction
from bot.settings import Settings

GROUP = "group"
ASKED_EVERY = timedelta(minutes=5)


class Usergroups:
    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock = store, clock
        steps = [step for policy in settings.escalation.values() for step in policy.steps]
        self.named = tuple(dict.fromkeys(step.group for step in steps if step.group))

    def due(self) -> list[str]:
        """Those that are to be asked for."""
        now = self._clock.now()
        with self._store.read() as tx:
            known = {name: tx.calls.copy(GROUP, name) for name in self.named}
        return [name for name, copy in known.items() if copy is None or now - copy.tried_at >= ASKED_EVERY]

    def learn(self, name: str, members: Sequence[str] | None, problem: str = "") -> None:
        """`members` are Slack user ids; None when they could not be asked for."""
        now = self._clock.now()
        with self._store.write() as tx:
            known = tx.calls.copy(GROUP, name) or Copy(GROUP, name, "", None, now)
            good = known if members is None else replace(known, text=" ".join(members), fetched_at=now)
            tx.calls.keep_copy(replace(good, tried_at=now, problem=problem[:500]))

    def members(self, tx: Transaction, name: str) -> tuple[str, ...]:
        copy = tx.calls.copy(GROUP, name)
        return tuple(copy.text.split()) if copy else ()
