"""As much of Dagster's GraphQL as launching and re-executing a job needs, with its state in memory. It knows the
queries by the field that they ask for; `make test-heavy` compares its answers with those of a real Dagster 1.13."""

import uuid
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "dagster-agent-token-3f"
_ASKED = ("runsOrError", "runOrError", "repositoryOrError")
_FIELDS = (*_ASKED, "launchRunReexecution", "launchRun", "terminateRun")


class FakeDagster:
    """One run of orders_hourly has failed in `load`. A run moves on each time it is looked at."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.ends = "SUCCESS"
        self._add({}, "FAILURE")

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Dagster-Cloud-Api-Token") != TOKEN:
            return Answer(401, {"error": "Unauthorized"})
        if asked.path != "/graphql":
            return Answer(404, {"error": "not found"})
        query, given = asked.body["query"], asked.body["variables"]
        for field in _FIELDS:
            if f"{field}(" in query:
                return Answer(200, {"data": {field: getattr(self, f"_{field}")(given)}})
        return Answer(400, {"errors": [{"message": "Syntax Error"}]})

    def _repositoryOrError(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"__typename": "Repository", "jobs": [{"name": "orders_hourly"}, {"name": "slow"}]}

    def _runsOrError(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = given["filter"]
        found = [
            {name: run[name] for name in ("runId", "status", "pipelineName")}
            for run in reversed(self.runs.values())
            if run["pipelineName"] == wanted["pipelineName"]
            and run["status"] in wanted.get("statuses", [run["status"]])
            and all(self.tags[run["runId"]].get(tag["key"]) == tag["value"] for tag in wanted.get("tags", ()))
        ]
        return {"__typename": "Runs", "results": found}

    def _runOrError(self, given: dict[str, Any]) -> dict[str, Any]:
        run = self.runs.get(given["id"])
        if run is None:
            return {"__typename": "RunNotFoundError", "message": f"Run {given['id']} could not be found."}
        failed = run["status"] == "FAILURE"
        causes = [{"message": "RuntimeError: sales_fact is locked"}]
        error = {"message": 'Error occurred while executing op "load":', "causes": causes}
        events = [{}, {"stepKey": "load", "error": error}, {"message": "Steps failed"}] if failed else [{}]
        steps = [{"stepKey": "extract", "status": "SUCCESS"}, {"stepKey": "load", "status": run["status"]}]
        shown = {"__typename": "Run", **run, "stepStats": steps, "eventConnection": {"events": events}}
        self._move(run)
        return shown

    def _launchRun(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._launch({tag["key"]: tag["value"] for tag in given["given"]["executionMetadata"]["tags"]})

    def _launchRunReexecution(self, given: dict[str, Any]) -> dict[str, Any]:
        tags = {tag["key"]: tag["value"] for tag in given["given"]["extraTags"]}
        return self._launch({**tags, "dagster/parent_run_id": given["given"]["parentRunId"]})

    def _terminateRun(self, given: dict[str, Any]) -> dict[str, Any]:
        run = self.runs[given["id"]]
        if run["status"] in ("SUCCESS", "FAILURE", "CANCELED"):
            return {"__typename": "TerminateRunFailure", "message": f"Run {given['id']} could not be terminated."}
        run["status"] = "CANCELED"
        return {"__typename": "TerminateRunSuccess"}

    def _launch(self, tags: dict[str, str]) -> dict[str, Any]:
        self.effects.append(tags["tocsin/run"])
        return {"__typename": "LaunchRunSuccess", "run": dict(self._add(tags, "QUEUED"))}

    def _add(self, tags: dict[str, str], status: str) -> dict[str, Any]:
        id_ = str(uuid.UUID(int=len(self.runs) + 1, version=4))
        self.runs[id_] = {"runId": id_, "status": status, "pipelineName": "orders_hourly"}
        self.tags[id_] = tags
        return self.runs[id_]

    def _move(self, run: dict[str, Any]) -> None:
        run["status"] = {"QUEUED": "STARTED", "STARTED": self.ends}.get(run["status"], run["status"])
