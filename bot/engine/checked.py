"""What does a declared check find? Reads what its kind needs, and has it judged."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.checks import judged
from bot.checks.declared import CheckKind, CheckSettings
from bot.checks.judged import Finding
from bot.engine.watch_ports import TableSource
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Measure, Measured, Signal, SignalKind
from bot.signals.severity import Severity

VOLUMES_KEPT = 200
Notes = Mapping[str, Any]
Columns = dict[str, list[object]]


class Checked:
    def __init__(self, tables: Mapping[str, TableSource]) -> None:
        self._tables = tables

    def look(self, check: CheckSettings, notes: Notes, now: datetime) -> tuple[Finding | None, Notes]:
        """(what is wrong, what is to be remembered until the next look). Raises `ConnectorError`."""
        source = self._tables[check.source]
        match check.kind:
            case CheckKind.FRESHNESS:
                newest = source.newest(_table(check), _time(check), check.where)
                return judged.fresh(newest, check, now), notes
            case CheckKind.VOLUME:
                return self._volume(source, check, notes, now)
            case CheckKind.SCHEMA:
                columns = source.columns(_table(check))
                return judged.schema(columns, notes.get("columns", {})), {"columns": columns}
            case CheckKind.NULLS:
                rows = source.count(_table(check), check.where)
                nulls = source.nulls(_table(check), check.columns, check.where)
                return judged.share("nulls", nulls, rows, check.share_max or 0.0), notes
            case CheckKind.DUPLICATES:
                rows = source.count(_table(check), check.where)
                twice = source.duplicates(_table(check), check.columns, check.where)
                return judged.share(
                    "duplicates", {", ".join(check.columns): twice}, rows, check.share_max or 0.0
                ), notes
            case CheckKind.QUERY:
                return judged.value(source.value(check.query), check), notes
            case CheckKind.DRIFT:
                return self._drift(source, check, notes, now)
            case CheckKind.PERFORMANCE:
                return self._performance(source, check, now), notes

    def version(self, check: CheckSettings) -> tuple[str, datetime] | None:
        """Which version of the model wrote the newest row, and when its first one was. None when the check names no
        column for it, or the table is empty."""
        if not check.version_column:
            return None
        return self._tables[check.source].newest_version(_table(check), check.version_column, _time(check))

    def _volume(
        self, source: TableSource, check: CheckSettings, notes: Notes, now: datetime
    ) -> tuple[Finding | None, Notes]:
        """What was found odd does not become part of what is usual."""
        since = now - timedelta(hours=check.hours) if check.time_column else None
        rows = source.count(_table(check), check.where, check.time_column or "", since)
        history: list[float] = list(notes.get("volumes", []))
        finding = judged.volume(rows, history, check)
        if finding is None:
            history.append(rows)
        return finding, {"volumes": history[-VOLUMES_KEPT:]}

    def _drift(
        self, source: TableSource, check: CheckSettings, notes: Notes, now: datetime
    ) -> tuple[Finding | None, Notes]:
        """Told when two looks in a row find it."""
        since, before = _spans(source, check, now)
        wanted = tuple(name for name in (*check.columns, check.prediction) if name)
        read = [
            source.rows(_table(check), wanted, _time(check), start, end, check.where)
            for start, end in ((before, since), (since, now))
        ]
        finding, _ = judged.drifted(_by_column(wanted, read[0]), _by_column(wanted, read[1]))
        is_second = finding is not None and bool(notes.get("drifted"))
        return finding if is_second else None, {"drifted": finding is not None}

    def _performance(self, source: TableSource, check: CheckSettings, now: datetime) -> Finding | None:
        since, before = _spans(source, check, now)
        pairs = [
            [
                (prediction, label)
                for prediction, label in source.rows(
                    _table(check), (check.prediction or "", check.label or ""), _time(check), start, end, check.where
                )
                if prediction is not None and label is not None
            ]
            for start, end in ((before, since), (since, now))
        ]
        return judged.performance(pairs[0], pairs[1], check)


def measured(name: str, check: CheckSettings, finding: Finding, now: datetime) -> Signal:
    """The signal of a finding. Drift is evidence: it opens nothing by itself."""
    is_drift = finding.what == "drift"
    measure = Measure(
        what=Measured(finding.what),
        subject=check.table or name,
        unit=finding.unit,
        now=_finite(finding.now),
        low=_finite(finding.low),
        high=_finite(finding.high),
        parts=tuple((name, text.replace("\x00", "")) for name, text in finding.parts),  # no text for PostgreSQL
    )
    entities = (("table", check.table),) if check.table else ()
    return Signal(
        fingerprint=fingerprint("check", name, finding.what),
        kind=SignalKind.DRIFT if is_drift else SignalKind.DATA_CHECK,
        service=check.service,
        severity=Severity.MINOR if is_drift else check.severity,
        began_at=finding.began_at or now,
        at=now,
        title=f"{check.table or name}: {name}"[:160],
        evidence=Evidence(measure=measure),
        source=f"watch.checks.{name}",
        entities=entities,
    )


def _spans(source: TableSource, check: CheckSettings, now: datetime) -> tuple[datetime, datetime]:
    """(where "now" begins, where the reference begins): not before the model's version was new."""
    since = now - timedelta(hours=check.hours)
    before = since - timedelta(hours=check.reference_hours)
    if check.version_column:
        version = source.newest_version(_table(check), check.version_column, _time(check))
        if version is not None:
            before = max(before, version[1])
    return since, before


def _by_column(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Columns:
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _table(check: CheckSettings) -> str:
    return check.table or ""


def _time(check: CheckSettings) -> str:
    return check.time_column or ""


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None
