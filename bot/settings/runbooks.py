"""Which runbooks are in the folder now? Read again when a file changes; a bad one is named, and the others count."""

import logging
import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.actions.runbooks import TEXT_KB_MAX, Runbook, parse
from bot.errors import InputError

log = logging.getLogger(__name__)

FILES_MAX = 500
DEPTH_MAX = 6


@dataclass(frozen=True, slots=True)
class Shelf:
    """`problems`: a sentence each, with the file's name."""

    runbooks: tuple[Runbook, ...] = ()
    problems: tuple[str, ...] = ()


class RunbookFolder:
    """`actions`: names of those there are. Safe to use from several threads; a file is only read when it changed."""

    def __init__(self, folder: Path | None, actions: Collection[str]) -> None:
        self._folder, self._actions = folder, frozenset(actions)
        self._lock = threading.Lock()
        self._read: dict[str, tuple[tuple[int, int, int], Runbook | str]] = {}
        self._told: set[str] = set()

    def read(self) -> Shelf:
        """Never raises: what is wrong is among the problems, and is logged once."""
        if self._folder is None:
            return Shelf()
        with self._lock:
            shelf = self._shelf(self._folder)
            for problem in shelf.problems:
                if problem not in self._told:
                    log.warning("runbooks: %s", problem)
            self._told = set(shelf.problems)
            return shelf

    def _shelf(self, folder: Path) -> Shelf:
        if not folder.is_dir():
            return Shelf(problems=(f"{folder}: there is no such folder",))
        paths = list(_files(folder))
        found = {name: self._one(folder / f"{name}.md", name) for name in paths[:FILES_MAX]}
        self._read = {name: self._read[name] for name in found if name in self._read}
        runbooks = tuple(one for one in found.values() if isinstance(one, Runbook))
        problems = [one for one in found.values() if isinstance(one, str)]
        for runbook in runbooks:
            for step in runbook.steps:
                if step.action not in self._actions:
                    problems.append(f"{runbook.name}: no action is called {step.action!r}; its button is left out")
        if len(paths) > FILES_MAX:
            problems.append(f"{folder}: only the first {FILES_MAX} of {len(paths)} files are read")
        return Shelf(runbooks, tuple(problems))

    def _one(self, path: Path, name: str) -> Runbook | str:
        """The runbook, or what is wrong with it."""
        try:
            state = path.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            known = self._read.get(name)
            if known is not None and known[0] == seen:
                return known[1]
            made = _read_one(path, name, state.st_size)
        except OSError as error:
            return f"{name}: it cannot be read ({error.strerror})"
        self._read[name] = (seen, made)
        return made


def _read_one(path: Path, name: str, size: int) -> Runbook | str:
    if size > TEXT_KB_MAX * 1024:
        return f"{name}: it is larger than {TEXT_KB_MAX} kB"
    try:
        return parse(name, path.read_text(encoding="utf-8"))
    except InputError as error:
        return str(error)
    except UnicodeDecodeError:
        return f"{name}: it is not text in UTF-8"


def _files(folder: Path) -> Iterator[str]:
    """Names without the ending, in order. Links are not followed: they may lead out of the folder. A README is none."""
    for root, folders, files in os.walk(folder, followlinks=False):
        inside = Path(root).relative_to(folder)
        if len(inside.parts) >= DEPTH_MAX:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            is_runbook = file.endswith(".md") and not file.startswith(".") and file.lower() != "readme.md"
            if is_runbook and not (Path(root) / file).is_symlink():
                yield (inside / file.removesuffix(".md")).as_posix()
