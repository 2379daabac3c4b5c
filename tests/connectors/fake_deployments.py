"""As much of GitHub's API as Deployments need, with its state in memory: deployments, their statuses, commit
statuses, an environment. Its answers are GitHub's published examples with this state in them, and every exchange is
held against GitHub's published OpenAPI description (`test_github_api.py`); its rules are those of the documentation."""

import re
from typing import Any

from tests.connectors.faulty import Answer, Asked
from tests.connectors.published import example, refused

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
            return refused(401, "Bad credentials")
        path, is_post = asked.path.removeprefix(_REPO), asked.method == "POST"
        if path == "/deployments":
            return self._create(asked) if is_post else Answer(200, self.deployments[::-1])
        if path == "/environments/production":
            return Answer(200, example("environment", name="production"))
        found = re.fullmatch(r"/commits/(\w+)(/status)?", path)
        if found:
            return self._commit(found[1], is_status=bool(found[2]))
        found = re.fullmatch(r"/statuses/(\w{40})", path)
        if found and is_post:
            self.commit_states.setdefault(found[1], []).append(asked.body["state"])
            told = {name: asked.body[name] for name in ("state", "context", "description")}
            return Answer(201, example("status", **told))
        found = re.fullmatch(r"/deployments/(\d+)(/statuses)?", path)
        if found is None or int(found[1]) not in self.states:
            return refused(404, "Not Found")
        return self._one(asked, int(found[1]), is_status=bool(found[2]))

    def _one(self, asked: Asked, id_: int, *, is_status: bool) -> Answer:
        states = self.states[id_]
        if not is_status:
            return Answer(200, next(one for one in self.deployments if one["id"] == id_))
        if asked.method == "POST":
            states.append(asked.body["state"])
            return Answer(201, _status(asked.body["state"], asked.body["description"]))
        shown = [_status(state, f"it is {state}") for state in reversed(states)]
        if asked.query.get("per_page") == "1" and states[-1:] not in (["success"], ["failure"], ["inactive"]):
            states.append(self.ends if states else "in_progress")
        return Answer(200, shown)

    def _create(self, asked: Asked) -> Answer:
        if asked.body["required_contexts"] and not self.is_green:
            return refused(409, "Conflict: Commit status checks failed for master.")
        self.effects.append(asked.body["payload"]["tocsin"])
        id_ = self._add(asked.body["ref"], asked.body["payload"])
        return Answer(201, self.deployments[id_ - 50])

    def _commit(self, ref: str, *, is_status: bool) -> Answer:
        if is_status:
            made = example("combined-status", sha=ref, state="success", total_count=2)
            names = ("ci/test", "tocsin/production")
            made["statuses"] = [{**made["statuses"][0], "context": name, "state": "success"} for name in names]
            return Answer(200, made)
        known = {"main": HEAD, OLD: OLD, NOW: NOW, HEAD: HEAD}
        return Answer(200, example("commit", sha=known[ref])) if ref in known else _no_commit(ref)

    def _add(self, sha: str, payload: dict[str, str]) -> int:
        id_ = 50 + len(self.deployments)
        made = example("deployment", id=id_, sha=sha, ref=sha, environment="production", payload=payload)
        self.deployments.append(made)
        self.states[id_] = []
        return id_


def _status(state: str, description: str) -> dict[str, Any]:
    return example("deployment-status", state=state, description=description, environment="production")


def _no_commit(ref: str) -> Answer:
    url = "https://docs.github.com/rest/commits/commits#get-a-commit"
    return Answer(422, {"message": f"No commit found for SHA: {ref}", "documentation_url": url})
