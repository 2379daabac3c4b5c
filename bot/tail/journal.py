"""How do the entries of the systemd journal get to Tocsin? As `journalctl` prints them, from the cursor where it was.

A batch is remembered before it is sent: after a crash exactly those entries are read and sent again, and an equal batch
counts once.
"""

import logging
import os
import selectors
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import IO

import msgspec

from bot.errors import InputError
from bot.tail.send import Sender

log = logging.getLogger(__name__)

LINES_MAX = 500
BYTES_MAX = 1 << 20
WAIT_S = 0.5
PATH = "/v1/journal"
COMMAND = ("journalctl", "--output", "json", "--follow", "--no-pager")


class JournalMark(msgspec.Struct, frozen=True):
    """`cursor`: all up to it was taken. `sending`: so many entries after it are on their way."""

    cursor: str = ""
    sending: int = 0


class JournalMarkFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> JournalMark:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=JournalMark)
        except FileNotFoundError:
            return JournalMark()
        except msgspec.DecodeError as error:
            message = f"it cannot be read ({error}); delete it to start anew"
            raise InputError(message, place=str(self._path)) from error

    def save(self, mark: JournalMark) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(mark))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


def follow_journal(
    marks: JournalMarkFile, sender: Sender, stop: Event, *, units: Sequence[str] = (), command: Sequence[str] = COMMAND
) -> None:
    """Until `stop` is set or journalctl ends. Raises `InputError` when it cannot be started or refuses."""
    mark = marks.load()
    with _started([*command, *_options(mark, units)]) as process:
        assert process.stdout is not None
        lines = _Lines(process.stdout, stop)
        try:
            while not stop.is_set():
                batch = lines.next(mark.sending or LINES_MAX, exactly=bool(mark.sending))
                if batch:
                    mark = _send(marks, mark, sender, batch)
                elif lines.is_over:
                    break
        finally:  # also when it is stopped in the middle of a try: else it would be waited for, and it never ends
            process.terminate()
    if lines.is_over and not stop.is_set() and process.returncode not in (0, -15):
        raise InputError(f"journalctl ended with {process.returncode}; may this user read the journal?")


def _send(marks: JournalMarkFile, mark: JournalMark, sender: Sender, batch: list[bytes]) -> JournalMark:
    marks.save(JournalMark(mark.cursor, len(batch)))
    answer = sender.post(PATH, b"".join(batch), {"Content-Type": "application/x-ndjson"})
    for rejected in answer.json().get("rejected", []):
        log.warning("the journal: %s was left out: %s", rejected.get("place"), rejected.get("problem"))
    taken = JournalMark(_cursor(batch) or mark.cursor)
    marks.save(taken)
    return taken


def _options(mark: JournalMark, units: Sequence[str]) -> list[str]:
    options = ["--after-cursor", mark.cursor] if mark.cursor else ["--lines", "0"]
    return [*options, *(f"--unit={unit}" for unit in units)]


def _started(command: list[str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise InputError(f"{command[0]} cannot be started: {error.strerror}") from error


def _cursor(batch: list[bytes]) -> str:
    for line in reversed(batch):
        try:
            return str(msgspec.json.decode(line)["__CURSOR"])
        except (msgspec.DecodeError, KeyError, TypeError):
            continue
    return ""


class _Lines:
    """Lines as they come: a batch is what is there, or exactly so many."""

    def __init__(self, stream: IO[bytes], stop: Event) -> None:
        self._stream, self._stop, self._rest = stream, stop, b""
        self._waiting: list[bytes] = []
        self.is_over = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(stream, selectors.EVENT_READ)

    def next(self, lines_max: int, *, exactly: bool) -> list[bytes]:
        while not self._stop.is_set():
            enough = len(self._waiting) >= lines_max
            if not enough and self._read(block=exactly or not self._waiting):
                continue
            if enough or self.is_over or not exactly:
                batch, self._waiting = self._waiting[:lines_max], self._waiting[lines_max:]
                return batch
        return []

    def _read(self, *, block: bool) -> bool:
        """True when bytes came."""
        if self.is_over or not self._selector.select(WAIT_S if block else 0):
            return False
        piece = os.read(self._stream.fileno(), BYTES_MAX)
        if not piece:
            self.is_over = True
            return False
        *whole, self._rest = (self._rest + piece).split(b"\n")
        self._waiting += [line + b"\n" for line in whole if line.strip()]
        return True
