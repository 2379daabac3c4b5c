"""As much of GitHub's API as dispatching a workflow needs, with its state in memory. Made from the published OpenAPI
description (2022-11-28, with `return_run_details`); no real GitHub was there to compare it with."""

import base64
import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "ghp_fake9f8e7d6c5b4a"
_REPO = "/repos/shop/web"
_WORKFLOW = f"{_REPO}/actions/workflows/deploy.yml"
FILE = "run-name: Deploy ${{ inputs.version }} (${{ inputs.tocsin_key }})\non: workflow_dispatch\n"


class FakeGithub:
    """A run moves on each time it is looked at; it is named after its inputs, as its run-name says."""

    def __init__(self, file: str = FILE) -> None:
        self.file, self.runs, self.effects = file, list[dict[str, Any]](), list[str]()
        self.conclusion, self.is_old = "success", False

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Bad credentials"})
        key = f"{asked.method} {asked.path}"
        if key == f"GET {_WORKFLOW}":
            return Answer(200, {"id": 1, "path": ".github/workflows/deploy.yml", "state": "active"})
        if key == f"GET {_REPO}/contents/.github/workflows/deploy.yml":
            content = base64.encodebytes(self.file.encode()).decode()
            return Answer(200, {"encoding": "base64", "content": content})
        if key == f"GET {_WORKFLOW}/runs":
            return Answer(200, {"total_count": len(self.runs), "workflow_runs": [dict(r) for r in self.runs[::-1]]})
        if key == f"POST {_WORKFLOW}/dispatches":
            return self._dispatch(asked)
        return self._one(asked)

    def _dispatch(self, asked: Asked) -> Answer:
        inputs = asked.body["inputs"]
        number = 9000 + len(self.runs)
        url = f"https://github.com/shop/web/actions/runs/{number}"
        title = f"Deploy {inputs['version']} ({inputs['tocsin_key']})"
        self.effects.append(inputs["tocsin_key"])
        self.runs.append(
            {"id": number, "display_title": title, "status": "queued", "conclusion": None, "html_url": url}
        )
        return Answer(204) if self.is_old else Answer(200, {"workflow_run_id": number, "html_url": url})

    def _one(self, asked: Asked) -> Answer:
        found = re.fullmatch(_REPO + r"/actions/runs/(\d+)(/jobs|/cancel)?", asked.path)
        run = next((run for run in self.runs if found and str(run["id"]) == found[1]), None)
        if found is None or run is None:
            return Answer(404, {"message": "Not Found"})
        if found[2] == "/jobs":
            is_over, failed = run["status"] == "completed", run["conclusion"] == "failure"
            steps = [{"name": "rollout", "conclusion": "failure" if failed else "success"}]
            job = {"name": "deploy", "status": "completed" if is_over else "in_progress", "steps": steps}
            return Answer(200, {"total_count": 1, "jobs": [job]})
        if found[2] == "/cancel":
            if run["status"] == "completed":
                return Answer(409, {"message": "Cannot cancel a workflow run that is completed."})
            run |= {"status": "completed", "conclusion": "cancelled"}
            return Answer(202, {})
        shown = dict(run)
        self._move(run)
        return Answer(200, shown)

    def _move(self, run: dict[str, Any]) -> None:
        if run["status"] == "queued":
            run["status"] = "in_progress"
        elif run["status"] == "in_progress":
            run |= {"status": "completed", "conclusion": self.conclusion}
