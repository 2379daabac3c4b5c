"""Why was something told, or not? From what was recorded when it was decided; nothing is worked out again."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.engine.muting import Muting
from bot.engine.pages import WhyNotPage, WhyPage, WhyRunPage
from bot.engine.ports import Store, Transaction
from bot.engine.sensitivity import Sensitivities
from bot.engine.showing import most_telling, suspect_lines
from bot.engine.telling import card_of_run
from bot.errors import InputError
from bot.incidents.model import Incident
from bot.settings import Settings

AROUND = timedelta(minutes=15)
"""Somebody who asks about 14:05 means the quarter of an hour on either side."""

_LAST = timedelta(hours=1)
_SHOWN = 40

_TAUGHT_SHOWN = 5


class Whys:
    def __init__(self, store: Store, clock: Clock, settings: Settings, muting: Muting) -> None:
        self._store, self._clock, self._settings, self._muting = store, clock, settings, muting
        self._zone = ZoneInfo(settings.digest.timezone)

    def incident(self, incident_id: int) -> WhyPage:
        with self._store.read() as tx:
            incident = tx.incidents.get(incident_id)
            signals = most_telling(tx.signals.of(incident_id))
            now, learnt = self._clock.now(), Sensitivities(tx)
            quiet = {s.fingerprint: learnt.quiet_until(s, now) for s in signals[:_TAUGHT_SHOWN]}
            taught = {s.fingerprint: tx.sensitivity.of(s.fingerprint) for s in signals[:_TAUGHT_SHOWN]}
            return WhyPage(
                incident=incident,
                now=now,
                signals=signals,
                suspects=suspect_lines(tx, incident_id),
                decisions=tuple(tx.records.decisions(incident.key)),
                timeline=tuple(tx.incidents.timeline(incident_id)),
                audit=tuple(tx.records.audit_of(incident.key)),
                inhibited=tuple(tx.silences.hidden_by("inhibited", incident.key)),
                tickets=tuple(ticket for ticket in tx.tickets.of(incident_id) if ticket.counts),
                taught={fingerprint: said.times for fingerprint, said in taught.items() if said},
                quiet_until={fingerprint: until for fingerprint, until in quiet.items() if until},
            )

    def run(self, run_id: int) -> WhyRunPage:
        with self._store.read() as tx:
            return WhyRunPage(tx.runs.get(run_id), self._clock.now(), tuple(tx.records.audit_of(card_of_run(run_id))))

    def service(self, service: str, at: str = "") -> WhyNotPage:
        """What there was around `at` ("14:05", "2026-03-01 14:05"), or in the last hour."""
        now = self._clock.now()
        since, until = now - _LAST, now
        if at:
            moment = self._moment(at, now)
            since, until = moment - AROUND, min(moment + AROUND, now)
        with self._store.read() as tx:
            return self._page(tx, service, since, until, now)

    def _page(self, tx: Transaction, service: str, since: datetime, until: datetime, now: datetime) -> WhyNotPage:
        row = next((row for row in tx.logs.services() if row.name == service), None)
        seen = tx.signals.between(since, until, service)
        learnt_at = row.first_at + timedelta(minutes=self._settings.detection.learning_minutes) if row else None
        decisions = [
            d
            for d in tx.records.decided_between(since, until)
            if d.facts.get("service") == service or d.subject == service
        ]
        hidden = tuple(tx.silences.hidden_between(since, until, (service,)))
        windows = [w for w in self._muting.windows(tx, until) if service in w.services and w.since < until]
        return WhyNotPage(
            service=service,
            since=since,
            until=until,
            now=now,
            is_known=row is not None or service in self._settings.services or bool(seen or hidden),
            lines=tx.logs.lines_between(since, until).get(service, 0),
            learning_until=learnt_at if learnt_at and learnt_at > since else None,
            checked_until=row.checked_until if row else None,
            incidents=tuple(_open_then(tx, service, since, until)),
            loose=tuple(signal for incident_id, signal in seen if not incident_id)[:_SHOWN],
            hidden=hidden,
            decisions=tuple(decisions[-_SHOWN:]),
            maintenance=tuple(w for w in windows if w.until > since),
        )

    def _moment(self, text: str, now: datetime) -> datetime:
        """A bare time is the last one that has passed, in the digest's time zone."""
        try:
            clock = time.fromisoformat(text)
        except ValueError:
            return self._date_and_time(text)
        local = now.astimezone(self._zone)
        moment = datetime.combine(local.date(), clock.replace(tzinfo=None), tzinfo=self._zone)
        if moment > local:
            moment -= timedelta(days=1)
        return moment.astimezone(UTC)

    def _date_and_time(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(f"{text!r} is no time; write 14:05 or 2026-03-01 14:05"[:200], place="time") from None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=self._zone).astimezone(UTC)


def _open_then(tx: Transaction, service: str, since: datetime, until: datetime) -> list[Incident]:
    """The incidents with trouble of this service that were open in the stretch."""
    found = {incident_id for incident_id, _ in tx.signals.watched(service, since)}
    incidents = [tx.incidents.get(incident_id) for incident_id in sorted(found)]
    return [i for i in incidents if i.opened_at < until and (i.resolved_at is None or i.resolved_at >= since)]
