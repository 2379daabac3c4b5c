"""As much of the Kubernetes API as rolling out a Deployment needs, with its state in memory: resourceVersion and
generation, dryRun, ReplicaSets by revision, and a controller that moves on each time it is looked at.
docs: kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1"""

import copy
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "kube-token-81c2"
_PATH = "/apis/apps/v1/namespaces/shop/deployments/checkout"
_REVISION = "deployment.kubernetes.io/revision"


class FakeKubernetes:
    def __init__(self) -> None:
        self.version, self.effects = 100, list[str]()
        self.sets: list[dict[str, Any]] = []
        template = {"metadata": {"labels": {"app": "checkout"}}, "spec": {"containers": [_container("1.4.1")]}}
        self.object: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "checkout", "namespace": "shop", "uid": "u1", "generation": 0, "annotations": {}},
            "spec": {"replicas": 2, "template": template},
            "status": {},
        }
        self._write(self.object)
        newer = copy.deepcopy(self.object)
        newer["spec"]["template"]["spec"]["containers"] = [_container("1.4.2")]
        self._write(newer)
        self._settle()
        self.effects.clear()

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _status(401, "Unauthorized")
        if asked.path == "/apis/apps/v1/namespaces/shop/replicasets":
            return Answer(200, {"items": copy.deepcopy(self.sets)})
        if asked.path != _PATH:
            return _status(404, 'deployments.apps "x" not found')
        if asked.method == "PUT":
            return self._put(asked)
        shown = copy.deepcopy(self.object)
        self._move()
        return Answer(200, shown)

    def _put(self, asked: Asked) -> Answer:
        if asked.body["metadata"]["resourceVersion"] != self.object["metadata"]["resourceVersion"]:
            return _status(409, "the object has been modified; please apply your changes to the latest version")
        if asked.query.get("dryRun") != "All":
            self._write(asked.body)
        return Answer(200, copy.deepcopy(self.object))

    def _write(self, wanted: dict[str, Any]) -> None:
        old, wanted = self.object, copy.deepcopy(wanted)
        meta = wanted["metadata"]
        meta["generation"] = old["metadata"]["generation"]
        if not self.sets or wanted["spec"] != old["spec"]:
            meta["generation"] += 1
            if not wanted["spec"].get("paused"):
                self.effects.append(str(meta["annotations"].get("tocsin/run")))
        if not self.sets or wanted["spec"]["template"] != old["spec"]["template"]:
            self._new_set(wanted)
        wanted["status"] = old["status"]
        self.object = wanted
        self._touch()

    def _new_set(self, wanted: dict[str, Any]) -> None:
        template = copy.deepcopy(wanted["spec"]["template"])
        template["metadata"]["labels"]["pod-template-hash"] = f"h{len(self.sets)}"
        revision = str(len(self.sets) + 1)
        owner = {"kind": "Deployment", "uid": "u1"}
        meta = {"name": f"checkout-{revision}", "annotations": {_REVISION: revision}, "ownerReferences": [owner]}
        self.sets.append({"metadata": meta, "spec": {"template": template}})
        wanted["metadata"]["annotations"] = {**wanted["metadata"]["annotations"], _REVISION: revision}

    def _move(self) -> None:
        meta, status = self.object["metadata"], self.object["status"]
        if self.object["spec"].get("paused"):
            return
        if status.get("observedGeneration") != meta["generation"]:
            status |= {"observedGeneration": meta["generation"], "updatedReplicas": 1, "availableReplicas": 1}
            self._touch()
        elif status["updatedReplicas"] != self.object["spec"]["replicas"]:
            self._settle()

    def _settle(self) -> None:
        many = self.object["spec"]["replicas"]
        self.object["status"] = {
            "observedGeneration": self.object["metadata"]["generation"],
            "replicas": many,
            "updatedReplicas": many,
            "availableReplicas": many,
        }
        self._touch()

    def _touch(self) -> None:
        self.version += 1
        self.object["metadata"]["resourceVersion"] = str(self.version)


def _container(tag: str) -> dict[str, str]:
    return {"name": "app", "image": f"registry.example.com:5000/shop/checkout:{tag}"}


def _status(code: int, message: str) -> Answer:
    return Answer(code, {"kind": "Status", "status": "Failure", "message": message, "code": code})
