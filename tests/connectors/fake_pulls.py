"""As much of GitHub's API as pull requests need, over a real bare repository, with its own state in memory: one open
pull request for a branch, reviews, checks, merges that are commits. Its answers are GitHub's published examples with
this state in them; every exchange is held against GitHub's published OpenAPI description (`test_github_api.py`), and
the tests of pull requests run against the GitHub emulator, too (`test_pull_requests.py`)."""

import re
from pathlib import Path
from typing import Any

from tests.connectors.conftest import git
from tests.connectors.faulty import Answer, Asked
from tests.connectors.published import example, refused

TOKEN = "ghp_fake9f8e7d6c5b4a"
PROJECT = "tocsin-bot/deployments"
_REPO = f"/repos/{PROJECT}"


class FakePulls:
    """`effects`: the branches that pull requests were opened from, each time. With `patience`, somebody merges one when
    it is looked at so many times. `hidden`: its lists are behind; `refuses`: why it opens none."""

    patience = 0
    hidden = False
    refuses = ""

    def __init__(self, repository: Path) -> None:
        self.repository, self.effects = repository, list[str]()
        self.pulls: list[dict[str, Any]] = []
        self.reviews: dict[int, list[dict[str, Any]]] = {}
        self.looks = 0
        self.runs: list[dict[str, Any]] = []
        self.statuses: list[tuple[str, dict[str, Any]]] = []

    @property
    def project(self) -> str:
        return PROJECT

    @property
    def token(self) -> str:
        return TOKEN

    def opened(self) -> list[str]:
        return list(self.effects)

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(401, "Bad credentials")
        path, is_post = asked.path.removeprefix(_REPO), asked.method == "POST"
        if path == "/pulls":
            return self._open(asked) if is_post else Answer(200, self._listed(asked))
        found = re.fullmatch(r"/commits/(\w{40})/(check-runs|status)", path)
        if found:
            return self._checks(found[1], found[2])
        found = re.fullmatch(r"/pulls/(\d+)(/reviews)?", path)
        pull = next((one for one in self.pulls if found and str(one["number"]) == found[1]), None)
        if found is None or pull is None:
            return refused(404, "Not Found")
        if found[2]:
            return Answer(200, self.reviews[pull["number"]])
        self._looked(pull)
        if asked.method == "PATCH" and asked.body.get("state") == "closed" and pull["state"] == "open":
            self.close(pull["number"])
        return Answer(200, {**pull, "mergeable": self._mergeable(pull)})

    def review(self, number: int, state: str, by: str) -> None:
        reviews = self.reviews[number]
        user = {**example("review")["user"], "login": by}
        reviews.append(example("review", id=80 + len(reviews), state=state, user=user))

    def check(self, number: int, name: str, conclusion: str | None) -> None:
        """A check run, by a new one when there was one of that name."""
        sha = self.pulls[number - 1]["head"]["sha"]
        status = "completed" if conclusion else "in_progress"
        self.runs = [one for one in self.runs if (one["head_sha"], one["name"]) != (sha, name)]
        made = example("check-run", id=len(self.runs) + 1, name=name, head_sha=sha, status=status)
        self.runs.append(
            {**made, "conclusion": conclusion, "completed_at": made["completed_at"] if conclusion else None}
        )

    def status(self, number: int, context: str, state: str) -> None:
        made = {**example("combined-status")["statuses"][0], "context": context, "state": state}
        self.statuses.append((self.pulls[number - 1]["head"]["sha"], made))

    def close(self, number: int) -> None:
        self.pulls[number - 1] |= {"state": "closed", "closed_at": "2026-11-21T10:05:00Z"}

    def merge(self, number: int) -> str:
        """As people do it in a browser: a merge commit on main."""
        pull = self.pulls[number - 1]
        head, base = pull["head"]["sha"], git(self.repository, "rev-parse", "main")
        tree = git(self.repository, "merge-tree", "--write-tree", base, head)
        words = f"Merge pull request #{number}"
        commit = git(self.repository, "commit-tree", tree, "-p", base, "-p", head, stdin=words)
        git(self.repository, "update-ref", "refs/heads/main", commit)
        moment = "2026-11-21T10:06:00Z"
        pull |= {"state": "closed", "merged": True, "merged_at": moment, "closed_at": moment}
        pull["merge_commit_sha"] = commit
        return commit

    def _looked(self, pull: dict[str, Any]) -> None:
        self.looks += 1
        if pull["state"] == "open" and self.looks == self.patience:
            self.merge(pull["number"])

    def _open(self, asked: Asked) -> Answer:
        branch, base = asked.body["head"], asked.body["base"]
        sha = git(self.repository, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        if not sha:
            return _invalid({"resource": "PullRequest", "field": "head", "code": "invalid"})
        if self.refuses:
            return _invalid({"resource": "PullRequest", "code": "custom", "message": self.refuses})
        if any(one["state"] == "open" and one["head"]["ref"] == branch for one in self.pulls):
            words = f"A pull request already exists for {PROJECT.split('/')[0]}:{branch}."
            return _invalid({"resource": "PullRequest", "code": "custom", "message": words})
        number, made = len(self.pulls) + 1, example("pull")
        self.effects.append(branch)
        made |= {"number": number, "title": asked.body["title"], "body": asked.body["body"], "state": "open"}
        made |= {"merged": False, "merged_at": None, "closed_at": None, "merged_by": None, "merge_commit_sha": None}
        made["html_url"] = f"https://github.com/{PROJECT}/pull/{number}"
        made["head"] |= {"ref": branch, "sha": sha, "label": f"{PROJECT.split('/')[0]}:{branch}"}
        made["base"] |= {"ref": base, "sha": git(self.repository, "rev-parse", base)}
        self.pulls.append(made)
        self.reviews[number] = []
        return Answer(201, dict(made))

    def _listed(self, asked: Asked) -> list[dict[str, Any]]:
        """The newest first; a list says less of each."""
        wanted, state, fields = asked.query.get("head"), asked.query.get("state", "open"), example("pull-in-list")
        return [
            {name: value for name, value in one.items() if name in fields}
            for one in reversed(self.pulls)
            if not self.hidden and wanted in (None, one["head"]["label"]) and state in ("all", one["state"])
        ]

    def _mergeable(self, pull: dict[str, Any]) -> bool | None:
        if pull["state"] != "open":
            return None
        command = ("merge-tree", "--write-tree", "--name-only", "main", pull["head"]["sha"])
        try:
            git(self.repository, *command)
        except AssertionError:
            return False
        return True

    def _checks(self, sha: str, what: str) -> Answer:
        if what == "check-runs":
            found = [one for one in self.runs if one["head_sha"] == sha]
            return Answer(200, {"total_count": len(found), "check_runs": found})
        statuses = [one for of, one in self.statuses if of == sha]
        made = example("combined-status", sha=sha, statuses=statuses, total_count=len(statuses))
        return Answer(200, made)


def _invalid(error: dict[str, str]) -> Answer:
    url = "https://docs.github.com/rest/pulls/pulls#create-a-pull-request"
    body = {"message": "Validation Failed", "errors": [error], "documentation_url": url}
    return Answer(422, body)
