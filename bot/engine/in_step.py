"""How do silences stay in step with an Alertmanager that has its own?

A silence has one birthplace. One from here is made there, one from there is known here and never made anywhere: so none
goes round in circles. Either side ends both, and a new end there counts here. Alertmanager sends nothing of what it
silences, not even the end of it: what it hides is looked up and counted, and so is what it no longer knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from bot.clock import Clock
from bot.engine.events import Events
from bot.engine.muting import by_silence, hide
from bot.engine.ports import Decision, Store, Transaction
from bot.engine.source_ports import Elsewhere
from bot.engine.telling import note
from bot.errors import ConnectorError
from bot.settings import Settings
from bot.silences.model import Copy, Silence, Untold
from bot.sources.model import Ended, Heard
from bot.sources.silencing import AlertThere, SilenceThere, heard, is_told, to_tell

GONE_AFTER = timedelta(minutes=5)
"""An alert that is not there for so long has ended; one that was only restarted away is back before."""
SAME = timedelta(seconds=1)
"""Alertmanager keeps milliseconds."""
LASTING_MAX = 1_000
RECENT = timedelta(days=7)
SEEN_FOR = timedelta(days=30)
SEEN = "silenced_there"


class InStep:
    def __init__(self, store: Store, clock: Clock, settings: Settings, events: Events) -> None:
        self._store, self._clock, self._settings, self._events = store, clock, settings, events

    def look(self, name: str, there: Elsewhere) -> None:
        """One look at the Alertmanager of `[sources.NAME]`. Raises `ConnectorError` and `StoreError`; the next look
        does what this one could not."""
        now = self._clock.now()
        silences, alerts = there.silences(), there.alerts(now)
        with self._store.write() as tx:
            self._learn(tx, name, silences, now)
            self._count(tx, name, alerts, now)
        self._end_gone(name, alerts, now)
        self._end_there(name, there, silences)
        self._make_there(name, there, alerts, now)

    def tidy(self) -> None:
        """By the hour: what is long over is forgotten."""
        before = self._clock.now() - SEEN_FOR
        with self._store.write() as tx:
            tx.silences.drop_copies(before)
            tx.records.forget_before(SEEN, before)

    # -- what there is there

    def _learn(self, tx: Transaction, name: str, silences: Sequence[SilenceThere], now: datetime) -> None:
        copies = {copy.copy_id: copy for copy in tx.silences.copies(name) if copy.copy_id}
        own = [silence for silence in tx.silences.since(now - RECENT) if not silence.origin]
        lasting = [silence for silence in silences if not silence.is_over][:LASTING_MAX]
        for one in lasting:
            if one.id not in copies:
                twin = next((silence for silence in own if is_told(one, silence)), None)
                silence = twin or _import(tx, name, one, now)
                tx.silences.set_copy(Copy(silence.id, name, one.id))
        known = {one.id: one for one in silences}
        for copy in copies.values():
            self._follow(tx, copy, known.get(copy.copy_id), now)

    def _follow(self, tx: Transaction, copy: Copy, there: SilenceThere | None, now: datetime) -> None:
        """Its end there is its end here, unless a person ended it here."""
        silence = tx.silences.get(copy.silence_id)
        lasts = silence.until > now
        if silence.ended_by:
            return
        if there is None:
            if lasts and silence.origin:
                _end(tx, silence, copy.source, now, now)
            elif lasts:
                tx.silences.set_copy(replace(copy, copy_id=""))
        elif there.is_over:
            if lasts and there.until <= silence.until - SAME:
                _end(tx, silence, copy.source, min(there.until, now), now)
        elif abs(there.until - silence.until) >= SAME:
            tx.silences.move_end(silence.id, there.until)
            note(tx, now, copy.source, "silence.moved", silence.key, until=there.until.isoformat())

    # -- what it hides, and what it no longer knows

    def _count(self, tx: Transaction, name: str, alerts: Sequence[AlertThere], now: datetime) -> None:
        copies = {copy.copy_id: copy.silence_id for copy in tx.silences.copies(name) if copy.copy_id}
        for alert in alerts:
            for silence_id in filter(None, map(copies.get, alert.silenced_by)):
                signal = alert.signal
                key = f"{silence_id}:{signal.fingerprint}:{signal.began_at.timestamp():.3f}"
                if tx.records.once(SEEN, key, now):
                    silence = tx.silences.get(silence_id)
                    hide(tx, "silence", str(silence_id), self._events.clean(signal), now, by_silence(silence))

    def _end_gone(self, name: str, alerts: Sequence[AlertThere], now: datetime) -> None:
        """Of what it told, and was seen there, and is there no more."""
        listed = {alert.signal.fingerprint for alert in alerts}
        with self._store.write() as tx:
            standing = [row for row in tx.sources.standing() if row.source == name]
            before = _missing(tx.records.recall(_memory(name)))
            missing = {
                row.fingerprint: None if row.fingerprint in listed else before.get(row.fingerprint) or now
                for row in standing
                if row.fingerprint in listed or row.fingerprint in before
            }
            if missing != before:
                tx.records.remember(_memory(name), msgspec.json.encode(missing).decode())
        gone = {fingerprint for fingerprint, since in missing.items() if since and now - since >= GONE_AFTER}
        ends = [Ended(row.fingerprint, row.service, now, row.title) for row in standing if row.fingerprint in gone]
        if ends:
            self._events.hear(name, Heard(ended=ends))

    # -- what is done there

    def _end_there(self, name: str, there: Elsewhere, silences: Sequence[SilenceThere]) -> None:
        lasting = {silence.id for silence in silences if not silence.is_over}
        with self._store.read() as tx:
            ended = [
                copy.copy_id
                for copy in tx.silences.copies(name)
                if copy.copy_id in lasting and tx.silences.get(copy.silence_id).ended_by not in ("", name)
            ]
        for copy_id in ended:
            there.end(copy_id)

    def _make_there(self, name: str, there: Elsewhere, alerts: Sequence[AlertThere], now: datetime) -> None:
        with self._store.read() as tx:
            copies = {copy.silence_id: copy for copy in tx.silences.copies(name)}
            lasting = [silence for silence in tx.silences.since(now) if not silence.origin]
        for silence in lasting:
            copy = copies.get(silence.id, Copy(silence.id, name))
            if not copy.copy_id:
                made = self._make(name, there, silence, alerts)
                if made != copy:
                    with self._store.write() as tx:
                        tx.silences.set_copy(made)

    def _make(self, name: str, there: Elsewhere, silence: Silence, alerts: Sequence[AlertThere]) -> Copy:
        told = to_tell(silence, name, alerts, self._settings.sources[name].service)
        if isinstance(told, Untold):
            return Copy(silence.id, name, "", told)
        try:
            return Copy(silence.id, name, there.make(told))
        except ConnectorError as error:
            if not error.permanent:
                raise
            return Copy(silence.id, name, "", Untold.REFUSED)


def _import(tx: Transaction, name: str, there: SilenceThere, now: datetime) -> Silence:
    silence = tx.silences.add(heard(there, name))
    facts = {"said": silence.reason, "until": silence.until.isoformat()}
    tx.records.decide(Decision(now, "silenced", silence.key, "elsewhere", {**facts, "by": silence.by}))
    note(tx, now, name, "silence.begun", silence.key, made_by=silence.by, **facts)
    return silence


def _end(tx: Transaction, silence: Silence, source: str, at: datetime, now: datetime) -> None:
    tx.silences.end(silence.id, at, source)
    note(tx, now, source, "silence.ended", silence.key)


def _memory(name: str) -> str:
    return f"silences.{name}"


def _missing(remembered: str) -> Mapping[str, datetime | None]:
    """Fingerprint of what stands and was seen there → since when it is not; None while it is."""
    return msgspec.json.decode(remembered, type=dict[str, datetime | None]) if remembered else {}
