"""How are the figures of an evaluation told? As a table for people, as JSON for scripts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` have the keys of `columns`; the first column names what is compared. `notes` say what to think of it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    tables: tuple[Table, ...]
    skipped: tuple[str, ...] = field(default=())
    """What could not be read, each with its place and why."""

    def as_json(self) -> str:
        tables = [{"title": t.title, "rows": [dict(row) for row in t.rows], "notes": t.notes} for t in self.tables]
        return json.dumps({"tables": tables, "skipped": self.skipped}, ensure_ascii=False)

    def as_text(self) -> str:
        return "\n\n".join(_as_text(table) for table in self.tables)

    def as_markdown(self) -> str:
        return "\n\n".join(_as_markdown(table) for table in self.tables)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Right and wrong alarms, possibly weighted."""

    found: float
    missed: float
    false: float

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.false) if self.found + self.false else 0.0

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed) if self.found + self.missed else 0.0

    @property
    def f1(self) -> float:
        total = 2 * self.found + self.false + self.missed
        return 2 * self.found / total if total else 0.0

    def cells(self) -> dict[str, Cell]:
        return {"precision": round(self.precision, 3), "recall": round(self.recall, 3), "F1": round(self.f1, 3)}


def _said(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.3f}" if abs(cell) < 10 else f"{cell:,.1f}"
    return str(cell)


def _as_text(table: Table) -> str:
    rows = [[_said(row.get(column)) for column in table.columns] for row in table.rows]
    widths = [max(len(line[i]) for line in [list(table.columns), *rows]) for i in range(len(table.columns))]
    lines = [table.title, _line(table.columns, widths), *(_line(row, widths) for row in rows)]
    return "\n".join([*lines, *(f"  {note}" for note in table.notes)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def _as_markdown(table: Table) -> str:
    head = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    rows = ["| " + " | ".join(_said(row.get(column)) for column in table.columns) + " |" for row in table.rows]
    return "\n".join([f"**{table.title}**", "", *head, *rows, "", *(f"{note}  " for note in table.notes)]).rstrip()
