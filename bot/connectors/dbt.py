"""How does Tocsin build a dbt project, or run again what failed in the last build? With dbt's own command line.

[connectors.dbt]
type = "dbt"
program = "/opt/dbt/bin/dbt"
project = "/srv/warehouse"                  # with dbt_project.yml; profiles = "…" where profiles.yml stands elsewhere
runs = "/var/lib/tocsin/dbt"                # a folder for each run, on a disk that all workers share
environment = { WAREHOUSE_PASSWORD = "env:WAREHOUSE_PASSWORD" }

[actions.rerun-orders]
kind = "rerun"                              # rerun (dbt retry) | trigger (dbt build)
service = "orders"
connector = "dbt"

*Trigger* builds what `target.select` names, in dbt's syntax; without it, everything. *Rerun* is `dbt retry`: the
nodes that failed or were skipped in the last run, by `target/run_results.json`, which has to survive; it holds as
long as nothing else has run since. The program is run once under the key of Tocsin's run, with only this environment.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import field_validator

from bot.actions.model import Action, ActionKind, Plan
from bot.connectors._jobs import Job, problems_of
from bot.connectors._processes import ProcessExecutor, ProcessOptions, Programs, Ran
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.TRIGGER, ActionKind.RERUN})
NODES_SHOWN_MAX = 40
LINES_MAX, LINE_MAX = 12, 200
_FAILED = ("error", "fail", "skipped", "runtime error")
Object = Mapping[str, Any]


class Options(ProcessOptions):
    """`[connectors.NAME]` of `type = "dbt"`."""

    project: Path
    profiles: Path | None = None

    @field_validator("project")
    @classmethod
    def _is_absolute_too(cls, path: Path) -> Path:
        return cls._is_absolute(path)


def executor(name: str, options: Mapping[str, Any]) -> "DbtExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    checked = Options.model_validate(options)
    return DbtExecutor(Programs(name, checked), checked)


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    selected = {"select": r"[\w@+.*:/,-][\w@+.*:/, -]*"} if kind is ActionKind.TRIGGER else {}
    return problems_of(target, {}, {**selected, "target": r"\w+"})


class DbtExecutor(ProcessExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, programs: Programs, options: Options) -> None:
        super().__init__(programs)
        self._options = options

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        if action.kind is ActionKind.TRIGGER:
            return self._plan_build(action)
        results = self._results()
        failed = [one for one in results.get("results") or () if one.get("status") in _FAILED]
        if not failed:
            raise InputError("nothing failed in the last run", place=action.name)
        lines = [
            f"{_node(one)}: {one['status']}. {' '.join(str(one.get('message') or '').split())[:200]}" for one in failed
        ]
        counts = Counter(str(one["status"]) for one in failed)
        words = ", ".join(f"{many} {status}" for status, many in counts.items())
        summary = f"again what went wrong in the last run: {words}"
        return Plan(summary, "", "", "\n".join(lines[:NODES_SHOWN_MAX]), _invocation(results), (self._shown("retry"),))

    def _plan_build(self, action: Action) -> Plan:
        listing = ["ls", "--quiet", "--output", "name", *self._selected(action)]
        code, said = self._web.quick(self._command(action, *listing), self._options.project)
        if code:
            raise self._web.problem(f"dbt ls ended with code {code}: {' '.join(said.split())[-300:]}")
        nodes = [line.strip() for line in said.splitlines() if line.strip()]
        if not nodes:
            raise InputError("nothing is selected", place="select")
        more = [f"… and {len(nodes) - NODES_SHOWN_MAX} more"] if len(nodes) > NODES_SHOWN_MAX else []
        command = self._shown("build", *self._selected(action))
        return Plan(f"build {len(nodes)} nodes", "", "", "\n".join([*nodes[:NODES_SHOWN_MAX], *more]), "", (command,))

    def _title(self, action: Action) -> str:
        return "dbt retry" if action.kind is ActionKind.RERUN else "dbt build"

    def _argv(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> tuple[list[str], Path]:
        if action.kind is ActionKind.RERUN and _invocation(self._results()) != plan.world:
            raise WorldChanged("dbt ran since the plan was made", connector=self._web.name)
        does = ["retry"] if action.kind is ActionKind.RERUN else ["build", *self._selected(action)]
        return self._command(action, "--log-format", "json", *does), self._options.project

    def _told(self, key: str, action: Action, ran: Ran) -> Job:
        """dbt's own events, one JSON a line."""
        job, events = super()._told(key, action, ran), _events(ran.log)
        total = max((event["total"] for event in events), default=0)
        done = len({event["index"] for event in events if event["is_over"]})
        said = [str(event.get("msg") or "").strip()[:LINE_MAX] for event in events]
        tail = "\n".join([line for line in said if line][-LINES_MAX:]) or job.tail
        return replace(job, done=done, total=total, tail=tail, why=self._why(said) if ran.code else "")

    def _why(self, said: list[str]) -> str:
        errors = [line for line in said if "Error" in line or line.startswith(("Failure", "Got "))]
        return " ".join((errors or said or [""])[-1].split())[:300]

    def _results(self) -> Object:
        path = self._options.project / "target" / "run_results.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self._web.problem(f"{path} cannot be read: there is nothing to run again") from error
        if not isinstance(found, dict):
            raise self._web.problem(f"{path} is not as dbt writes it")
        return found

    def _command(self, action: Action, *arguments: str) -> list[str]:
        profiles = ["--profiles-dir", str(self._options.profiles)] if self._options.profiles else []
        target = ["--target", action.target["target"]] if action.target.get("target") else []
        options = ["--no-use-colors", "--no-send-anonymous-usage-stats"]
        return [str(self._options.program), *options, *arguments, *profiles, *target]

    def _shown(self, *arguments: str) -> str:
        return " ".join(("dbt", *arguments))

    def _selected(self, action: Action) -> list[str]:
        select = action.target.get("select", "")
        return ["--select", *select.split()] if select else []


def _node(result: Object) -> str:
    return str(result.get("unique_id") or "").split(".", 2)[-1]


def _invocation(results: Object) -> str:
    return str((results.get("metadata") or {}).get("invocation_id") or "")


def _events(log: str) -> list[dict[str, Any]]:
    """What each event says, with the number of its node among all."""
    found = []
    for line in log.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("info"), dict):
            data = event.get("data") or {}
            node = {"index": data.get("index"), "total": int(data.get("total") or 0)}
            found.append(
                {**node, "msg": event["info"].get("msg"), "is_over": "execution_time" in data and "index" in data}
            )
    return found
