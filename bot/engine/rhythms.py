"""Which log lines come regularly, and which of them did not come?

What is regular is learnt once an hour from the counts that are kept; whether something is late is looked at every time.
A problem is told before it is remembered: after a crash in between it is told again, which is the same problem. It
stands until the line comes, as what others watch does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.anomalies.failing import looks_failing
from bot.anomalies.rhythm import Rhythm, rhythm_of
from bot.clock import Clock
from bot.engine.events import Events
from bot.engine.log_ports import TemplateRow
from bot.engine.ports import Store, Transaction
from bot.engine.rhythm_ports import KnownRhythm, RareTemplate
from bot.engine.sensitivity import Sensitivities
from bot.settings import Settings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Measure, Measured, Signal, SignalKind
from bot.signals.severity import Severity
from bot.sources.model import Ended, Heard

LEARN_FROM = timedelta(days=63)
LEARN_EVERY = timedelta(hours=1)
LINES_MIN, LINES_MAX = 7, 6_000
TEMPLATES_MAX = 2_000
"""Of rare templates, those with the fewest lines; work and memory are bounded by both."""

LOOK_AGAIN_SHARE, LOOK_AGAIN_AFTER = 0.05, timedelta(days=1)
"""What had no rhythm is looked at again when it has so many more lines, or is so much older."""

AWAY = timedelta(minutes=5)
"""Whoever was away so long cannot know what came meanwhile."""

WAITED_FOR = timedelta(days=30)
SURE_MISSED_SHARE = 0.01
TITLE_LENGTH_MAX = 160
_SOURCE = "logs"
_LEARNT, _LOOKED = "rhythms.learnt", "rhythms.looked"


class Rhythms:
    def __init__(self, store: Store, clock: Clock, settings: Settings, events: Events) -> None:
        self._store, self._clock, self._settings, self._events = store, clock, settings, events
        self._zone = ZoneInfo(settings.digest.timezone)
        self._without: dict[str, tuple[int, datetime]] = {}
        """Template id → how many lines it had when it was found to have no rhythm, and when that was."""

    def run(self) -> int:
        """Learns when it is due, and looks. Returns how many lines were found to be late."""
        now = self._clock.now()
        with self._store.write() as tx:
            looked, learnt = tx.records.recall(_LOOKED), tx.records.recall(_LEARNT)
            tx.records.remember(_LOOKED, now.isoformat())
            if looked and now - datetime.fromisoformat(looked) > max(AWAY, 2.5 * self._settings.detection.window):
                self._pass_over(tx, datetime.fromisoformat(looked))
            is_due = not learnt or now - datetime.fromisoformat(learnt) >= LEARN_EVERY
            if is_due:
                tx.records.remember(_LEARNT, now.isoformat())
        if is_due:
            self._learn(now)
        return self._look(now)

    # -- learning

    def _learn(self, now: datetime) -> None:
        """Weeks of counts take seconds to read, so nothing is held for writing meanwhile."""
        since = now - LEARN_FROM
        with self._store.read() as tx:
            rare = {one.template_id: one for one in tx.rhythms.rare(since, LINES_MIN, LINES_MAX, TEMPLATES_MAX)}
            due = [i for i, one in rare.items() if self._is_worth_a_look(one, now)]
            rows = tx.logs.templates(due)
            times = tx.rhythms.written_at([i for i in due if not _is_trouble(rows[i])], since)
        rhythms = {i: rhythm for i, came in times.items() if (rhythm := rhythm_of(came, self._zone)) is not None}
        without = {i: (rare[i].lines, now) for i in due if i not in rhythms}
        self._without = {i: seen for i, seen in (self._without | without).items() if i in rare and i not in rhythms}
        with self._store.write() as tx:
            self._remember(tx, {i: (rare[i].service, rhythm) for i, rhythm in rhythms.items()}, now)

    def _is_worth_a_look(self, one: RareTemplate, now: datetime) -> bool:
        """What had no rhythm has none an hour later: most lines are so, and reading their weeks is most of the work."""
        lines, looked_at = self._without.get(one.template_id, (0, now))
        return one.lines > lines * (1 + LOOK_AGAIN_SHARE) or one.lines < lines or now - looked_at >= LOOK_AGAIN_AFTER

    def _remember(self, tx: Transaction, learnt: Mapping[str, tuple[str, Rhythm]], now: datetime) -> None:
        """What is absent stays as it was learnt until it comes. `learnt`: template id → service and rhythm."""
        known = {one.template_id: one for one in tx.rhythms.all()}
        found: list[KnownRhythm] = []
        for template_id, (service, rhythm) in learnt.items():
            counts_from = known[template_id].last_at if template_id in known else rhythm.last_at
            rhythm = replace(rhythm, last_at=max(counts_from, rhythm.last_at))
            found.append(self._known(template_id, service, rhythm))
        absent = {i for i, one in known.items() if one.absent_since is not None}
        new = [
            one for one in found if one.template_id not in absent and (one.late_at > now or one.template_id in known)
        ]
        tx.rhythms.save(new)
        tx.rhythms.forget(known.keys() - absent - {one.template_id for one in new})
        self._go_on_standing(tx, [known[i] for i in sorted(absent)], now)

    def _go_on_standing(self, tx: Transaction, absent: Sequence[KnownRhythm], now: datetime) -> None:
        if SignalKind.ABSENCE in self._settings.detection.shadow:
            return
        rows = tx.logs.templates([one.template_id for one in absent])
        for one in absent:
            tx.sources.stand(signal_of(one, rows[one.template_id], now), now)

    def _known(self, template_id: str, service: str, rhythm: Rhythm) -> KnownRhythm:
        expected = rhythm.next_after(rhythm.last_at, self._zone)
        return KnownRhythm(
            template_id=template_id,
            service=service,
            period_s=round(rhythm.period.total_seconds()),
            weekdays=rhythm.weekdays,
            times=rhythm.times,
            missed=rhythm.missed,
            spread_s=round(rhythm.spread.total_seconds()),
            last_at=rhythm.last_at,
            expected_at=expected,
            late_at=expected + rhythm.tolerance + 2 * self._settings.detection.window,
        )

    def _moved(self, known: KnownRhythm, last_at: datetime) -> KnownRhythm:
        """The same rhythm, expected again after `last_at`."""
        rhythm = _rhythm(known)
        return self._known(known.template_id, known.service, replace(rhythm, last_at=last_at))

    def _pass_over(self, tx: Transaction, away_since: datetime) -> None:
        """Tocsin was away: what was due meanwhile may have come, so the next time counts."""
        now = self._clock.now()
        due = (
            k for k in tx.rhythms.all() if k.absent_since is None and k.expected_at <= now and k.late_at >= away_since
        )
        tx.rhythms.save([self._moved(one, max(one.expected_at, now - timedelta(seconds=one.period_s))) for one in due])

    # -- looking

    def _look(self, now: datetime) -> int:
        with self._store.read() as tx:
            late = tx.rhythms.late(now)
            if not late:
                return 0
            rows = tx.logs.templates([one.template_id for one in late])
            last = tx.logs.last_written([one.template_id for one in late], now + self._settings.detection.window)
        missing = 0
        for one in late:
            came_at = last.get(one.template_id)
            if came_at is not None and came_at > one.last_at:
                self._came(one, came_at)
            elif one.absent_since is None:
                missing += self._miss(one, rows[one.template_id], now)
            elif now - one.absent_since > WAITED_FOR:
                self._give_up(one)
        return missing

    def _came(self, one: KnownRhythm, came_at: datetime) -> None:
        if one.absent_since is not None:
            end = Ended(_fingerprint(one), one.service, self._clock.now())
            self._events.hear(_SOURCE, Heard(ended=[end]))
        self._save(self._moved(one, came_at))

    def _miss(self, one: KnownRhythm, row: TemplateRow, now: datetime) -> bool:
        signal = signal_of(one, row, now)
        with self._store.write() as tx:
            if is_shadow := SignalKind.ABSENCE in self._settings.detection.shadow:
                Sensitivities(tx).count_shadow(signal, now)
        if not is_shadow:
            self._events.hear(_SOURCE, Heard(signals=[signal]))
        self._save(replace(one, absent_since=one.expected_at))
        return not is_shadow

    def _give_up(self, one: KnownRhythm) -> None:
        """It does not come any more; its incident, if it is open still, is for people to close."""
        with self._store.write() as tx:
            tx.rhythms.forget([one.template_id])

    def _save(self, one: KnownRhythm) -> None:
        with self._store.write() as tx:
            tx.rhythms.save([one])


def signal_of(one: KnownRhythm, row: TemplateRow, now: datetime) -> Signal:
    """Serious by itself when it hardly ever failed to come, else evidence beside other trouble."""
    is_sure = one.missed <= max(1, SURE_MISSED_SHARE * one.times)
    measure = Measure(
        what=Measured.ABSENT,
        subject="",
        parts=tuple(("weekday", str(day)) for day in one.weekdays),
        at=one.expected_at,
        earliest=one.last_at,
        now=float(one.times),
        high=float(one.missed),
        step_s=one.period_s,
    )
    return Signal(
        fingerprint=_fingerprint(one),
        kind=SignalKind.ABSENCE,
        service=one.service,
        severity=Severity.MAJOR if is_sure else Severity.MINOR,
        began_at=one.expected_at,
        at=now,
        title=row.text[:TITLE_LENGTH_MAX],
        evidence=Evidence(template=row.text, examples=row.samples[-1:], measure=measure, level=row.level),
        source=_SOURCE,
    )


def _fingerprint(one: KnownRhythm) -> str:
    return fingerprint(SignalKind.ABSENCE, one.service, one.template_id)


def _rhythm(known: KnownRhythm) -> Rhythm:
    period, spread = timedelta(seconds=known.period_s), timedelta(seconds=known.spread_s)
    return Rhythm(period, known.weekdays, known.times, known.missed, spread, known.last_at)


def _is_trouble(row: TemplateRow) -> bool:
    """That a failure does not come is good news."""
    return looks_failing(row.level, row.text)
