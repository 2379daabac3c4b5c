"""What has the shop to deliver, and how much was taken?

A batch is a file from the moment it is written until the answer 2xx is noted, so a kill or an outage loses none. It is
sent again under the same key, and noted as taken once: first the note is replaced, then the file goes, and a file whose
number is noted already is only thrown away.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

_NOTE = "taken.json"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """`until` is the moment up to which its lines reach."""

    number: int
    lines: int
    until: datetime
    path: Path

    @property
    def body(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Note:
    """What was taken so far: the last batch's number, how many lines, up to when. `refused` lines will never be
    taken: the receiver said that they are wrong."""

    number: int = 0
    lines: int = 0
    refused: int = 0
    until: str = ""


@dataclass
class Spool:
    """The batches of one sender, in the order in which they were put. Not for several threads at once."""

    folder: Path
    note: Note = field(init=False)
    waiting: list[Batch] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.note = read_note(self.folder)
        self.waiting = []
        for path in self.folder.glob("*.draft"):
            path.unlink()
        for path in sorted(self.folder.glob("*.batch")):
            batch = _batch(path)
            if batch.number > self.note.number:
                self.waiting.append(batch)
            else:
                path.unlink()

    @property
    def until(self) -> datetime | None:
        """The moment up to which batches were put."""
        if self.waiting:
            return self.waiting[-1].until
        return datetime.fromisoformat(self.note.until) if self.note.until else None

    def put(self, body: bytes, lines: int, until: datetime) -> Batch:
        number = (self.waiting[-1].number if self.waiting else self.note.number) + 1
        path = self.folder / f"{number:010d}.{lines}.{(until - _EPOCH) // _MICROSECOND}.batch"
        _write(path, body)
        batch = Batch(number, lines, until, path)
        self.waiting.append(batch)
        return batch

    def taken(self, batch: Batch) -> None:
        self._settle(batch, lines=self.note.lines + batch.lines)

    def refused(self, batch: Batch) -> None:
        self._settle(batch, refused=self.note.refused + batch.lines)

    def _settle(self, batch: Batch, **counts: int) -> None:
        self.note = replace(self.note, number=batch.number, until=batch.until.isoformat(), **counts)
        _write(self.folder / _NOTE, json.dumps({name: getattr(self.note, name) for name in Note.__slots__}).encode())
        self.waiting.remove(batch)
        batch.path.unlink()


def read_note(folder: Path) -> Note:
    """What was taken of the batches in `folder`; may be read while another process works there."""
    path = folder / _NOTE
    return Note(**json.loads(path.read_text())) if path.exists() else Note()


def _batch(path: Path) -> Batch:
    number, lines, until_us, _ = path.name.split(".")
    return Batch(int(number), int(lines), _EPOCH + int(until_us) * _MICROSECOND, path)


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, whenever the process ends."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)
