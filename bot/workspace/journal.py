"""Where does the workspace keep what must survive a kill? In an append-only file of JSON lines, one change a line.

A change is handed to the operating system before the call that made it is answered, so it survives `kill -9` of the
process (not a power cut). Without a path, everything lives in memory.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from bot.errors import InputError
from bot.workspace.refusal import Json


class Table:
    """Rows of one kind: an in-memory dictionary whose changes are journalled."""

    def __init__(self, journal: "Journal", kind: str, rows: dict[str, Json]) -> None:
        self._journal, self._kind, self._rows = journal, kind, rows

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> Json | None:
        return self._rows.get(key)

    def items(self) -> Iterator[tuple[str, Json]]:
        return iter(list(self._rows.items()))

    def values(self) -> list[Json]:
        return list(self._rows.values())

    def put(self, key: str, row: Json) -> Json:
        """Keep the row (the same object stays in memory) and write it down."""
        self._rows[key] = row
        self._journal.write(self._kind, key, row)
        return row

    def drop(self, key: str) -> None:
        if self._rows.pop(key, None) is not None:
            self._journal.write(self._kind, key, None)


class Journal:
    """The file behind the tables. One process at a time may have it open; a torn last line is dropped."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kinds: dict[str, dict[str, Json]] = {}
        self._file: int | None = None
        self._lock: int | None = None
        if path is not None:
            self._open(path)

    def table(self, kind: str) -> Table:
        return Table(self, kind, self._kinds.setdefault(kind, {}))

    def write(self, kind: str, key: str, row: Json | None) -> None:
        if self._file is not None:
            line = json.dumps([kind, key, row], ensure_ascii=False, separators=(",", ":")) + "\n"
            os.write(self._file, line.encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._lock = None

    def _open(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise InputError("another workspace has this state open", place=str(path)) from error
        if path.exists():
            for number, line in enumerate(_whole_lines(path), start=1):
                self._apply(line, f"{path}:{number}")
            self._compact(path)
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def _apply(self, line: bytes, place: str) -> None:
        try:
            kind, key, row = json.loads(line.decode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise InputError("this line of the workspace's state is damaged", place=place) from error
        rows = self._kinds.setdefault(kind, {})
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row

    def _compact(self, path: Path) -> None:
        fresh = Path(f"{path}.new")
        with fresh.open("wb") as file:
            for kind, rows in self._kinds.items():
                for key, row in rows.items():
                    line = json.dumps([kind, key, row], ensure_ascii=False, separators=(",", ":")) + "\n"
                    file.write(line.encode("utf-8", "surrogatepass"))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def _whole_lines(path: Path) -> Iterator[bytes]:
    """The lines that end in a newline; what follows the last newline was being written when the process died."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
