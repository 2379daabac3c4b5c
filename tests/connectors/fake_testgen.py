"""As much of TestGen's API v1 as running the tests of a suite needs, with its state in memory. tests/heavy compares its
answers with those of a real TestGen 5."""

import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "eyJ-testgen-token-c41"
SUITE_ID = "9df7489d-92b3-49f9-95ca-512160d7896f"
_COUNTS = {"passed": 179, "failed": 12, "warning": 15, "error": 0, "log": 0, "dismissed": 0}
_AT = "2026-11-21T10:00:00Z"


class FakeTestgen:
    """default-suite-1 has 212 tests. A run moves on each time that its job is looked at."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.jobs: list[dict[str, Any]] = []
        self.metadata: dict[str, Any] = {}
        self.ends = "completed"

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"detail": "Invalid or expired token"})
        route = f"{asked.method} {asked.path.removeprefix('/api/v1')}"
        if route == "GET /projects/DEFAULT/test-suites":
            items = [self._suite()] if asked.query.get("test_suite_name") == "default-suite-1" else []
            return Answer(200, _page(items, asked))
        if route == "GET /projects/DEFAULT/jobs":
            return Answer(200, _page([dict(job) for job in reversed(self.jobs)], asked))
        if route == f"POST /test-suites/{SUITE_ID}/test-runs":
            self.effects.append(asked.body["metadata"]["tocsin_key"])
            return Answer(202, {"id": self._add(asked.body["metadata"]), "created_at": _AT})
        found = re.fullmatch(r"(GET|POST) /(jobs|test-runs)/([\w-]+)(/cancel)?", route)
        job = next((one for one in self.jobs if found and one["id"] == found[3]), None)
        if not found or job is None:
            return Answer(404, {"detail": {"errors": [{"code": "not_found", "detail": "Not found"}]}})
        return self._one(job, found[2], bool(found[4]))

    def _one(self, job: dict[str, Any], what: str, is_cancelled: bool) -> Answer:
        if what == "test-runs":
            return Answer(200, self._run(job))
        if is_cancelled:
            if job["status"] in ("completed", "error", "canceled"):
                said = f"Cannot cancel job in '{job['status']}' status"
                return Answer(409, {"detail": {"errors": [{"code": "invalid_status_transition", "detail": said}]}})
            job["status"] = "canceled"
            return Answer(200, dict(job))
        shown = dict(job)
        after = {"pending": "running", "running": self.ends}.get(job["status"], job["status"])
        job["status"] = after
        if after == "error":
            job["error_message"] = "connection to server at 10.0.0.7 failed"
        return Answer(200, shown)

    def _run(self, job: dict[str, Any]) -> dict[str, Any]:
        is_over = job["status"] == "completed"
        return {
            "id": job["id"],
            "status": job["status"],
            "test_suite_id": SUITE_ID if is_over else None,
            "table_group_id": "0ea85e17-acbe-47fe-8394-9970725ad37d" if is_over else None,
            "started_at": None,
            "completed_at": None,
            "external_url": None,
            "metadata": self.metadata[job["id"]],
            "result": {"score": 0.838, "result_counts": _COUNTS} if is_over else None,
        }

    def _suite(self) -> dict[str, Any]:
        return {
            "test_suite_id": SUITE_ID,
            "test_suite_name": "default-suite-1",
            "project_code": "DEFAULT",
            "connection_id": 1,
            "table_group_id": "0ea85e17-acbe-47fe-8394-9970725ad37d",
            "table_group_name": "default",
            "description": "default-suite-1 Test Suite",
            "test_count": 212,
            "latest_run": None,
        }

    def _add(self, metadata: dict[str, Any]) -> str:
        id_ = f"6f0c0000-0000-4000-8000-{len(self.jobs):012}"
        self.metadata[id_] = metadata
        times = dict.fromkeys(("claimed_at", "started_at", "completed_at", "error_message"))
        self.jobs.append(
            {"id": id_, "job_key": "run-tests", "status": "pending", "source": "api", "created_at": _AT, **times}
        )
        return id_


def _page(items: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
    return {"items": items, "page": 1, "limit": int(asked.query.get("limit", 20)), "total": len(items)}
