"""What does a day look like, and is its digest due?

A digest is keyed by its channel and local date, so that it is sent once: also when the clock fires twice, after a
restart, on the nights when the clock changes, and by whichever replica comes first.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.actions.model import RunState
from bot.clock import Clock
from bot.engine.pages import DigestPage, SilenceView, TemplateLine
from bot.engine.ports import DigestSlot, Notice, Sensitivity, Store, Transaction
from bot.engine.services import service_lines
from bot.incidents.measures import measure
from bot.settings import Settings

_LATE_MAX = timedelta(hours=12)
"""After a downtime: a digest later than this is not sent any more; the next one tells of its day too."""

_TEMPLATES_SHOWN = 5
_TAUGHT_LOOKED_AT, _TAUGHT_SHOWN = 100, 5
_BEGAN = "digests began"


class Digests:
    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._zone = ZoneInfo(settings.digest.timezone)
        self._began_at: datetime | None = None

    @property
    def channel(self) -> str:
        return self._settings.digest.channel or self._settings.slack.channel

    def send_due(self) -> int:
        """Puts the digest of today into the outbox when its hour has come. Returns how many were put: 0 or 1."""
        if not self._settings.digest.enabled:
            return 0
        now = self._clock.now()
        if self._began_at is None:
            self._began_at = self._begin(now)
        slot = due_slot(now, self._settings.digest.at, self._zone)
        if slot is None or slot.until < self._began_at:
            return 0
        key = f"digest:{self.channel}:{slot.local_date}"
        with self._store.write() as tx:
            if not tx.records.once("digest", key, now):
                return 0
            tx.outbox.put(Notice(key, "digest", self.channel, _facts(slot)), now)
            return 1

    def _begin(self, now: datetime) -> datetime:
        """When a digest was looked for the first time. One that was due before that is not owed to anyone: a first
        start in the afternoon does not begin with a report about nothing."""
        with self._store.write() as tx:
            known = tx.records.recall(_BEGAN)
            if not known:
                tx.records.remember(_BEGAN, now.isoformat())
        return datetime.fromisoformat(known) if known else now

    def compose_now(self) -> DigestPage:
        """The last 24 hours, for whoever asks."""
        now = self._clock.now()
        return self._page(DigestSlot(now.astimezone(self._zone).date(), now - timedelta(days=1), now), now)

    def page_of(self, facts: Mapping[str, Any]) -> DigestPage:
        since, until = datetime.fromisoformat(facts["since"]), datetime.fromisoformat(facts["until"])
        return self._page(DigestSlot(date.fromisoformat(facts["date"]), since, until), self._clock.now())

    def _page(self, slot: DigestSlot, now: datetime) -> DigestPage:
        with self._store.read() as tx:
            incidents = [i for i in tx.incidents.recent(slot.since, 500) if i.opened_at < slot.until]
            measures = measure(incidents)
            return DigestPage(
                local_date=slot.local_date,
                timezone=self._settings.digest.timezone,
                since=slot.since,
                until=slot.until,
                now=now,
                incidents=tuple(reversed(incidents)),
                still_active=tuple(tx.incidents.active()),
                mean_to_detect=measures.mean_to_detect,
                mean_to_acknowledge=measures.mean_to_acknowledge,
                mean_to_resolve=measures.mean_to_resolve,
                new_templates=_new_templates(tx, self._settings, slot),
                noisy_templates=_noisy_templates(tx, slot),
                changes=tuple(tx.changes.between(slot.since, slot.until)),
                runs=tuple(tx.runs.between(slot.since, slot.until)),
                waiting_runs=tuple(tx.runs.in_state(RunState.ASKED)),
                services=service_lines(tx, self._settings, now),
                lines=sum(tx.logs.lines_between(slot.since, slot.until).values()),
                muted_signals=sum(one.count for one in tx.silences.hidden_between(slot.since, slot.until)),
                silences=_silences(tx, slot),
                taught=_taught(tx, slot),
            )


def _taught(tx: Transaction, slot: DigestSlot) -> tuple[Sensitivity, ...]:
    said = tx.sensitivity.all(_TAUGHT_LOOKED_AT)
    return tuple(one for one in said if slot.since <= one.changed_at < slot.until and one.times > 1)[:_TAUGHT_SHOWN]


def _silences(tx: Transaction, slot: DigestSlot) -> tuple[SilenceView, ...]:
    """Those that hid something real in the stretch."""
    views = (
        SilenceView(silence, tuple(tx.silences.hidden_by("silence", str(silence.id))))
        for silence in tx.silences.since(slot.since)
        if silence.since < slot.until
    )
    return tuple(view for view in views if view.hid_something_real)


def due_slot(now: datetime, at: time, zone: ZoneInfo) -> DigestSlot | None:
    """Today's digest, when its local hour has come and is not long past. It is about the day before that hour, which
    has 23 or 25 hours when the clocks change."""
    local = now.astimezone(zone)
    until = _instant(local.date(), at, zone)
    if not until <= now < until + _LATE_MAX:
        return None
    return DigestSlot(local.date(), _instant(local.date() - timedelta(days=1), at, zone), until)


def next_due_at(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """When the next digest will be due."""
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        if _instant(day, at, zone) > now:
            return _instant(day, at, zone)
    return _instant(today + timedelta(days=2), at, zone)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time that does not exist (the spring gap) is moved past it; of one that comes twice, the first."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _facts(slot: DigestSlot) -> dict[str, str]:
    return {"date": slot.local_date.isoformat(), "since": slot.since.isoformat(), "until": slot.until.isoformat()}


def _new_templates(tx: Transaction, settings: Settings, slot: DigestSlot) -> tuple[TemplateLine, ...]:
    """Those that appeared after their service had been learnt: the ones worth a look."""
    learning = timedelta(minutes=settings.detection.learning_minutes)
    learnt_at = {row.name: row.first_at + learning for row in tx.logs.services()}
    rows = [r for r in tx.logs.new_templates(slot.since, slot.until) if r.first_at >= learnt_at[r.service]]
    counts = _totals(tx, {row.service for row in rows}, slot)
    lines = [TemplateLine(row.service, row.text, counts.get(row.id, 0), is_new=True) for row in rows]
    return tuple(sorted(lines, key=lambda line: -line.lines)[:_TEMPLATES_SHOWN])


def _totals(tx: Transaction, services: Sequence[str] | set[str], slot: DigestSlot) -> dict[str, int]:
    totals: dict[str, int] = {}
    for service in sorted(services):
        for template_id, counts in tx.logs.counts(service, slot.since, slot.until).items():
            totals[template_id] = sum(counts.values())
    return totals


def _noisy_templates(tx: Transaction, slot: DigestSlot) -> tuple[TemplateLine, ...]:
    found = tx.logs.noisiest(slot.since, slot.until, _TEMPLATES_SHOWN)
    return tuple(TemplateLine(row.service, row.text, lines, row.first_at >= slot.since) for row, lines in found)
