"""How far has each file been sent?

A mark is written before a batch is sent, with the batch's end: after a crash exactly that batch is sent again under the
same key, and counted once.
"""

import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bot.errors import InputError


class Mark(msgspec.Struct, frozen=True):
    """`offset`: all before it was taken. `until`: the end of the batch that is on its way, or None. `generation` counts
    the files that stood at this path; `head` hashes the first `head_size` bytes: by it a file is known again."""

    id: str
    inode: int
    device: int
    head: str
    head_size: int
    generation: int
    offset: int
    until: int | None = None

    def key(self) -> str:
        """Of the batch that is on its way."""
        return f"{self.id}:{self.generation}:{self.offset}-{self.until}"


def new_id() -> str:
    return uuid.uuid4().hex


class MarkFile:
    """The mark of one (path, service, receiver) on disk, replaced as a whole."""

    def __init__(self, folder: Path, path: Path, service: str, url: str) -> None:
        name = hashlib.sha256("\0".join((str(path.absolute()), service, url)).encode()).hexdigest()[:24]
        self._path = folder / f"{name}.json"
        self._followed = path
        self._saved: Mark | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Raises `InputError` when another process follows the same file with the same mark."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError("another tocsin tail follows it already", place=str(self._followed)) from None
            yield

    def load(self) -> Mark | None:
        try:
            self._saved = msgspec.json.decode(self._path.read_bytes(), type=Mark)
            return self._saved
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            message = f"it cannot be read ({error}); delete it to start anew"
            raise InputError(message, place=str(self._path)) from error

    def save(self, mark: Mark) -> None:
        """On return it is on disk, whole."""
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(mark))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self._saved = mark

    def save_if_changed(self, mark: Mark) -> None:
        """So that a restart long after does not send again what the receiver has forgotten the key of."""
        if mark != self._saved and mark.inode:
            self.save(mark)
