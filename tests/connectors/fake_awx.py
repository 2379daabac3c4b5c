"""As much of AWX's API v2 as launching a job template needs, with its state in memory. Made from awx' source and its
documentation; no real AWX was there to compare it with."""

import json
import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "awx-token-77aa"
_TEMPLATE = "/api/v2/job_templates/42"


class FakeAwx:
    """One job has failed. A job moves on each time it is looked at."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.jobs: list[dict[str, Any]] = []
        self.ends, self.asks = "successful", True
        self._add({})["status"] = "failed"

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"detail": "Authentication credentials were not provided."})
        route = f"{asked.method} {asked.path}"
        if route == f"GET {_TEMPLATE}/":
            return Answer(200, {"id": 42, "name": "restart cache"})
        if route == f"GET {_TEMPLATE}/launch/":
            needed = ["region"] if self.asks else []
            return Answer(200, {"ask_variables_on_launch": True, "variables_needed_to_start": needed})
        if route == f"GET {_TEMPLATE}/jobs/":
            return Answer(200, {"count": len(self.jobs), "results": [dict(job) for job in reversed(self.jobs)]})
        if route == f"POST {_TEMPLATE}/launch/":
            self.effects.append(asked.body["extra_vars"]["tocsin_key"])
            return Answer(201, {"job": self._add(asked.body["extra_vars"])["id"], "ignored_fields": {}})
        found = re.fullmatch(r"/api/v2/jobs/(\d+)/(?:(\w+)/)?", asked.path)
        job = next((job for job in self.jobs if found and str(job["id"]) == found[1]), None)
        return self._one(job, found[2] or "", asked) if found and job else Answer(404, {"detail": "Not found."})

    def _one(self, job: dict[str, Any], what: str, asked: Asked) -> Answer:
        if what == "stdout":
            said = 'TASK [Restart] ***\nfatal: [cache-1]: FAILED! => {"msg": "no space left"}\n'
            return Answer(200, {"range": {}, "content": said if job["status"] == "failed" else "ok: [cache-1]\n"})
        if what == "relaunch":
            self.effects.append(asked.body["hosts"])
            return Answer(201, {"id": self._add({})["id"]})
        if what == "cancel":
            if job["status"] in ("successful", "failed", "canceled"):
                return Answer(405, {"detail": 'Method "POST" not allowed.'})
            job["status"] = "canceled"
            return Answer(202)
        shown = dict(job)
        job["status"] = {"pending": "running", "running": self.ends}.get(job["status"], job["status"])
        return Answer(200, shown)

    def _add(self, variables: dict[str, str]) -> dict[str, Any]:
        self.jobs.append({"id": 100 + len(self.jobs), "status": "pending", "extra_vars": json.dumps(variables)})
        return self.jobs[-1]
