"""As much of TorchServe's management API as its versions need, with its state in memory. Made from pytorch/serve's
docs/management_api.md and its ManagementRequestHandler; no real TorchServe was there to compare it with."""

import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "aadJv_R6-management"


class FakeTorchserve:
    """churn has 1.9, 1.10 (the default) and 2.0, each with two workers, and 3.0 without. A worker that is asked for is
    ready when it was looked at twice."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.default = "1.10"
        self.asked_for = {"1.9": 2, "1.10": 2, "2.0": 2, "3.0": 0}
        self.ready = dict(self.asked_for)
        self.looks = 0

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refused(400, "InvalidKeyException", "Token Authorization failed. Token either incorrect, expired")
        found = re.fullmatch(r"/models/([\w.-]+)(?:/([\w.+-]+?))?(/set-default)?", asked.path)
        if not found:
            return _refused(404, "ResourceNotFoundException", "Requested resource is not found, please refer to API")
        if found[1] != "churn":
            return _refused(404, "ModelNotFoundException", f"Model not found: {found[1]}")
        version = found[2] or self.default
        if version != "all" and version not in self.asked_for:
            said = f"Model version: {version} does not exist for model: churn"
            return _refused(404, "ModelVersionNotFoundException", said)
        if asked.method == "GET":
            return Answer(200, [self._described(one) for one in (self.asked_for if version == "all" else [version])])
        if asked.method == "PUT" and found[3]:
            self.effects.append(version)
            self.default = version
            return Answer(200, {"status": f'Default vesion succsesfully updated for model "churn" to "{version}"'})
        if asked.method == "PUT":
            wanted = int(asked.query["min_worker"])
            if wanted != self.asked_for[version]:
                self.effects.append(f"{version} {wanted}")
            self.asked_for[version], self.looks = wanted, 0
            return Answer(202, {"status": "Processing worker updates..."})
        return _refused(405, "MethodNotAllowedException", "Requested method is not allowed, please refer to API")

    def _described(self, version: str) -> dict[str, Any]:
        self.looks += 1
        if self.looks > 3:
            self.ready[version] = self.asked_for[version]
        worker = {"startTime": "2026-11-20T13:44:53.034Z", "status": "READY", "gpu": False, "memoryUsage": 89247744}
        return {
            "modelName": "churn",
            "modelVersion": version,
            "modelUrl": f"churn-{version}.mar",
            "runtime": "python",
            "minWorkers": self.asked_for[version],
            "maxWorkers": self.asked_for[version],
            "batchSize": 1,
            "loadedAtStartup": True,
            "workers": [{"id": f"900{number}", **worker} for number in range(self.ready[version])],
        }


def _refused(status: int, type_: str, message: str) -> Answer:
    return Answer(status, {"code": status, "type": type_, "message": message})
