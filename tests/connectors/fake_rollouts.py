"""A canary Rollout, as Argo Rollouts keeps it: by the types and the controller of argoproj/argo-rollouts v1.8."""

from typing import Any

from tests.connectors.fake_kubernetes import FakePods

STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {"duration": "1m"}}]
_WAITS = 1


class FakeRollout(FakePods):
    """1.4.2 is out and stable, or (`under_way`) waits at the pause of the second step."""

    revision, hash = "rollout.argoproj.io/revision", "rollouts-pod-template-hash"

    def __init__(self, *, under_way: bool = False, aborted: bool = False) -> None:
        super().__init__("argoproj.io/v1alpha1", "Rollout", {"strategy": {"canary": {"steps": STEPS}}})
        self.moment, self.fails = 0, False
        hash_ = self.object["metadata"]["annotations"][self.revision]
        self.object["status"] = {"currentPodHash": hash_, "stableRS": "1" if under_way else hash_, "phase": "Healthy"}
        self.object["status"] |= {"availableReplicas": 2, "updatedReplicas": 2, "currentStepIndex": len(STEPS)}
        self.object["status"]["observedGeneration"] = str(self.object["metadata"]["generation"])
        if under_way:
            self._pause(_WAITS)
        if aborted:
            self.object["status"] |= {"abort": True, "phase": "Degraded"}

    def _written(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        super()._written(old, new)
        if new["spec"]["template"] != old["spec"]["template"] and self.object["status"]:
            self.object["status"] |= {"currentStepIndex": 0, "phase": "Progressing", "abort": False}

    def _told(self, status: dict[str, Any]) -> None:
        self.effects.append(self.run)
        now = self.object["status"]
        if status.get("abort"):
            now |= {"phase": "Degraded", "message": "RolloutAborted: Rollout aborted update", "availableReplicas": 1}
        elif "pauseConditions" in status:
            now |= {"phase": "Progressing", "currentStepIndex": now["currentStepIndex"] + 1}
        else:
            now |= {"phase": "Progressing"}

    def _move(self) -> None:
        status, meta = self.object["status"], self.object["metadata"]
        if self.object["spec"].get("paused"):
            return
        if status.get("observedGeneration") != str(meta["generation"]):
            hash_ = meta["annotations"][self.revision]
            status |= {"observedGeneration": str(meta["generation"]), "currentPodHash": hash_}
        elif status.get("abort") and status["availableReplicas"] < 2:
            status["availableReplicas"] = 2
        elif status["phase"] == "Progressing" and self.fails:
            status |= {"phase": "Degraded", "message": 'ReplicaSet "checkout-3" has timed out progressing.'}
        elif status["phase"] == "Progressing" and status["currentStepIndex"] == 0:
            self._pause(_WAITS)
        elif status["phase"] == "Progressing":
            status |= {"phase": "Healthy", "stableRS": status["currentPodHash"], "currentStepIndex": len(STEPS)}
        else:
            return
        self._touch()

    def _pause(self, index: int) -> None:
        self.moment += 1
        paused = [{"reason": "CanaryPauseStep", "startTime": f"2026-11-21T10:00:0{self.moment}Z"}]
        self.object["status"] |= {"phase": "Paused", "currentStepIndex": index, "pauseConditions": paused}
