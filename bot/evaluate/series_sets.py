"""Which labelled series does a folder hold?

Two layouts: NAB's (`data/FOLDER/NAME.csv` or `FOLDER/NAME.csv` with columns timestamp and value, and
`labels/combined_windows.json` or `combined_windows.json`), and plain CSV files with a column of labels (0 and 1) beside
time and value.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bot.errors import InputError
from bot.evaluate.nab import LabelledSeries

TIME_COLUMNS = ("timestamp", "time", "datetime", "date", "at", "ts")
VALUE_COLUMNS = ("value", "values", "metric", "y")
LABEL_COLUMNS = ("label", "is_anomaly", "anomaly", "labels", "is_outlier")
WINDOWS_FILES = ("labels/combined_windows.json", "combined_windows.json")
FILES_MAX, POINTS_MAX = 10_000, 5_000_000
_TRUE, _FALSE = {"1", "1.0", "true", "yes", "anomaly"}, {"0", "0.0", "false", "no", "normal", ""}


def series_of(folder: Path) -> tuple[list[LabelledSeries], list[str]]:
    """The series, and what could not be read with its reason. Raises `InputError` when there is nothing to score."""
    if not folder.is_dir():
        raise InputError("there is no such folder", place=str(folder))
    windows_file = next((folder / name for name in WINDOWS_FILES if (folder / name).is_file()), None)
    found, problems = [], []
    for path, windows in _nab(folder, windows_file) if windows_file else _plain(folder):
        try:
            found.append(_series(path, folder, windows))
        except InputError as error:
            problems.append(str(error))
    if not found:
        more = f"; the first problem: {problems[0]}" if problems else ""
        raise InputError(
            f"no labelled series in it (docs/detection.md says which layouts are read){more}", place=str(folder)
        )
    return found, problems


def is_nab(folder: Path) -> bool:
    return any((folder / name).is_file() for name in WINDOWS_FILES)


def has_points(path: Path) -> bool:
    """Does its first line name a time and a value?"""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            _columns(next(csv.reader(file), []), path, is_labelled=False)
    except (OSError, UnicodeDecodeError, csv.Error, InputError):
        return False
    return True


def series_in(path: Path) -> LabelledSeries:
    """One CSV file; its labels, when it has a column of them. Raises `InputError`."""
    try:
        return _series(path, path.parent, None)
    except InputError:
        return _series(path, path.parent, [])


def _nab(folder: Path, windows_file: Path) -> Iterator[tuple[Path, list[tuple[datetime, datetime]] | None]]:
    for name, pairs in sorted(_windows(windows_file).items()):
        places = [folder / "data" / name, folder / name]
        path = next((place for place in places if place.is_file()), None)
        if path is not None:  # a part of the benchmark is fine
            yield path, pairs


def _windows(path: Path) -> dict[str, list[tuple[datetime, datetime]]]:
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): [(_time(since, str(path)), _time(until, str(path))) for since, until in pairs]
            for name, pairs in raw.items()
        }
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"not a list of windows for each file as NAB has it: {error}", place=str(path)) from error


def _plain(folder: Path) -> Iterator[tuple[Path, None]]:
    for i, path in enumerate(sorted(folder.rglob("*.csv"))):
        if i >= FILES_MAX:
            raise InputError(f"more than {FILES_MAX} files", place=str(folder))
        yield path, None


def _series(path: Path, folder: Path, windows: Sequence[tuple[datetime, datetime]] | None) -> LabelledSeries:
    at: list[datetime] = []
    values: list[float] = []
    labels: list[bool] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            columns = _columns(next(rows, []), path, is_labelled=windows is None)
            for row in rows:
                if row:
                    _read(row, columns, f"{path}:{rows.line_num}", at, values, labels)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"it cannot be read as CSV: {error}", place=str(path)) from error
    if len(at) < 2:
        raise InputError("it has no points", place=str(path))
    order = sorted(range(len(at)), key=at.__getitem__)
    at, values = [at[i] for i in order], [values[i] for i in order]
    if windows is None:
        windows = _stretches(at, [labels[i] for i in order])
    name = str(path.relative_to(folder))
    return LabelledSeries(name, tuple(at), np.array(values), tuple(windows))


def _columns(header: list[str], path: Path, *, is_labelled: bool) -> tuple[int, int, int]:
    names = [name.strip().lower() for name in header]
    found = []
    for wanted in (TIME_COLUMNS, VALUE_COLUMNS, *([LABEL_COLUMNS] if is_labelled else [])):
        place = next((names.index(name) for name in wanted if name in names), None)
        if place is None:
            raise InputError(f"its first line has no column called {' or '.join(wanted)}", place=f"{path}:1")
        found.append(place)
    return (*found, -1)[:3] if is_labelled is False else (found[0], found[1], found[2])  # type: ignore[return-value]


def _read(
    row: list[str],
    columns: tuple[int, int, int],
    place: str,
    at: list[datetime],
    values: list[float],
    labels: list[bool],
) -> None:
    time, value, label = columns
    if len(row) <= max(columns):
        raise InputError(f"{max(columns) + 1} columns are expected, it has {len(row)}", place=place)
    if len(at) >= POINTS_MAX:
        raise InputError(f"more than {POINTS_MAX} points", place=place)
    at.append(_time(row[time], place))
    values.append(_number(row[value], place))
    labels.append(label >= 0 and _label(row[label], place))


def _time(text: Any, place: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError:
        try:
            seconds = float(str(text))
            found = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        except (ValueError, OverflowError, OSError):
            raise InputError(f"{str(text)[:40]!r} is not a time (ISO 8601 or Unix seconds)", place=place) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(text: str, place: str) -> float:
    try:
        return float(text) if text.strip() else float("nan")
    except ValueError:
        raise InputError(f"{text[:40]!r} is not a number", place=place) from None


def _label(text: str, place: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise InputError(f"the label {text[:40]!r} is neither 0 nor 1", place=place)
    return word in _TRUE


def _stretches(at: Sequence[datetime], labels: Sequence[bool]) -> tuple[tuple[datetime, datetime], ...]:
    """The runs of labelled points."""
    runs: list[tuple[datetime, datetime]] = []
    first: datetime | None = None
    for moment, before, label in zip(at, [False, *labels], labels, strict=False):
        if label and not before:
            first = moment
        if label and first is not None:
            runs = [*runs[:-1], (first, moment)] if before and runs else [*runs, (first, moment)]
    return tuple(runs)
