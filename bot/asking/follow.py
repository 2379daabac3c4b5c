"""How is a log system followed so that every line counts once, also over a restart and when lines arrive there late?

Each question overlaps the one before by a minute; what it brings again is known by its identity. What is about to be
counted is written down first, with the batch's key: after a crash the same records are taken under the same key.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from bot.asking.pulled import Puller
from bot.clock import Clock
from bot.engine.ports import Store
from bot.logs.record import LogRecord

OVERLAP = timedelta(seconds=60)
LOOK_BACK = timedelta(minutes=5)
"""How far back it begins when it was never asked before."""
SEEN_MAX = 50_000

Take = Callable[[Sequence[LogRecord], str], None]
"""Counts the records once for the key, or raises `StoreError` or `ConnectorError`."""


class _Pending(msgspec.Struct, frozen=True):
    key: str
    since: datetime
    until: datetime
    go_on: datetime
    is_full: bool
    identities: list[str]


class _State(msgspec.Struct, frozen=True):
    """All before `until` has been read; `cursor` is where to go on when there were more pages. `seen`: identity → its
    time, of what the overlap may bring again."""

    until: datetime | None = None
    cursor: datetime | None = None
    seen: dict[str, datetime] = {}
    pending: _Pending | None = None


class Follow:
    def __init__(self, name: str, puller: Puller, take: Take, store: Store, clock: Clock) -> None:
        self._name, self._puller, self._take = name, puller, take
        self._store, self._clock = store, clock

    def once(self) -> tuple[int, bool]:
        """One question: how many records were new, and whether there is more to ask for. Raises `ConnectorError` and
        `StoreError`; then it is asked again."""
        state = self._load()
        if state.pending is not None:
            return self._again(state, state.pending), True
        now = self._clock.now()
        since = state.cursor or (state.until - OVERLAP if state.until else now - LOOK_BACK)
        pulled = self._puller.pull(since, now)
        fresh = {identity: record for identity, record in pulled.records.items() if identity not in state.seen}
        if fresh:
            key = f"pull:{self._name}:{since.timestamp():.6f}-{now.timestamp():.6f}"
            pending = _Pending(key, since, now, pulled.until, pulled.is_full, list(fresh))
            self._save(_State(state.until, state.cursor, state.seen, pending))
            self._take(list(fresh.values()), key)
        self._save(_after(state, fresh, pulled.until, is_full=pulled.is_full))
        return len(fresh), pulled.is_full

    def _again(self, state: _State, pending: _Pending) -> int:
        """What was about to be counted when the process ended: the same records, under the same key."""
        pulled = self._puller.pull(pending.since, pending.until)
        wanted = set(pending.identities)
        records = {identity: record for identity, record in pulled.records.items() if identity in wanted}
        if records:
            self._take(list(records.values()), pending.key)
        self._save(_after(state, records, pending.go_on, is_full=pending.is_full))
        return len(records)

    def _load(self) -> _State:
        with self._store.read() as tx:
            value = tx.records.recall(f"pull.{self._name}")
        return msgspec.json.decode(value, type=_State) if value else _State()

    def _save(self, state: _State) -> None:
        with self._store.write() as tx:
            tx.records.remember(f"pull.{self._name}", msgspec.json.encode(state).decode())


def _after(state: _State, fresh: Mapping[str, LogRecord], go_on: datetime, *, is_full: bool) -> _State:
    seen = {**state.seen, **{identity: record.at for identity, record in fresh.items()}}
    kept = [(identity, at) for identity, at in seen.items() if at >= go_on - OVERLAP]
    return _State(state.until if is_full else go_on, go_on if is_full else None, dict(kept[-SEEN_MAX:]))
