"""An InferenceService, as KServe keeps it: by serving.kserve.io/v1beta1 and its documentation of canary rollouts."""

from typing import Any

from tests.connectors.fake_objects import FakeObject


class FakeKserve(FakeObject):
    """churn-00002 has all traffic (or `share` percent); churn-00001 had it before."""

    path = "/apis/serving.kserve.io/v1beta1/namespaces/models/inferenceservices/churn"

    def __init__(self, share: int | None = None) -> None:
        predictor: dict[str, Any] = {"model": {"storageUri": "gs://models/churn/2"}}
        if share is not None:
            predictor["canaryTrafficPercent"] = share
        serving = {"latestReadyRevision": "churn-00002", "previousRolledoutRevision": "churn-00001"}
        status = {"components": {"predictor": serving}}
        super().__init__({"metadata": {"name": "churn"}, "spec": {"predictor": predictor}, "status": status})

    @property
    def predictor(self) -> dict[str, Any]:
        found: dict[str, Any] = self.object["spec"]["predictor"]
        return found

    def _written(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        if old["spec"] != new["spec"]:
            self.effects.append(self.run)
