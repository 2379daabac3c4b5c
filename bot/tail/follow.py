"""Which lines are new in a growing file?

The file is held open and known by its inode and first bytes, so its lines are read to the end when it is renamed
(rotation), deleted, or copied and truncated; then the next file at the path is read from its start.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from bot.tail.marks import Mark, new_id

log = logging.getLogger(__name__)

HEAD_SIZE = 256
LINES_MAX = 500
BYTES_MAX = 1 << 20
PATIENCE = 3
"""So many looks at a file that is no longer at its path find nothing before the next file is begun."""

_ROTATED = re.compile(r"[.-]\d[\d.T_-]*")


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines, and the mark under which they are on their way."""

    data: bytes
    mark: Mark


class Follower:
    """`next` gives the next batch, or None when there is nothing new; `done` says that it was taken."""

    def __init__(self, path: Path, mark: Mark | None, *, from_start: bool) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._mark = mark or Mark(new_id(), 0, 0, "", 0, 0, 0)
        self._known = mark is not None
        self._from_start = from_start
        self._idle = 0

    @property
    def mark(self) -> Mark:
        return self._mark

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def next(self, lines_max: int = LINES_MAX) -> Batch | None:
        if self._file is None and not self._open():
            return None
        if self._mark.until is not None:
            return self._again()
        self._notice_truncation()
        data = self._read(lines_max)
        if data:
            self._idle = 0
            return self._batch(data)
        return self._turn_the_page()

    def done(self, batch: Batch) -> None:
        assert batch.mark.until is not None
        self._mark = replace(batch.mark, offset=batch.mark.until, until=None)

    def refused(self, batch: Batch) -> None:
        """The batch was not taken and will not be: `next` cuts it anew."""
        self._mark = replace(batch.mark, until=None)

    # --- which file ---------------------------------------------------------------------------------------------------

    def _open(self) -> bool:
        """Opens the file that the mark is about, else the one at the path. False when there is none yet."""
        if self._known and (found := self._rest()) is not None:
            self._file = found.open("rb")
            return True
        if self._known:
            log.warning(
                "%s: the file read before is gone, with what it held behind byte %d", self._path, self._mark.offset
            )
            self._known = False
            self._begin(from_start=True)
        else:
            self._begin(from_start=self._from_start)
        self._from_start = True  # whatever comes to stand at the path from now on is new
        return self._file is not None

    def _begin(self, *, from_start: bool, at: Path | None = None) -> None:
        """Begins the file `at`, or the one at the path when there is one."""
        try:
            file = (at or self._path).open("rb")
        except FileNotFoundError:
            return
        self.close()
        self._file, self._idle, self._known = file, 0, True
        stat = os.fstat(file.fileno())
        offset = 0 if from_start else self._line_start(stat.st_size)
        self._mark = Mark(self._mark.id, stat.st_ino, stat.st_dev, "", 0, self._mark.generation + 1, offset)
        self._learn_head()

    def _learn_head(self) -> None:
        """The first bytes of a file that was just begun may still be few."""
        assert self._file is not None
        size = min(HEAD_SIZE, os.fstat(self._file.fileno()).st_size)
        if self._mark.head_size < size:
            self._mark = replace(self._mark, head=_head(self._file, size), head_size=size)

    def _line_start(self, size: int) -> int:
        """Where the line begins that is being written at the end."""
        assert self._file is not None
        start = max(0, size - BYTES_MAX)
        self._file.seek(start)
        return start + self._file.read(size - start).rfind(b"\n") + 1

    def _rest(self) -> Path | None:
        """The file that the mark is about, wherever it is now: at the path, renamed, or as a copy."""
        candidates = [self._path, *self._rotated()]
        matching = [path for path in candidates if self._is_marked(path)]
        same = [path for path in matching if path.stat().st_ino == self._mark.inode]
        return next(iter(same or matching), None)

    def _rotated(self) -> list[Path]:
        """Files beside it that look like its earlier ones, the oldest first."""
        name = self._path.name
        found = [
            path
            for path in self._path.parent.glob(f"{_escaped(name)}*")
            if _ROTATED.fullmatch(path.name.removeprefix(name)) and path.is_file()
        ]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def _is_marked(self, path: Path) -> bool:
        try:
            with path.open("rb") as file:
                stat = os.fstat(file.fileno())
                if stat.st_size < max(self._mark.offset, self._mark.until or 0):
                    return False
                if not self._mark.head_size:
                    return stat.st_ino == self._mark.inode
                return _head(file, self._mark.head_size) == self._mark.head
        except OSError:
            return False

    def _notice_truncation(self) -> None:
        """Truncated, perhaps written again beyond where we were: the rest is in a copy beside it, if anywhere."""
        assert self._file is not None
        size = os.fstat(self._file.fileno()).st_size
        if size >= self._mark.offset and _head(self._file, self._mark.head_size) == self._mark.head:
            return
        copy = self._rest()
        if copy is not None:
            self.close()
            self._file = copy.open("rb")
            return
        stat = os.fstat(self._file.fileno())
        self._mark = Mark(self._mark.id, stat.st_ino, stat.st_dev, "", 0, self._mark.generation + 1, 0)
        self._learn_head()

    def _turn_the_page(self) -> Batch | None:
        """Nothing new: if another file has taken the place of this one, its last words are sent and the other begun."""
        if self._is_current():
            self._idle = 0
            return None
        self._idle += 1
        successor = self._successor()
        if self._idle < PATIENCE or successor is None:
            return None
        if last := self._read_on(BYTES_MAX):
            return self._batch(last)
        self._begin(from_start=True, at=successor)
        return self.next()

    def _is_current(self) -> bool:
        assert self._file is not None
        try:
            there = self._path.stat()
        except OSError:
            return False
        here = os.fstat(self._file.fileno())
        return (there.st_ino, there.st_dev) == (here.st_ino, here.st_dev)

    def _successor(self) -> Path | None:
        """The file that was begun after this one: usually the one at the path."""
        assert self._file is not None
        here = os.fstat(self._file.fileno())
        for path in self._rotated():
            stat = path.stat()
            if stat.st_mtime_ns > here.st_mtime_ns and stat.st_ino != here.st_ino and not self._is_marked(path):
                return path
        return self._path if self._path.is_file() else None

    # --- which bytes --------------------------------------------------------------------------------------------------

    def _again(self) -> Batch | None:
        """The batch that was on its way when we were stopped."""
        assert self._file is not None
        assert self._mark.until is not None
        self._file.seek(self._mark.offset)
        data = self._file.read(self._mark.until - self._mark.offset)
        if len(data) == self._mark.until - self._mark.offset:
            return Batch(data.lstrip(b"\0"), self._mark)
        log.warning("%s: the lines that were on their way are gone", self._path)
        self._mark = replace(self._mark, until=None)
        return None

    def _read(self, lines_max: int) -> bytes:
        """Whole lines from the offset on; a line that does not end within BYTES_MAX ends there."""
        data = self._read_on(BYTES_MAX)
        while len(data) == BYTES_MAX and not data.strip(b"\0"):  # a hole left by a truncation
            self._mark = replace(self._mark, offset=self._mark.offset + len(data))
            data = self._read_on(BYTES_MAX)
        ends = _nth(data, lines_max)
        return data[:ends] if ends or len(data) < BYTES_MAX else data

    def _read_on(self, size: int) -> bytes:
        assert self._file is not None
        self._file.seek(self._mark.offset)
        return self._file.read(size)

    def _batch(self, data: bytes) -> Batch:
        self._learn_head()
        self._mark = replace(self._mark, until=self._mark.offset + len(data))
        return Batch(data.lstrip(b"\0"), self._mark)


def _head(file: BinaryIO, size: int) -> str:
    file.seek(0)
    return hashlib.sha256(file.read(size)).hexdigest() if size else ""


def _nth(data: bytes, lines: int) -> int:
    """Where the `lines`-th line ends, or the last whole one before."""
    end = 0
    for position in _newlines(data):
        end, lines = position + 1, lines - 1
        if not lines:
            break
    return end


def _newlines(data: bytes) -> Iterator[int]:
    position = data.find(b"\n")
    while position >= 0:
        yield position
        position = data.find(b"\n", position + 1)


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)
