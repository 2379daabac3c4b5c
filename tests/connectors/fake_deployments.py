"""As much of GitHub's API as Deployments need, with its state in memory: deployments, their statuses, commit
statuses, an environment. Made from the published OpenAPI description (2022-11-28); no real GitHub was there to
compare it with."""

import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "ghp_fake9f8e7d6c5b4a"
OLD, NOW, HEAD = "a" * 40, "b" * 40, "c" * 40
_REPO = "/repos/shop/web"


class FakeDeployments:
    """production went OLD → NOW; main is at HEAD. A workflow moves a deployment on each time its statuses are asked."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.deployments: list[dict[str, Any]] = []
        self.states: dict[int, list[str]] = {}
        self.commit_states: dict[str, list[str]] = {}
        self.ends, self.is_green = "success", True
        for sha in (OLD, NOW):
            self.states[self._add(sha, {})] = ["in_progress", "success"]

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Bad credentials"})
        path, is_post = asked.path.removeprefix(_REPO), asked.method == "POST"
        if path == "/deployments":
            return self._create(asked) if is_post else Answer(200, self.deployments[::-1])
        if path == "/environments/production":
            return Answer(200, {"name": "production", "protection_rules": [{"id": 1, "type": "required_reviewers"}]})
        found = re.fullmatch(r"/commits/(\w+)(/status)?", path)
        if found:
            return self._commit(found[1], is_status=bool(found[2]))
        found = re.fullmatch(r"/statuses/(\w{40})", path)
        if found and is_post:
            self.commit_states.setdefault(found[1], []).append(asked.body["state"])
            return Answer(201, {"state": asked.body["state"], "context": asked.body["context"]})
        found = re.fullmatch(r"/deployments/(\d+)(/statuses)?", path)
        if found is None or int(found[1]) not in self.states:
            return Answer(404, {"message": "Not Found"})
        return self._one(asked, int(found[1]), is_status=bool(found[2]))

    def _one(self, asked: Asked, id_: int, *, is_status: bool) -> Answer:
        states = self.states[id_]
        if not is_status:
            return Answer(200, next(one for one in self.deployments if one["id"] == id_))
        if asked.method == "POST":
            states.append(asked.body["state"])
            return Answer(201, {"state": asked.body["state"]})
        shown = [{"state": state, "description": f"it is {state}"} for state in reversed(states)]
        if asked.query.get("per_page") == "1" and states[-1:] not in (["success"], ["failure"], ["inactive"]):
            states.append(self.ends if states else "in_progress")
        return Answer(200, shown)

    def _create(self, asked: Asked) -> Answer:
        if asked.body["required_contexts"] and not self.is_green:
            return Answer(409, {"message": "Conflict: Commit status checks failed for master."})
        self.effects.append(asked.body["payload"]["tocsin"])
        id_ = self._add(asked.body["ref"], asked.body["payload"])
        return Answer(201, self.deployments[id_ - 50])

    def _commit(self, ref: str, *, is_status: bool) -> Answer:
        if is_status:
            contexts = [{"context": name, "state": "success"} for name in ("ci/test", "tocsin/production")]
            return Answer(200, {"state": "success", "statuses": contexts})
        known = {"main": HEAD, OLD: OLD, NOW: NOW, HEAD: HEAD}
        return Answer(200, {"sha": known[ref]}) if ref in known else Answer(422, {"message": f"No commit for {ref}"})

    def _add(self, sha: str, payload: dict[str, str]) -> int:
        id_ = 50 + len(self.deployments)
        made = {"id": id_, "sha": sha, "environment": "production", "payload": payload}
        self.deployments.append(made)
        self.states[id_] = []
        return id_
