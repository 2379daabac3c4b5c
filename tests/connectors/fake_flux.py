"""A Kustomization, as Flux keeps it: by kustomize.toolkit.fluxcd.io/v1 (fluxcd/kustomize-controller)."""

from typing import Any

from tests.connectors.fake_objects import FakeObject

OLD, NEW = "main@sha1:4f2a", "main@sha1:9c01"
_REQUESTED = "reconcile.fluxcd.io/requestedAt"


class FakeFlux(FakeObject):
    path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/shop"

    def __init__(self, *, suspended: bool = False) -> None:
        ready = {"type": "Ready", "status": "True", "message": f"Applied revision: {OLD}"}
        status = {"lastAppliedRevision": OLD, "lastHandledReconcileAt": "before", "conditions": [ready]}
        spec = {"path": "./shop", "interval": "10m", **({"suspend": True} if suspended else {})}
        metadata = {"name": "shop", "annotations": {_REQUESTED: "before"}}
        super().__init__({"metadata": metadata, "spec": spec, "status": status})
        self.problem = ""

    def _written(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        asked = new["metadata"]["annotations"].get(_REQUESTED) != old["metadata"]["annotations"].get(_REQUESTED)
        if asked or (new["spec"].get("suspend") and _REQUESTED in new["metadata"]["annotations"] and not self.effects):
            self.effects.append(self.run)

    def _move(self) -> None:
        status, requested = self.object["status"], self.object["metadata"]["annotations"].get(_REQUESTED)
        if self.object["spec"].get("suspend"):
            return
        if status["lastHandledReconcileAt"] != requested:
            ready = {"type": "Ready", "status": "Unknown", "message": "Reconciliation in progress"}
            status |= {"lastHandledReconcileAt": requested, "conditions": [ready, {"type": "Reconciling"}]}
        elif len(status["conditions"]) == 2 and self.problem:
            status["conditions"] = [{"type": "Ready", "status": "False", "message": self.problem}]
        elif len(status["conditions"]) == 2:
            ready = {"type": "Ready", "status": "True", "message": f"Applied revision: {NEW}"}
            status |= {"lastAppliedRevision": NEW, "conditions": [ready]}
        else:
            return
        self._touch()
