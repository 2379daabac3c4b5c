"""How do records of many files, in any order, come out by their time?

So many as fit are sorted in memory; beyond that sorted runs go to a temporary file and are merged.
"""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from io import SEEK_END
from operator import attrgetter
from tempfile import TemporaryFile
from typing import IO

from bot.logs.record import LogRecord
from bot.stream.batch import decode, encode
from bot.stream.publish import split

HELD_MAX = 200_000
"""Records in memory: about 100 MB."""

_BY_TIME = attrgetter("at")


class Ordered:
    """A bag of records that gives them by their time; of equal times, the one that was added first."""

    def __init__(self, held_max: int = HELD_MAX) -> None:
        self._held_max = held_max
        self._held: list[LogRecord] = []
        self._runs: list[list[tuple[int, int]]] = []
        self._file: IO[bytes] | None = None
        self._open = ExitStack()
        self.count = 0

    def add(self, record: LogRecord) -> None:
        self._held.append(record)
        self.count += 1
        if len(self._held) >= self._held_max:
            self._spool()

    def __iter__(self) -> Iterator[LogRecord]:
        self._held.sort(key=_BY_TIME)
        return heapq.merge(*map(self._run, self._runs), self._held, key=_BY_TIME) if self._runs else iter(self._held)

    def __enter__(self) -> "Ordered":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def _spool(self) -> None:
        self._held.sort(key=_BY_TIME)
        if self._file is None:
            self._file = self._open.enter_context(_spool_file())
        run: list[tuple[int, int]] = []
        self._file.seek(0, SEEK_END)
        for part in split(self._held):
            batch = encode(part)
            run.append((self._file.tell(), len(batch)))
            self._file.write(batch)
        self._runs.append(run)
        self._held = []

    def _run(self, run: list[tuple[int, int]]) -> Iterator[LogRecord]:
        assert self._file is not None
        for offset, length in run:
            self._file.seek(offset)
            yield from decode(self._file.read(length))


def _spool_file() -> IO[bytes]:
    return TemporaryFile(prefix="tocsin-replay-")
