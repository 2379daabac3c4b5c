"""What can people mute? A problem, a service or whatever fits, for a while; and planned work. Everything has an end."""

from collections.abc import Sequence
from datetime import timedelta

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.pages import SilencesPage, SilenceView
from bot.engine.ports import Decision, Store, Transaction
from bot.engine.telling import add_line, note, tell_incident
from bot.errors import InputError, Refused, Stale
from bot.people import Person
from bot.settings import Settings
from bot.silences.model import LENGTH_MAX, MATCHERS_MAX, MaintenanceWindow, Matcher, Silence

_REASON_MAX = 300
_RECENT = timedelta(days=7)


class Silences:
    def __init__(self, store: Store, clock: Clock, settings: Settings, policy: Policy) -> None:
        self._store, self._clock, self._settings, self._policy = store, clock, settings, policy

    def silence(
        self, by: Person, matchers: Sequence[Matcher], length: timedelta, reason: str, incident_id: int = 0
    ) -> SilenceView:
        """Mutes what fits all matchers. `incident_id`: from whose message it was asked for."""
        self._must_be_allowed(by)
        reason = _reason(reason)
        _check_length(length)
        if not matchers or len(matchers) > MATCHERS_MAX:
            raise InputError(f"a silence needs 1 to {MATCHERS_MAX} matchers", place="what")
        now = self._clock.now()
        with self._store.write() as tx:
            silence = tx.silences.add(Silence(tuple(matchers), by.key, reason, now, now + length))
            facts = {"said": reason, "until": silence.until.isoformat()}
            tx.records.decide(Decision(now, "silenced", silence.key, "by_person", {**facts, "by": by.key}))
            note(tx, now, by.key, "silence.begun", silence.key, **facts)
            if incident_id:
                incident = tx.incidents.lock(incident_id)
                add_line(tx, incident, "silenced", now, by.key, until=silence.until.isoformat(), note=reason)
                tell_incident(tx, incident, now)
            return self._view(tx, silence)

    def silence_once(self, by: Person, matchers: Sequence[Matcher], length: timedelta, reason: str) -> SilenceView:
        """The same, unless that is silenced already: then the one that is."""
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.read() as tx:
            lasting = [one for one in tx.silences.since(now) if one.matchers == tuple(matchers) and one.since <= now]
            if lasting:
                return self._view(tx, lasting[-1])
        return self.silence(by, matchers, length, reason)

    def end(self, silence_id: int, by: Person) -> SilenceView:
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            silence = tx.silences.get(silence_id)
            if silence.until <= now:
                raise Stale("silence_over", silence=str(silence_id))
            tx.silences.end(silence_id, now, by.key)
            note(tx, now, by.key, "silence.ended", silence.key)
            return self._view(tx, tx.silences.get(silence_id))

    def maintain(self, by: Person, services: Sequence[str], length: timedelta, reason: str) -> MaintenanceWindow:
        """Planned work that begins now."""
        self._must_be_allowed(by)
        reason = _reason(reason)
        _check_length(length)
        if not services:
            raise InputError("say which service", place="service")
        now = self._clock.now()
        with self._store.write() as tx:
            window = tx.silences.add_window(MaintenanceWindow(frozenset(services), reason, now, now + length), by.key)
            note(tx, now, by.key, "maintenance.begun", f"maintenance:{window.id}", said=reason)
            return window

    def page(self) -> SilencesPage:
        """Those that last, and those that ended lately, with what they hid; planned work around now."""
        now = self._clock.now()
        with self._store.read() as tx:
            views = [self._view(tx, silence) for silence in tx.silences.since(now - _RECENT)]
            windows = [w for w in tx.silences.windows(now) if w.until > now]
        return SilencesPage(now, tuple(views), tuple(windows))

    def one(self, silence_id: int) -> SilencesPage:
        with self._store.read() as tx:
            return SilencesPage(self._clock.now(), (self._view(tx, tx.silences.get(silence_id)),), ())

    def _view(self, tx: Transaction, silence: Silence) -> SilenceView:
        hidden = tuple(tx.silences.hidden_by("silence", str(silence.id)))
        return SilenceView(silence, hidden, tuple(tx.silences.copies_of(silence.id)))

    def _must_be_allowed(self, by: Person) -> None:
        decision = self._policy.may_act_on_incidents(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)


def _reason(text: str) -> str:
    text = " ".join(text.split())[:_REASON_MAX]
    if not text:
        raise InputError("say why: whoever asks later should understand it", place="reason")
    return text


def _check_length(length: timedelta) -> None:
    if not timedelta(0) < length <= LENGTH_MAX:
        raise InputError(f"it can last up to {LENGTH_MAX.days} days", place="length")
