"""Who sends what, how much, how late, and what could not be read?

Counted in memory and written every few seconds: figures about senders are worth less than a transaction a batch.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.engine.ports import Store, Transaction
from bot.engine.source_ports import DeadLetter, SourceUse
from bot.logs.record import LogRecord
from bot.logs.redact import Redactor
from bot.sources.model import Posted, Rejected

FLUSH_EVERY = timedelta(seconds=2)
KEYS_MAX = 5_000
"""So many (source, sender, service) are told apart; further services are counted together."""
OTHERS = "(others)"
DEAD_LETTERS_MAX = 10_000
DEAD_LETTERS_WAITING_MAX = 1_000
DEAD_LETTERS_FOR = timedelta(days=7)
AHEAD_FROM = timedelta(minutes=2)
SILENT_FROM = timedelta(minutes=10)
SILENT_GAPS = 20
"""A sender is silent after so many of its usual pauses, and never before `SILENT_FROM`."""
KEPT_HEADERS = ("content-type", "x-github-event", "x-gitlab-event", "x-gitlab-event-uuid", "x-amz-sns-message-type",
                "sentry-hook-resource", "ce-type", "ce-source", "ce-id", "ce-time", "ce-subject")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sender:
    """A row of `tocsin sources`."""

    use: SourceUse
    is_silent: bool
    silent_for: timedelta


class Ledger:
    """`note` and `keep` are called by the threads that take batches."""

    def __init__(self, store: Store, clock: Clock, redactor: Redactor) -> None:
        self._store, self._clock, self._redactor = store, clock, redactor
        self._uses: dict[tuple[str, str, str], SourceUse] = {}
        self._known: set[tuple[str, str, str]] | None = None
        self._letters: list[DeadLetter] = []
        self._flushed_at = clock.now()
        self._lock = threading.Lock()

    def note(
        self, source: str, sender: str, records: Sequence[LogRecord], size: int, rejected: int, *, duplicate: bool
    ) -> None:
        """A batch was taken. Its bytes and rejected parts count for its first service."""
        now = self._clock.now()
        uses = list(_uses_of(source, sender, records, now))
        first = uses[0] if uses else SourceUse(source, sender, "", now, now)
        first = replace(first, bytes=size, rejected=rejected, batches=1)
        with self._lock:
            for use in [first, *uses[1:]]:
                self._add(_as_duplicate(use) if duplicate else use)

    def count(self, source: str, sender: str, service: str, size: int) -> None:
        """An event (an alert, a change, a run) was heard."""
        now = self._clock.now()
        with self._lock:
            self._add(SourceUse(source, sender, service, now, now, batches=1, lines=1, bytes=size))

    def measured(
        self, source: str, sender: str, service: str, points: int, size: int, rejected: int, *, duplicate: bool
    ) -> None:
        """Points of metrics came in."""
        now = self._clock.now()
        use = SourceUse(source, sender, service, now, now, 1, points, size, rejected)
        with self._lock:
            self._add(_as_duplicate(use) if duplicate else use)

    def keep(self, source: str, sender: str, posted: Posted, rejected: Sequence[Rejected]) -> None:
        """What could not be read, without its secrets, for people to look at and to try again."""
        headers = {name: posted.headers[name][:200] for name in KEPT_HEADERS if name in posted.headers}
        now, path = self._clock.now(), dict(posted.path)
        letters = [
            DeadLetter(now, source, sender, part.place[:200], part.problem, self._clean(part.data), headers, path)
            for part in rejected
        ]
        with self._lock:
            room = DEAD_LETTERS_WAITING_MAX - len(self._letters)
            self._letters += letters[: max(0, room)]

    def flush_if_due(self) -> None:
        if self._clock.now() - self._flushed_at >= FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Writes what has been counted. When the database does not take it, it is counted on."""
        with self._lock:
            uses, letters = list(self._uses.values()), self._letters
            self._uses, self._letters, self._flushed_at = {}, [], self._clock.now()
        if not uses and not letters:
            return
        try:
            with self._store.write() as tx:
                tx.sources.add_use(self._bounded(uses, tx.sources.uses() if self._known is None else None))
                tx.sources.keep_rejected(letters)
        except BaseException:
            with self._lock:
                for use in uses:
                    self._add(use)
                self._letters = letters[: DEAD_LETTERS_WAITING_MAX - len(self._letters)] + self._letters
            raise

    def senders(self) -> list[Sender]:
        self.flush()
        now = self._clock.now()
        with self._store.read() as tx:
            return senders_of(tx, now)

    def rejected(self, limit: int) -> list[DeadLetter]:
        self.flush()
        with self._store.read() as tx:
            return tx.sources.rejected(limit)

    def dead_letter(self, letter_id: int) -> DeadLetter:
        with self._store.read() as tx:
            return tx.sources.dead_letter(letter_id)

    def replayed(self, letter_id: int) -> bool:
        with self._store.write() as tx:
            return tx.sources.mark_replayed(letter_id, self._clock.now())

    def _add(self, use: SourceUse) -> None:
        before = self._uses.get(use.key)
        self._uses[use.key] = use if before is None else _sum(before, use)

    def _bounded(self, uses: Sequence[SourceUse], stored: Sequence[SourceUse] | None) -> list[SourceUse]:
        if stored is not None or self._known is None:
            self._known = {use.key for use in stored or ()}
        summed: dict[tuple[str, str, str], SourceUse] = {}
        for use in uses:
            if use.key not in self._known and len(self._known) >= KEYS_MAX:
                use = replace(use, sender=OTHERS, service=OTHERS)
            self._known.add(use.key)
            summed[use.key] = _sum(summed[use.key], use) if use.key in summed else use
        return list(summed.values())

    def _clean(self, data: bytes) -> bytes:
        return self._redactor.redact(data.decode("utf-8", "replace")).encode("utf-8", "replace")


def senders_of(tx: Transaction, now: datetime) -> list[Sender]:
    """Who has sent what, as it was last written down."""
    return [_sender(use, now) for use in tx.sources.uses()]


def _uses_of(source: str, sender: str, records: Sequence[LogRecord], now: datetime) -> Sequence[SourceUse]:
    by_service: dict[str, list[LogRecord]] = {}
    for record in records:
        by_service.setdefault(record.service, []).append(record)
    ahead_from = now + AHEAD_FROM
    uses = []
    for service, of_service in by_service.items():
        times = [record.at for record in of_service]
        late_s = max(0.0, (now - min(times)).total_seconds())
        ahead = sum(at > ahead_from for at in times) if max(times) > ahead_from else 0
        uses.append(SourceUse(source, sender, service, now, now, 0, len(times), 0, 0, 0, ahead, late_s, late_s))
    return uses


def _as_duplicate(use: SourceUse) -> SourceUse:
    return replace(use, lines=0, ahead=0, duplicates=1)


def _sum(one: SourceUse, other: SourceUse) -> SourceUse:
    return replace(
        one,
        last_at=max(one.last_at, other.last_at),
        batches=one.batches + other.batches,
        lines=one.lines + other.lines,
        bytes=one.bytes + other.bytes,
        rejected=one.rejected + other.rejected,
        duplicates=one.duplicates + other.duplicates,
        ahead=one.ahead + other.ahead,
        late_s=other.late_s,
        late_s_max=max(one.late_s_max, other.late_s_max),
    )


def _sender(use: SourceUse, now: datetime) -> Sender:
    silent_for = now - use.last_at
    gap = (use.last_at - use.first_at) / max(1, use.batches - 1)
    return Sender(use, use.batches > 2 and silent_for > max(SILENT_FROM, SILENT_GAPS * gap), silent_for)
