"""Which labelled logs does a folder hold?

Sessions: files with `train`, `test_normal` and `test_abnormal` in their names, one session a line: `id,5 22 11` or
`5 22 11`. HDFS: log files beside `anomaly_label.csv` (BlockId,Label). Lines: logs in which each line begins with `-`
(well) or the name of an alert, as BGL has it, or CSV files with time, text and label.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.errors import InputError
from bot.logs.miner import Miner
from bot.logs.parse import LineParser, clean
from bot.logs.redact import Redactor
from bot.logs.timestamps import parse_any

Session = tuple[str, ...]
Item = TypeVar("Item")
LABELS_FILE = "anomaly_label.csv"
LINES_MAX = 20_000_000
BATCH = 5_000
_BLOCK = re.compile(r"blk_-?\d+")
_TEXT_COLUMNS = ("message", "text", "content", "log", "line")
_TIME_COLUMNS = ("timestamp", "time", "datetime", "date", "at")
_LABEL_COLUMNS = ("label", "is_anomaly", "anomaly")
_LEVELS = frozenset({"trace", "debug", "info", "warning", "warn", "error", "severe", "failure", "fatal", "critical"})
_BGL = re.compile(r"^(?P<label>-|[A-Z0-9_]+) (?P<at>\d{9,10}) (?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class SessionSet:
    """`held_out` normals are empty when the set has no normal part of its own to test with."""

    train: list[Session]
    held_out: list[Session]
    abnormal: list[Session]


@dataclass(frozen=True, slots=True)
class LabelledLine:
    at: datetime
    template_id: str
    template: str
    level: str
    is_bad: bool


def kind_of(folder: Path) -> str:
    """ "sessions", "blocks" or "lines". Raises `InputError` when it is none of them."""
    if not folder.is_dir():
        raise InputError("there is no such folder", place=str(folder))
    if (folder / LABELS_FILE).is_file():
        return "blocks"
    names = [path.name for path in folder.iterdir() if path.is_file()]
    if any("train" in name for name in names) and any("abnormal" in name for name in names):
        return "sessions"
    if any(name.endswith((".log", ".csv", ".txt")) for name in names):
        return "lines"
    raise InputError("no labelled logs in it (docs/detection.md says which layouts are read)", place=str(folder))


def sessions_of(folder: Path) -> SessionSet:
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in ("", ".txt"))
    abnormal = [path for path in files if "test_abnormal" in path.name]
    whole = min(abnormal, key=lambda path: len(path.name)) if abnormal else None
    train = [s for path in files if "train" in path.name for s in _sessions(path)]
    normal = [s for path in files if "test_normal" in path.name for s in _sessions(path)]
    if not train or whole is None:
        raise InputError("files with train and with test_abnormal in their names are expected", place=str(folder))
    return SessionSet(train, normal, list(_sessions(whole)))


def _sessions(path: Path) -> Iterator[Session]:
    for number, line in enumerate(_lines(path), 1):
        steps = line.rpartition(",")[2].split()
        if not steps and line.strip():
            raise InputError("a session is `id,step step step`", place=f"{path}:{number}")
        if steps:
            yield tuple(steps)


def blocks_of(folder: Path) -> SessionSet:
    """Log lines grouped by the block they speak of, mined as live."""
    labels = _labels(folder / LABELS_FILE)
    sessions: dict[str, list[str]] = defaultdict(list)
    mining = _Mining("hdfs")
    for path in _log_files(folder):
        for batch in _batches(_lines(path)):
            for line, found in zip(batch, mining.take(batch), strict=True):
                for block in dict.fromkeys(_BLOCK.findall(line)):
                    sessions[block].append(found)
    known = {block: tuple(steps) for block, steps in sessions.items() if block in labels}
    if not known:
        raise InputError("none of its blocks is in the logs beside it", place=str(folder / LABELS_FILE))
    normal = [steps for block, steps in known.items() if not labels[block]]
    return SessionSet(normal, [], [steps for block, steps in known.items() if labels[block]])


def lines_of(folder: Path) -> list[LabelledLine]:
    """The labelled lines of all files, by time."""
    found: list[LabelledLine] = []
    for path in _log_files(folder):
        labelled = _csv_lines(path) if path.suffix == ".csv" else _bgl_lines(path)
        mining = _Mining(path.stem)
        for batch in _batches(labelled):
            ids = mining.take([text for _, text, _ in batch])
            for (at, text, is_bad), template_id in zip(batch, ids, strict=True):
                found.append(LabelledLine(at, template_id, mining.text(template_id), level_of(text), is_bad))
    if not any(line.is_bad for line in found):
        raise InputError("no line in it is labelled as an alert", place=str(folder))
    return sorted(found, key=lambda line: line.at)


def level_of(text: str) -> str:
    """The first word of a level among the first words of a line."""
    words = (word.lower() for word in text.split()[:8])
    return next((word for word in words if word in _LEVELS), "")


class _Mining:
    """Lines of one service to the ids of their templates: parsed, redacted and mined as live."""

    def __init__(self, service: str) -> None:
        self._service, self._miner, self._redactor = service, Miner(), Redactor()
        self._parser = LineParser(service, fallback_at=datetime(1970, 1, 1, tzinfo=UTC))

    def take(self, lines: list[str]) -> list[str]:
        texts = [record.text if (record := self._parser.parse(line).record) else clean(line) for line in lines]
        return [found.template_id for found in self._miner.mine(self._service, list(map(self._redactor.redact, texts)))]

    def text(self, template_id: str) -> str:
        return self._miner.template(template_id).text


def _labels(path: Path) -> dict[str, bool]:
    labels = {}
    for number, row in _rows(path):
        if number == 1 and row[:1] == ["BlockId"]:
            continue
        if len(row) < 2 or row[1].strip().lower() not in ("normal", "anomaly"):
            raise InputError("`BlockId,Normal` or `BlockId,Anomaly` is expected", place=f"{path}:{number}")
        labels[row[0].strip()] = row[1].strip().lower() == "anomaly"
    return labels


def _bgl_lines(path: Path) -> Iterator[tuple[datetime, str, bool]]:
    for number, line in enumerate(_lines(path), 1):
        found = _BGL.match(line)
        if found is None:
            raise InputError(
                "`LABEL SECONDS …` is expected, the label being - for a line that is well", place=f"{path}:{number}"
            )
        yield datetime.fromtimestamp(int(found["at"]), UTC), found["rest"], found["label"] != "-"


def _csv_lines(path: Path) -> Iterator[tuple[datetime, str, bool]]:
    rows = _rows(path)
    _, header = next(rows, (0, []))
    names = [name.strip().lower() for name in header]
    places = [_place(names, wanted, path) for wanted in (_TIME_COLUMNS, _TEXT_COLUMNS, _LABEL_COLUMNS)]
    for number, row in rows:
        if len(row) <= max(places):
            raise InputError(f"{max(places) + 1} columns are expected, it has {len(row)}", place=f"{path}:{number}")
        time, text, label = (row[place] for place in places)
        at = parse_any(time)
        if at is None:
            raise InputError(f"{time[:40]!r} is not a time", place=f"{path}:{number}")
        yield at, text, label.strip().lower() not in ("", "0", "-", "false", "normal")


def _place(names: list[str], wanted: tuple[str, ...], path: Path) -> int:
    for name in wanted:
        if name in names:
            return names.index(name)
    raise InputError(f"its first line has no column called {' or '.join(wanted)}", place=f"{path}:1")


def _log_files(folder: Path) -> list[Path]:
    """What holds lines; where there are .log files, the CSV files beside them are about them."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != LABELS_FILE)
    logs = [path for path in files if path.suffix in (".log", ".txt")]
    return logs or [path for path in files if path.suffix == ".csv"]


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from enumerate((row for row in csv.reader(file) if row), 1)
    except (OSError, csv.Error) as error:
        raise InputError(f"it cannot be read as CSV: {error}", place=str(path)) from error


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if number > LINES_MAX:
                    raise InputError(f"more than {LINES_MAX} lines", place=str(path))
                yield line.rstrip("\n")
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror or error}", place=str(path)) from error


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
