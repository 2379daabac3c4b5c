"""Who sends what, what was rejected, what others watch and measured."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, case, delete, func, insert, select, update

from bot.engine.source_ports import DeadLetter, RunTries, SourceUse, Standing, Watched
from bot.errors import NotFound
from bot.signals.model import Signal
from bot.sources.model import Ended, Measured, PipelineRun, RunState
from bot.store.tables import measured as measured_table
from bot.store.tables import pipeline_run, rejected, source_use, standing, watched
from bot.store.upsert import insert_ignore, insert_into, insert_or_update

_ROWS_MAX = 10_000


class SourceTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- who sends what

    def add_use(self, uses: Iterable[SourceUse]) -> None:
        rows = [asdict(use) for use in uses]
        if not rows:
            return
        statement = insert_into(self._db, source_use)
        new, old = statement.excluded, source_use.c
        changed: dict[str, Any] = {
            name: old[name] + new[name] for name in ("batches", "lines", "bytes", "rejected", "duplicates", "ahead")
        }
        changed |= {
            "last_at": _later(old.last_at, new.last_at),
            "late_s": new.late_s,
            "late_s_max": _later(old.late_s_max, new.late_s_max),
        }
        key = ["source", "sender", "service"]
        self._db.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)

    def uses(self) -> list[SourceUse]:
        query = select(source_use).order_by(source_use.c.source, source_use.c.sender, source_use.c.service)
        return [SourceUse(**row._mapping) for row in self._db.execute(query.limit(_ROWS_MAX))]

    # -- what was rejected

    def keep_rejected(self, letters: Iterable[DeadLetter]) -> None:
        rows = [asdict(letter) for letter in letters]
        for row in rows:
            del row["id"]
        if rows:
            self._db.execute(insert(rejected), rows)

    def rejected(self, limit: int) -> list[DeadLetter]:
        query = select(rejected).order_by(rejected.c.id.desc()).limit(limit)
        return [DeadLetter(**row._mapping) for row in self._db.execute(query)]

    def dead_letter(self, letter_id: int) -> DeadLetter:
        row = self._db.execute(select(rejected).where(rejected.c.id == letter_id)).one_or_none()
        if row is None:
            raise NotFound("rejected delivery", str(letter_id))
        return DeadLetter(**row._mapping)

    def mark_replayed(self, letter_id: int, at: datetime) -> bool:
        fresh = (rejected.c.id == letter_id) & rejected.c.replayed_at.is_(None)
        return self._db.execute(update(rejected).where(fresh).values(replayed_at=at)).rowcount == 1

    def drop_rejected(self, before: datetime, keep: int) -> int:
        latest = select(rejected.c.id).order_by(rejected.c.id.desc()).offset(keep).limit(1).scalar_subquery()
        return self._db.execute(delete(rejected).where((rejected.c.at < before) | (rejected.c.id <= latest))).rowcount

    # -- what others watch

    def stand(self, signal: Signal, at: datetime) -> None:
        values = {
            "fingerprint": signal.fingerprint,
            "source": signal.source,
            "service": signal.service,
            "title": signal.title,
            "since": signal.began_at,
            "seen_at": at,
            "ended_at": None,
        }
        changed = {name: values[name] for name in ("source", "service", "title", "seen_at", "ended_at")}
        changed["since"] = case((standing.c.ended_at.is_(None), standing.c.since), else_=signal.began_at)
        insert_or_update(self._db, standing, values, ["fingerprint"], changed)

    def end(self, ended: Ended) -> bool:
        stands = (standing.c.fingerprint == ended.fingerprint) & standing.c.ended_at.is_(None)
        return self._db.execute(update(standing).where(stands).values(ended_at=ended.at)).rowcount == 1

    def standing(self) -> list[Standing]:
        query = select(standing).where(standing.c.ended_at.is_(None)).order_by(standing.c.since).limit(_ROWS_MAX)
        return [Standing(**row._mapping) for row in self._db.execute(query)]

    def drop_ended(self, before: datetime) -> int:
        return self._db.execute(delete(standing).where(standing.c.ended_at < before)).rowcount

    # -- runs and figures

    def note_run(self, run: PipelineRun) -> bool:
        values = asdict(run) | {"state": run.state.value, "inputs": list(run.inputs), "outputs": list(run.outputs)}
        if insert_ignore(self._db, pipeline_run, values, ["key"]):
            return True
        kept = {name: value for name, value in values.items() if name != "key" and value not in ("", None, [])}
        newer = (pipeline_run.c.key == run.key) & (pipeline_run.c.at <= run.at)
        newer &= (pipeline_run.c.state == RunState.RUNNING.value) | (pipeline_run.c.at < run.at)
        is_known = (pipeline_run.c.state == run.state.value) & pipeline_run.c.ended_at.is_not(None)
        return self._db.execute(update(pipeline_run).where(newer, ~is_known).values(kept)).rowcount == 1

    def pipeline_runs(self, since: datetime, pipeline: str = "") -> list[PipelineRun]:
        query = select(pipeline_run).where(pipeline_run.c.at >= since).order_by(pipeline_run.c.at, pipeline_run.c.key)
        if pipeline:
            query = query.where(pipeline_run.c.pipeline == pipeline)
        return [_run(row) for row in self._db.execute(query.limit(_ROWS_MAX))]

    def latest_runs(self, since: datetime, limit: int) -> list[PipelineRun]:
        query = select(pipeline_run).where(pipeline_run.c.at >= since, pipeline_run.c.task == "")
        query = query.order_by(pipeline_run.c.at.desc(), pipeline_run.c.key).limit(limit)
        return [_run(row) for row in self._db.execute(query)]

    def tries(self, since: datetime, limit: int) -> list[RunTries]:
        of = pipeline_run.c
        same = (of.source, of.pipeline, of.service, of.run)
        tries = func.max(of.attempt).label("tries")
        tasks = (
            select(*same, of.task, tries, func.max(of.at).label("at"), func.max(of.link).label("link"))
            .where(of.at >= since, of.run != "")
            .group_by(*same, of.task)
            .subquery()
        )
        query = select(tasks).order_by(tasks.c.at.desc(), tasks.c.run, tasks.c.tries.desc(), tasks.c.task).limit(limit)
        runs: dict[tuple[str, str, str, str], list[Any]] = defaultdict(list)
        for row in self._db.execute(query):
            runs[row.source, row.pipeline, row.service, row.run].append(row)
        return [_tries(rows) for rows in runs.values()]

    def note_measured(self, measured: Measured) -> bool:
        return insert_ignore(self._db, measured_table, asdict(measured), ["key"])

    def measured(self, since: datetime, subject: str = "") -> list[Measured]:
        of = measured_table.c
        query = select(measured_table).where(of.at >= since).order_by(of.at, of.key)
        if subject:
            query = query.where(of.subject == subject)
        return [Measured(**row._mapping) for row in self._db.execute(query.limit(_ROWS_MAX))]

    def drop_events(self, before: datetime) -> int:
        return sum(_drop(self._db, table, before) for table in (pipeline_run, measured_table))

    # -- heartbeats and addresses

    def watched(self, kind: str, name: str) -> Watched | None:
        row = self._db.execute(select(watched).where(watched.c.kind == kind, watched.c.name == name)).one_or_none()
        return Watched(**row._mapping) if row else None

    def all_watched(self, kind: str) -> list[Watched]:
        query = select(watched).where(watched.c.kind == kind).order_by(watched.c.name)
        return [Watched(**row._mapping) for row in self._db.execute(query)]

    def set_watched(self, seen: Watched) -> None:
        values = asdict(seen)
        changed = {name: value for name, value in values.items() if name not in ("kind", "name")}
        insert_or_update(self._db, watched, values, ["kind", "name"], changed)


def _tries(rows: Sequence[Any]) -> RunTries:
    most = max(rows, key=lambda row: row.tries)
    at, again = max(row.at for row in rows), sum(row.tries - 1 for row in rows)
    return RunTries(most.pipeline, most.service, most.run, at, again, most.task, most.link, most.source)


def _later(old: Any, new: Any) -> Any:
    return case((new > old, new), else_=old)


def _drop(connection: Connection, table: Table, before: datetime) -> int:
    return connection.execute(delete(table).where(table.c.at < before)).rowcount


def _run(row: Any) -> PipelineRun:
    values = dict(row._mapping)
    lists = {"inputs": tuple(values["inputs"]), "outputs": tuple(values["outputs"])}
    return PipelineRun(**{**values, **lists, "state": RunState(values["state"])})
