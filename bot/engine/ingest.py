"""How do log records become counts? Redacted, mined and counted, in one transaction that takes effect once.

One batch is one transaction: its key, the templates it brought or changed, its counts and samples commit together. When
the transaction fails, the miner forgets what it learnt and takes the services' templates from their rows again.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import is_not

from bot.clock import Clock
from bot.engine.admitting import OTHERS, Admitting
from bot.engine.following import follow
from bot.engine.log_ports import TemplateUse
from bot.engine.observed import Observed
from bot.engine.ports import Lease, Store, Transaction
from bot.engine.tally import Use, count, uses
from bot.logs.masks import fold_all
from bot.logs.miner import Miner
from bot.logs.parameters import Typical
from bot.logs.record import LogRecord
from bot.logs.redact import Redactor
from bot.settings import Settings

_FUTURE_MAX = timedelta(minutes=2)
_STORABLE = {0: "\N{SYMBOL FOR NULL}"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch."""

    lines: int
    duplicate: bool = False


class Ingest:
    """One caller at a time mines; others wait. `forget` when another process has mined a service meanwhile."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, miner: Miner, redactor: Redactor) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._miner, self._redactor = miner, redactor
        self._observed = Observed()
        self._admitting = Admitting(settings)
        self._loaded: set[str] = set()
        self._lock = threading.Lock()

    def take(self, records: Sequence[LogRecord], key: str = "") -> Taken:
        """Counts the records, once per `key`. On return they are committed."""
        now = self._clock.now()
        with self._lock:
            try:
                with self._store.write() as tx:
                    if key and not tx.logs.claim_batch(key, len(records), now):
                        return Taken(0, duplicate=True)
                    self._count(tx, records, now)
            except BaseException:
                self._forget({record.service for record in records})
                raise
        return Taken(len(records))

    def take_from_bus(
        self, partition: int, batches: Sequence[tuple[int, str, Sequence[LogRecord]]], lease: Lease
    ) -> int:
        """Counts (sequence, key, records) and moves the partition's position with them, while `lease` is held."""
        now = self._clock.now()
        with self._lock:
            try:
                with self._store.write() as tx:
                    fresh = [
                        r for _, key, rs in batches if not key or tx.logs.claim_batch(key, len(rs), now) for r in rs
                    ]
                    self._count(tx, fresh, now)
                    if batches:
                        tx.leases.advance(partition, batches[-1][0], lease)
            except BaseException:
                self._forget({record.service for _, _, records in batches for record in records})
                raise
        return len(fresh)

    def forget_all(self) -> None:
        """Templates are read again from their rows: after another process has held the partitions."""
        with self._lock:
            self._forget(set(self._loaded))

    def _count(self, tx: Transaction, records: Sequence[LogRecord], now: datetime) -> None:
        counts: dict[tuple[str, datetime], int] = {}
        used: list[Use] = []
        for service, of_service in self._by_service(tx, records, now).items():
            self._load(tx, service)
            texts, shapes = self._redacted(of_service)
            times = _times(of_service, now + _FUTURE_MAX)
            found = self._miner.assign(service, texts, shapes)
            counts |= count(found, times, self._settings.detection.window)
            used += uses(found, times, of_service, texts, partial(self._miner.parameters, service))
            if self._settings.detection.session_ids:
                follow(tx, self._settings.detection.session_ids, service, of_service, found, now)
            tx.logs.touch_service(service, min(times), max(times), len(of_service))
        tx.logs.write_templates(self._miner.changed(), now)
        ended: dict[str, Sequence[Typical]] = {}
        tx.logs.note_uses([self._template_use(use, now, ended) for use in used])
        tx.logs.add_values(ended, now)
        tx.logs.add_counts(counts)

    def _by_service(
        self, tx: Transaction, records: Sequence[LogRecord], now: datetime
    ) -> Mapping[str, list[LogRecord]]:
        counted_as = self._admitting.admitted(tx, dict.fromkeys(record.service for record in records), now)
        grouped: dict[str, list[LogRecord]] = defaultdict(list)
        for record in records:
            grouped[counted_as[record.service]].append(record)
        return grouped

    def _redacted(self, records: Sequence[LogRecord]) -> tuple[Sequence[str], Sequence[str] | None]:
        """The texts, storable and without secrets, and their shapes where they are still those of the texts."""
        texts = [_storable(record.text) for record in records]
        shapes = fold_all(texts)
        clean = self._redactor.redact_all(texts, shapes)
        return clean, None if any(map(is_not, clean, texts)) else shapes

    def _template_use(self, use: Use, now: datetime, ended: dict[str, Sequence[Typical]]) -> TemplateUse:
        before = self._observed.add(use.template_id, use.lines, use.rows, now, use.entities)
        if before:
            ended[use.template_id] = before
        parameters = self._observed.to_write(use.template_id, now)
        return TemplateUse(use.template_id, use.level, use.first_at, use.last_at, use.samples, parameters)

    def _load(self, tx: Transaction, service: str) -> None:
        if service not in self._loaded:
            self._miner.restore_service(service, tx.logs.template_states(service))
            self._loaded.add(service)

    def _forget(self, services: set[str]) -> None:
        self._admitting.forget()
        for service in (services | {OTHERS}) & self._loaded:
            self._miner.forget(service)
            self._loaded.discard(service)


def _times(records: Sequence[LogRecord], latest: datetime) -> list[datetime]:
    """A time that is still to come becomes now."""
    return [record.at if record.at <= latest else latest for record in records]


def _storable(text: str) -> str:
    """Without NUL, which PostgreSQL refuses, and without halves of surrogate pairs, which have no UTF-8."""
    if text.isascii() and "\0" not in text:
        return text
    return text.translate(_STORABLE).encode("utf-8", "replace").decode("utf-8")
