"""How are changes proposed as pull requests of GitHub? REST API 2022-11-28."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.connectors._web import Web
from bot.connectors.git.forge import Proposal, first, said

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PAGE = 100
_FAILED = frozenset({"failure", "timed_out", "startup_failure", "cancelled"})
Object = Mapping[str, Any]


class GithubPulls:
    """Fulfils `bot.connectors.git.forge.Forge`."""

    called = "pull request"

    def __init__(self, web: Web, project: str) -> None:
        self.web, self._owner, self._repository = web, project.split("/")[0], f"/repos/{project}"

    def find(self, branch: str) -> Proposal | None:
        head = quote(f"{self._owner}:{branch}", safe="")
        found = self._list(f"{self._repository}/pulls?head={head}&state=all&per_page={PAGE}")
        return first([_proposal(one) for one in found])

    def open(self, branch: str, base: str, title: str, text: str) -> Proposal:
        body = {"title": title, "head": branch, "base": base, "body": text}
        return _proposal(self._object("POST", f"{self._repository}/pulls", body))

    def look(self, number: str) -> Proposal:
        pull = self._object("GET", f"{self._repository}/pulls/{number}")
        if _state(pull) != "open":
            return _proposal(pull)
        checks = self._checks(str((pull.get("head") or {}).get("sha")))
        return _proposal(
            pull,
            failed=tuple(sorted(name for name, end in checks.items() if end in _FAILED)),
            checked=sum(end != "" for end in checks.values()),
            checks=len(checks),
            reviewed=self._reviewed(number),
            conflicts=pull.get("mergeable") is False,
        )

    def close(self, number: str) -> None:
        self._object("PATCH", f"{self._repository}/pulls/{number}", {"state": "closed"})

    def _checks(self, sha: str) -> dict[str, str]:
        """Name of a check or commit status → how it ended, '' while it goes on."""
        commit = f"{self._repository}/commits/{sha}"
        runs = self._object("GET", f"{commit}/check-runs?filter=latest&per_page={PAGE}").get("check_runs") or ()
        statuses = self._object("GET", f"{commit}/status?per_page={PAGE}").get("statuses") or ()
        told = {str(one.get("context")): _ended(str(one.get("state"))) for one in statuses}
        return told | {str(one.get("name")): str(one.get("conclusion") or "") for one in runs}

    def _reviewed(self, number: str) -> str:
        """By each reviewer's last word."""
        last: dict[str, str] = {}
        for review in self._list(f"{self._repository}/pulls/{number}/reviews?per_page={PAGE}"):
            if review.get("state") in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                last[str((review.get("user") or {}).get("login") or "somebody")] = str(review["state"])
        asking = [name for name, state in last.items() if state == "CHANGES_REQUESTED"]
        return said(asking, [name for name, state in last.items() if state == "APPROVED"])

    def _object(self, method: str, path: str, body: Any = None) -> Object:
        found = self.web.send(method, path, body=body, headers=HEADERS)
        if not isinstance(found, dict):
            raise self.web.odd("not an object")
        return found

    def _list(self, path: str) -> list[Object]:
        found = self.web.send("GET", path, headers=HEADERS)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self.web.odd("not a list")
        return found


def _ended(state: str) -> str:
    return {"pending": "", "error": "failure"}.get(state, state)


def _state(pull: Object) -> Any:
    """A list says only when it was merged."""
    if pull.get("merged") or pull.get("merged_at"):
        return "merged"
    return "open" if pull.get("state") == "open" else "closed"


def _proposal(pull: Object, **more: Any) -> Proposal:
    state = _state(pull)
    merged_as = str(pull.get("merge_commit_sha") or "") if state == "merged" else ""
    link, title = str(pull.get("html_url") or ""), str(pull.get("title") or "")
    return Proposal(str(pull.get("number")), state, link, title, merged_as, **more)
