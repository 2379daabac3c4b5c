"""As much of GitLab's REST API v4 as running and retrying pipelines needs, with its state in memory. Made from its
documentation (docs.gitlab.com/api/pipelines, /api/jobs); no real GitLab was there to compare it with."""

import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "glpat-fake-51aa"
_PROJECT = "/api/v4/projects/shop%2Fweb"


class FakeGitlab:
    """One pipeline has failed in its job `rollout`. A pipeline moves on each time it is looked at."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.pipelines: dict[int, dict[str, Any]] = {}
        self.jobs: dict[int, list[dict[str, Any]]] = {}
        self.variables: dict[int, list[dict[str, str]]] = {}
        self.ends, self._job = "success", 900
        failed = self._add("push", [])
        self.pipelines[failed]["status"] = "failed"
        self.jobs[failed][0]["status"], self.jobs[failed][1]["status"] = "success", "failed"

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "401 Unauthorized"})
        if not asked.path.startswith(_PROJECT):
            return Answer(404, {"message": "404 Project Not Found"})
        path = asked.path.removeprefix(_PROJECT)
        if path == "":
            return Answer(200, {"id": 7, "path_with_namespace": "shop/web"})
        if path == "/pipeline" and asked.method == "POST":
            return self._create(asked)
        if path == "/pipelines":
            return Answer(200, self._listed(asked))
        found = re.fullmatch(r"/(pipelines|jobs)/(\d+)(?:/(\w+))?", path)
        if found is None or (found[1] == "pipelines" and int(found[2]) not in self.pipelines):
            return Answer(404, {"message": "404 Not found"})
        return self._one(asked, found[1], int(found[2]), found[3] or "")

    def _one(self, asked: Asked, what: str, id_: int, sub: str) -> Answer:
        if what == "jobs":
            return Answer(200, "$ ./deploy.sh\nsection_end\nERROR: quota exceeded in eu-west\n")
        if sub == "":
            shown = dict(self.pipelines[id_])
            self._move(id_)
            return Answer(200, shown)
        if sub == "jobs":
            return Answer(200, [dict(job) for job in reversed(self.jobs[id_])])
        if sub == "variables":
            return Answer(200, self.variables[id_])
        if sub == "metadata" and asked.method == "PUT":
            self.pipelines[id_]["name"] = asked.body["name"]
            return Answer(200, dict(self.pipelines[id_]))
        if sub == "retry" and asked.method == "POST":
            return self._retry(id_)
        if sub == "cancel" and asked.method == "POST":
            self.pipelines[id_]["status"] = "canceled"
            return Answer(200, dict(self.pipelines[id_]))
        return Answer(404, {"error": "404 Not Found"})

    def _create(self, asked: Asked) -> Answer:
        if asked.body["ref"] != "main":
            return Answer(400, {"message": {"base": ["Reference not found"]}})
        given = [{**one, "variable_type": "env_var"} for one in asked.body["variables"]]
        self.effects.append(next(one["value"] for one in given if one["key"] == "TOCSIN_KEY"))
        return Answer(201, dict(self.pipelines[self._add("api", given)]))

    def _retry(self, id_: int) -> Answer:
        self.effects.append(str(self.pipelines[id_]["name"]))
        self.pipelines[id_]["status"] = "pending"
        for job in [job for job in self.jobs[id_] if job["status"] in ("failed", "canceled")]:
            self._job += 1
            self.jobs[id_].append({**job, "id": self._job, "status": "pending"})
        return Answer(201, dict(self.pipelines[id_]))

    def _listed(self, asked: Asked) -> list[dict[str, Any]]:
        wanted = {name: asked.query[name] for name in ("status", "source", "ref") if name in asked.query}
        found = [p for p in self.pipelines.values() if all(p[name] == value for name, value in wanted.items())]
        return [dict(p) for p in reversed(found)]

    def _add(self, source: str, variables: list[dict[str, str]]) -> int:
        id_ = 400 + len(self.pipelines)
        url = f"https://gitlab.example.com/shop/web/-/pipelines/{id_}"
        self.pipelines[id_] = {"id": id_, "status": "created", "source": source, "ref": "main", "web_url": url}
        self.variables[id_], self.jobs[id_] = variables, []
        for stage, name in (("build", "image"), ("deploy", "rollout")):
            self._job += 1
            self.jobs[id_].append({"id": self._job, "name": name, "stage": stage, "status": "created"})
        return id_

    def _move(self, id_: int) -> None:
        pipeline = self.pipelines[id_]
        if pipeline["status"] in ("created", "pending"):
            pipeline["status"] = "running"
        elif pipeline["status"] == "running":
            pipeline["status"] = self.ends
            for job in self.jobs[id_]:
                job["status"] = self.ends if job is self.jobs[id_][-1] else "success"
                job["failure_reason"] = "script_failure" if job["status"] == "failed" else None
