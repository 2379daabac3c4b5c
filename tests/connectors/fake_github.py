"""As much of GitHub's API as dispatching a workflow needs, with its state in memory. Its answers are GitHub's published
examples with this state in them, and every exchange is held against GitHub's published OpenAPI description
(`test_github_api.py`); its rules are those of the documentation."""

import base64
import re
from typing import Any

from tests.connectors.faulty import Answer, Asked
from tests.connectors.published import example, refused

TOKEN = "ghp_fake9f8e7d6c5b4a"
_REPO = "/repos/shop/web"
_WORKFLOW = f"{_REPO}/actions/workflows/deploy.yml"
FILE = "run-name: Deploy ${{ inputs.version }} (${{ inputs.tocsin_key }})\non: workflow_dispatch\n"


class FakeGithub:
    """A run moves on each time it is looked at; it is named after its inputs, as its run-name says."""

    def __init__(self, file: str = FILE) -> None:
        self.file, self.runs, self.effects = file, list[dict[str, Any]](), list[str]()
        self.conclusion, self.is_old, self.state = "success", False, "active"

    def failed_run(self) -> int:
        """As somebody's push left it."""
        number = 9000 + len(self.runs)
        told = {"path": ".github/workflows/deploy.yml@main", "display_title": "Update README.md"}
        url = f"https://github.com/shop/web/actions/runs/{number}"
        made = example("workflow-run", id=number, status="completed", conclusion="failure", html_url=url, **told)
        self.runs.append(made)
        return number

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return refused(401, "Bad credentials")
        key = f"{asked.method} {asked.path}"
        if key == f"GET {_WORKFLOW}":
            return Answer(200, example("workflow", path=".github/workflows/deploy.yml", state=self.state))
        if key == f"GET {_REPO}/contents/.github/workflows/deploy.yml":
            content = base64.encodebytes(self.file.encode()).decode()
            return Answer(200, example("file", encoding="base64", content=content))
        if key == f"GET {_WORKFLOW}/runs":
            wanted = asked.query.get("status")
            found = [dict(run) for run in reversed(self.runs) if wanted in (None, run["status"], run["conclusion"])]
            return Answer(200, {"total_count": len(found), "workflow_runs": found})
        if key == f"POST {_WORKFLOW}/dispatches":
            return self._dispatch(asked)
        return self._one(asked)

    def _dispatch(self, asked: Asked) -> Answer:
        inputs = asked.body["inputs"]
        if asked.body["ref"] != "main":
            return refused(422, f"No ref found for: {asked.body['ref']}")
        number = 9000 + len(self.runs)
        url = f"https://github.com/shop/web/actions/runs/{number}"
        title = f"Deploy {inputs['version']} ({inputs['tocsin_key']})"
        self.effects.append(inputs["tocsin_key"])
        told = {"display_title": title, "status": "queued", "conclusion": None, "html_url": url}
        self.runs.append(example("workflow-run", id=number, event="workflow_dispatch", **told))
        if self.is_old or not asked.body.get("return_run_details"):
            return Answer(204)
        run_url = f"https://api.github.com{_REPO}/actions/runs/{number}"
        return Answer(200, example("dispatch", workflow_run_id=number, run_url=run_url, html_url=url))

    def _one(self, asked: Asked) -> Answer:
        found = re.fullmatch(_REPO + r"/actions/runs/(\d+)(/jobs|/cancel|/rerun-failed-jobs)?", asked.path)
        run = next((run for run in self.runs if found and str(run["id"]) == found[1]), None)
        if found is None or run is None:
            return refused(404, "Not Found")
        if found[2] == "/jobs":
            return Answer(200, {"total_count": 1, "jobs": [self._job(run)]})
        if found[2] == "/rerun-failed-jobs":
            return self._again(run)
        if found[2] == "/cancel":
            if run["status"] == "completed":
                return refused(409, "Cannot cancel a workflow run that is completed.")
            run |= {"status": "completed", "conclusion": "cancelled"}
            return Answer(202, {})
        shown = dict(run)
        self._move(run)
        return Answer(200, shown)

    def _again(self, run: dict[str, Any]) -> Answer:
        if run["status"] != "completed":
            return refused(403, "This workflow run is already running")
        self.effects.append(f"again {run['id']}")
        run |= {"status": "queued", "conclusion": None, "run_attempt": run["run_attempt"] + 1}
        return Answer(201, {})

    def _job(self, run: dict[str, Any]) -> dict[str, Any]:
        is_over, failed = run["status"] == "completed", run["conclusion"] == "failure"
        end = ("failure" if failed else "success") if is_over else None
        status = "completed" if is_over else "in_progress"
        made = example("job", run_id=run["id"], name="deploy", status=status, conclusion=end)
        made["steps"] = [{**made["steps"][0], "name": "rollout", "status": status, "conclusion": end}]
        return made

    def _move(self, run: dict[str, Any]) -> None:
        if run["status"] == "queued":
            run["status"] = "in_progress"
        elif run["status"] == "in_progress":
            run |= {"status": "completed", "conclusion": self.conclusion}
