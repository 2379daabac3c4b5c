"""An MLflow registry that answers as the real 3.17.2 did (tests/heavy compares them), with its state in memory."""

from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "mlflow-token-77ab"
_API = "/api/2.0/mlflow/"


class FakeMlflow:
    """The model `churn` with three versions; `champion` is the third."""

    def __init__(self, holder: str = "3") -> None:
        self.alias = {"champion": holder}
        self.tags: dict[str, str] = {}
        self.versions: dict[str, dict[str, str]] = {"1": {}, "2": {}, "3": {}}
        self.effects: list[str] = []

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, "You are not authenticated.")
        name = f"{asked.method} {asked.path.removeprefix(_API)}"
        handler = _ROUTES.get(name)
        return handler(self, asked.body or dict(asked.query)) if handler else Answer(404, "Not Found")

    def get_model(self, given: dict[str, Any]) -> Answer:
        if given["name"] != "churn":
            return _missing(f"Registered Model with name={given['name']} not found")
        shown: dict[str, Any] = {"name": "churn", "creation_timestamp": 1795253444324}
        shown |= {"tags": _listed(self.tags)} if self.tags else {}
        shown["aliases"] = [{"alias": alias, "version": version} for alias, version in self.alias.items()]
        return Answer(200, {"registered_model": shown})

    def get_version(self, given: dict[str, Any]) -> Answer:
        if given["version"] not in self.versions:
            return _missing(f"Model Version (name=churn, version={given['version']}) not found")
        return Answer(200, {"model_version": self._shown(given["version"])})

    def search(self, given: dict[str, Any]) -> Answer:
        return Answer(200, {"model_versions": [self._shown(version) for version in reversed(self.versions)]})

    def get_run(self, given: dict[str, Any]) -> Answer:
        number = given["run_id"].removeprefix("run")
        metric = {"key": "auc", "value": 0.8 + int(number) / 100, "timestamp": 1, "step": 0}
        return Answer(200, {"run": {"info": {"run_id": given["run_id"]}, "data": {"metrics": [metric]}}})

    def set_alias(self, given: dict[str, Any]) -> Answer:
        if given["version"] not in self.versions:
            return _missing(f"Model Version (name=churn, version={given['version']}) not found")
        if self.alias.get(given["alias"]) != given["version"]:
            self.effects.append(f"{given['alias']} {given['version']}")
        self.alias[given["alias"]] = given["version"]
        return Answer(200, {})

    def tag_model(self, given: dict[str, Any]) -> Answer:
        self.tags[given["key"]] = given["value"]
        return Answer(200, {})

    def tag_version(self, given: dict[str, Any]) -> Answer:
        self.versions[given["version"]][given["key"]] = given["value"]
        return Answer(200, {})

    def _shown(self, version: str) -> dict[str, Any]:
        tags = {"tags": _listed(self.versions[version])} if self.versions[version] else {}
        return {"name": "churn", "version": version, "run_id": f"run{version}", "status": "READY", **tags}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _missing(words: str) -> Answer:
    return Answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": words})


_ROUTES = {
    "GET registered-models/get": FakeMlflow.get_model,
    "GET model-versions/get": FakeMlflow.get_version,
    "GET model-versions/search": FakeMlflow.search,
    "GET runs/get": FakeMlflow.get_run,
    "POST registered-models/alias": FakeMlflow.set_alias,
    "POST registered-models/set-tag": FakeMlflow.tag_model,
    "POST model-versions/set-tag": FakeMlflow.tag_version,
}
