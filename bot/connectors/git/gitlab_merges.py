"""How are changes proposed as merge requests of GitLab? REST API v4."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.connectors._web import Web
from bot.connectors.git.forge import Proposal, first, said

PAGE = 100
_OVER = {"success": False, "skipped": False, "failed": True, "canceled": True}
Object = Mapping[str, Any]


class GitlabMerges:
    """Fulfils `bot.connectors.git.forge.Forge`."""

    called = "merge request"

    def __init__(self, web: Web, project: str) -> None:
        self.web, self._merges = web, f"/api/v4/projects/{quote(project, safe='')}/merge_requests"

    def find(self, branch: str) -> Proposal | None:
        found = self.web.listed(self._merges, source_branch=branch, state="all", per_page=PAGE)
        return first([_proposal(one) for one in found])

    def open(self, branch: str, base: str, title: str, text: str) -> Proposal:
        body = {"source_branch": branch, "target_branch": base, "title": title, "description": text}
        return _proposal(self.web.object(self._merges, body))

    def look(self, number: str) -> Proposal:
        merge = self.web.object(f"{self._merges}/{number}")
        if _state(merge) != "open":
            return _proposal(merge)
        pipeline = merge.get("head_pipeline") or {}
        end = _OVER.get(str(pipeline.get("status")))
        given = self.web.object(f"{self._merges}/{number}/approvals").get("approved_by") or ()
        return _proposal(
            merge,
            failed=(f"pipeline {pipeline.get('id')}",) if end else (),
            checked=int(end is not None),
            checks=int(bool(pipeline)),
            reviewed=said([], [str((one.get("user") or {}).get("username")) for one in given]),
            conflicts=bool(merge.get("has_conflicts")),
        )

    def close(self, number: str) -> None:
        self.web.object(f"{self._merges}/{number}", {"state_event": "close"}, "PUT")


def _state(merge: Object) -> Any:
    """`locked`: it is being merged."""
    return {"merged": "merged", "closed": "closed"}.get(str(merge.get("state")), "open")


def _proposal(merge: Object, **more: Any) -> Proposal:
    became = merge.get("merge_commit_sha") or merge.get("squash_commit_sha") or merge.get("sha") or ""
    state, link = _state(merge), str(merge.get("web_url") or "")
    merged_as = str(became) if state == "merged" else ""
    return Proposal(str(merge.get("iid")), state, link, str(merge.get("title") or ""), merged_as, **more)
