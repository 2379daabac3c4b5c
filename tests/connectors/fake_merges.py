"""As much of GitLab's REST API v4 as merge requests need, over a real bare repository, with its own state in memory.
Made from its documentation (docs.gitlab.com/api/merge_requests, /api/merge_request_approvals); no real GitLab was
there to compare it with."""

import re
from pathlib import Path
from typing import Any

from tests.connectors.conftest import git
from tests.connectors.faulty import Answer, Asked

TOKEN = "glpat-fake-77bd"
PROJECT = "shop/deployments"
_MERGES = "/api/v4/projects/shop%2Fdeployments/merge_requests"


class FakeMerges:
    """`effects`: the branches that merge requests were opened from, each time. With `patience`, somebody merges one
    when it is looked at so many times."""

    patience = 0

    def __init__(self, repository: Path) -> None:
        self.repository, self.effects = repository, list[str]()
        self.merges: list[dict[str, Any]] = []
        self.looks = 0
        self.approved: dict[int, list[str]] = {}

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "401 Unauthorized"})
        if asked.path == _MERGES:
            return self._open(asked) if asked.method == "POST" else Answer(200, self._listed(asked))
        found = re.fullmatch(_MERGES + r"/(\d+)(/approvals)?", asked.path)
        merge = next((one for one in self.merges if found and str(one["iid"]) == found[1]), None)
        if found is None or merge is None:
            return Answer(404, {"message": "404 Not found"})
        if found[2]:
            given = [{"user": {"id": 1, "username": name}} for name in self.approved[merge["iid"]]]
            return Answer(200, {"iid": merge["iid"], "approved": bool(given), "approved_by": given})
        self.looks += 1
        if merge["state"] == "opened" and self.looks == self.patience:
            self.merge(merge["iid"])
        if asked.method == "PUT":
            if merge["state"] != "opened":
                return Answer(403, {"message": "403 Forbidden"})
            self.close(merge["iid"])
        return Answer(200, dict(merge))

    def pipeline(self, number: int, status: str) -> None:
        self.merges[number - 1]["head_pipeline"] = {"id": 91, "status": status}

    def approve(self, number: int, by: str) -> None:
        self.approved[number].append(by)

    def close(self, number: int) -> None:
        self.merges[number - 1]["state"] = "closed"

    def merge(self, number: int) -> str:
        """With a fast-forward, as a project may have it: there is no merge commit then."""
        merge = self.merges[number - 1]
        merge |= {"state": "merged", "merged_at": "2026-11-21T10:06:00.000Z"}
        git(self.repository, "update-ref", "refs/heads/main", merge["sha"])
        return str(merge["sha"])

    def _open(self, asked: Asked) -> Answer:
        branch, number = asked.body["source_branch"], len(self.merges) + 1
        if any(one["state"] == "opened" and one["source_branch"] == branch for one in self.merges):
            words = f"Another open merge request already exists for this source branch: !{number - 1}"
            return Answer(409, {"message": [words]})
        self.effects.append(branch)
        url = f"https://gitlab.example.com/{PROJECT}/-/merge_requests/{number}"
        made = {name: asked.body[name] for name in ("title", "description", "source_branch", "target_branch")}
        made |= {"id": 700 + number, "iid": number, "project_id": 7, "state": "opened", "web_url": url}
        made |= {"sha": git(self.repository, "rev-parse", branch), "merged_at": None, "has_conflicts": False}
        made |= {"merge_commit_sha": None, "squash_commit_sha": None, "head_pipeline": None}
        self.merges.append(made)
        self.approved[number] = []
        return Answer(201, dict(made))

    def _listed(self, asked: Asked) -> list[dict[str, Any]]:
        """The newest first; a list says nothing of the pipeline."""
        branch, state = asked.query.get("source_branch"), asked.query.get("state", "opened")
        return [
            {name: value for name, value in one.items() if name != "head_pipeline"}
            for one in reversed(self.merges)
            if branch in (None, one["source_branch"]) and state in ("all", one["state"])
        ]
