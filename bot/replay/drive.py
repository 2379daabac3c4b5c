"""What does Tocsin make of records, as if they came in live?

Window by window of the records' own time: changes are reported, lines counted, the clock moved behind the window, the
window checked, and what is in the outbox told. In a stretch without a line time goes on, for as long as that can tell
anything; then it jumps to the next line.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from bot.changes.model import Change
from bot.clock import HeldClock
from bot.engine.ports import DueNotice, Posted
from bot.engine.whole import Engine
from bot.logs.record import LogRecord
from bot.logs.windows import window_start

SILENCE = timedelta(minutes=10)
"""So long a silence is checked like everything: what it means by itself has been told by then."""
SILENCE_MAX = timedelta(hours=3)
"""So long time goes on window by window while an incident lasts, which may resolve itself."""
BATCH = 20_000
"""Lines in one transaction."""
DUE_AT_ONCE = 50

Tell = Callable[[DueNotice, object, datetime], None]
"""Is told each notice with its page, when it would have been posted."""
Progress = Callable[[int], None]


@dataclass(slots=True)
class Outcome:
    """What was gone through, and from when to when."""

    lines: int = 0
    windows: int = 0
    changes: int = 0
    signals: int = 0
    began_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(slots=True)
class Replay:
    """`engine` runs on `clock`. `tell` and `progress` hear what happens; `pace` may wait between windows."""

    engine: Engine
    clock: HeldClock
    tell: Tell
    progress: Progress = lambda _: None
    pace: Callable[[timedelta], None] = lambda _: None
    outcome: Outcome = field(default_factory=Outcome)
    _posted: int = 0

    def run(self, records: Iterable[LogRecord], changes: Sequence[Change] = ()) -> Outcome:
        """Goes through `records`, which come by their time, with `changes` where they belong."""
        length = self.engine.settings.detection.window
        waiting = sorted(changes, key=lambda change: change.at)
        for start, window in groupby(records, key=lambda record: window_start(record.at, length)):
            if self.outcome.ended_at is None:
                self.outcome.began_at = start
            else:
                waiting = self._silence(self.outcome.ended_at, start, waiting)
            waiting = self._window(start, window, waiting)
            self.outcome.ended_at = start + length
        return self.outcome

    def _window(self, start: datetime, records: Iterable[LogRecord], waiting: list[Change]) -> list[Change]:
        end = start + self.engine.settings.detection.window
        waiting = self._report(waiting, end)
        self.clock.move_to(end)
        for batch in _batches(records):
            self.engine.ingest.take(batch)
            self.outcome.lines += len(batch)
            self.progress(len(batch))
        self._check(end)
        self.outcome.windows += 1
        return waiting

    def _silence(self, since: datetime, until: datetime, waiting: list[Change]) -> list[Change]:
        """From the end of one window with lines to the start of the next."""
        length = self.engine.settings.detection.window
        end = since + length
        while end <= until and (end - since <= SILENCE or (end - since <= SILENCE_MAX and self._has_active())):
            waiting = self._report(waiting, end)
            if end - since > SILENCE:
                self._skip(end)
            self._check(end)
            end += length
        if end <= until:
            self._skip(until)
        return waiting

    def _has_active(self) -> bool:
        with self.engine.store.read() as transaction:
            return bool(transaction.incidents.active())

    def _skip(self, until: datetime) -> None:
        """Says that these windows were checked: in a long silence they say nothing new."""
        with self.engine.store.write() as transaction:
            for service in transaction.logs.services():
                transaction.logs.mark_checked(service.name, until)

    def _report(self, waiting: list[Change], until: datetime) -> list[Change]:
        """Reports what was changed before `until`, each at its time; gives back the rest."""
        for index, change in enumerate(waiting):
            if change.at >= until:
                return waiting[index:]
            self.clock.move_to(change.at)
            self.outcome.changes += self.engine.changes.report(change) is not None
            self._deliver()
        return []

    def _check(self, end: datetime) -> None:
        self.clock.move_to(end + timedelta(seconds=self.engine.settings.detection.grace_s))
        self.outcome.signals += self.engine.checks.run()
        self.engine.mixes.run()
        self.engine.sessions.run()
        self._deliver()
        self.pace(self.engine.settings.detection.window)

    def _deliver(self) -> None:
        """Tells what the courier would have posted by now."""
        now = self.clock.now()
        while due := self._due(now):
            for notice in due:
                self.tell(notice, self.engine.reading.page(notice.notice), now)
                with self.engine.store.write() as transaction:
                    transaction.outbox.sending(notice.id)
                    transaction.outbox.sent(notice, self._as_posted(notice, now), now)

    def _due(self, now: datetime) -> list[DueNotice]:
        with self.engine.store.read() as transaction:
            return transaction.outbox.due(now, DUE_AT_ONCE)

    def _as_posted(self, due: DueNotice, now: datetime) -> Posted:
        self._posted += 1
        return Posted(due.notice.key, due.notice.channel, f"{now.timestamp():.0f}.{self._posted:06d}")


def _batches(records: Iterable[LogRecord]) -> Iterator[list[LogRecord]]:
    batch: list[LogRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
