"""What do people say of a signal: useful, less of it, or as it was? It moves that signal's threshold, within bounds."""

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.ports import Sensitivity, Store
from bot.engine.sensitivity import Sensitivities
from bot.errors import NotFound, Refused
from bot.people import Person

WORDS = ("useful", "less", "reset")


class Teaching:
    def __init__(self, store: Store, clock: Clock, policy: Policy) -> None:
        self._store, self._clock, self._policy = store, clock, policy

    def say(self, incident_id: int, signal_id: int, word: str, by: Person) -> Sensitivity | None:
        """What counts from now on; None when it is as it came. Raises `NotFound`, `Refused`."""
        decision = self._policy.may_act_on_incidents(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)
        now = self._clock.now()
        with self._store.write() as tx:
            signals = tx.signals.of(incident_id)
            signal = next((one for one in signals if one.id == signal_id), None)
            if signal is None or word not in WORDS:
                raise NotFound("signal", str(signal_id))
            learnt = Sensitivities(tx)
            if word == "reset":
                learnt.forget(signal, by.key, now)
                return None
            if word == "useful":
                learnt.welcome([signal], by.key, now)
                return tx.sensitivity.of(signal.fingerprint)
            return learnt.learn(signal, by.key, now, is_useful=False)
