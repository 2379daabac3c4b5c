"""A Deployment with its ReplicaSets by revision, as the Kubernetes API has them.
docs: kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1"""

import copy
from typing import Any

from tests.connectors.fake_objects import TOKEN as TOKEN
from tests.connectors.fake_objects import FakeObject

IMAGE = "registry.example.com:5000/shop/checkout"
SETS = "/apis/apps/v1/namespaces/shop/replicasets"


class FakePods(FakeObject):
    """checkout went 1.4.1 → 1.4.2; a new template is a new ReplicaSet."""

    revision, hash = "deployment.kubernetes.io/revision", "pod-template-hash"

    def __init__(self, api: str, kind: str, more: dict[str, Any]) -> None:
        self.path = f"/apis/{api}/namespaces/shop/{kind.lower()}s/checkout"
        metadata = {"name": "checkout", "namespace": "shop", "uid": "u1", "annotations": {}}
        spec = {"replicas": 2, "template": template("1.4.1"), **more}
        super().__init__({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec, "status": {}})
        self.others[SETS] = []
        self._add_set()
        newer = copy.deepcopy(self.object)
        newer["spec"]["template"] = template("1.4.2")
        self._write(newer)
        self.effects.clear()

    def _written(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        if new["spec"]["template"] != old["spec"]["template"]:
            self._add_set()
        if new["spec"] != old["spec"] and not new["spec"].get("paused"):
            self.effects.append(self.run)

    def _add_set(self) -> None:
        sets, made = self.others[SETS], copy.deepcopy(self.object["spec"]["template"])
        number = str(len(sets) + 1)
        made["metadata"]["labels"][self.hash] = f"h{number}"
        meta = {"name": f"checkout-{number}", "annotations": {self.revision: number}}
        sets.append({"metadata": {**meta, "ownerReferences": [{"uid": "u1"}]}, "spec": {"template": made}})
        self.object["metadata"]["annotations"] = {**self.object["metadata"]["annotations"], self.revision: number}


class FakeKubernetes(FakePods):
    def __init__(self) -> None:
        super().__init__("apps/v1", "Deployment", {})
        self._settle()

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


def template(tag: str) -> dict[str, Any]:
    container = {"name": "app", "image": f"{IMAGE}:{tag}"}
    return {"metadata": {"labels": {"app": "checkout"}}, "spec": {"containers": [container]}}
