"""The connectors that deploy, with something to act on."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bot.actions.model import Action, ActionKind
from bot.connectors import argo_rollouts, argocd, docker, flux, kserve, kubernetes
from tests.connectors import (
    fake_argocd,
    fake_docker,
    fake_flux,
    fake_kserve,
    fake_kubernetes,
    fake_objects,
    fake_rollouts,
)
from tests.connectors.bench import Opened, opened


def _argocd(kind: ActionKind) -> Opened:
    action = Action(f"{kind}-checkout", kind, "checkout", "argocd", {"application": "checkout"})
    return opened(
        argocd,
        fake_argocd.FakeArgocd,
        action,
        {},
        (fake_argocd.TOKEN,),
        disturb=lambda fake: fake.application["status"].update(operationState={"startedAt": "later"}),
    )


def _object(fake: fake_objects.FakeObject) -> object:
    """Its controller moves the status by itself."""
    return [fake.object["spec"], fake.object["metadata"].get("annotations"), fake.effects]


def _changed(fake: fake_kubernetes.FakePods) -> None:
    fake.object["spec"]["replicas"] = 7
    fake.object["spec"]["template"]["metadata"]["labels"]["by"] = "somebody"


def _kubernetes(kind: ActionKind, parameters: Mapping[str, str]) -> Opened:
    target = {"namespace": "shop", "deployment": "checkout"}
    action = Action(f"{kind}-checkout", kind, "checkout", "cluster", target)
    secrets = (fake_objects.TOKEN,)
    return opened(
        kubernetes, fake_kubernetes.FakeKubernetes, action, parameters, secrets, disturb=_changed, state=_object
    )


def _rollout(fake: Callable[[], Any], kind: ActionKind, parameters: Mapping[str, str], **does: str) -> Opened:
    target = {"namespace": "shop", "rollout": "checkout", **does}
    action = Action(f"{kind}-checkout", kind, "checkout", "rollouts", target)
    return opened(argo_rollouts, fake, action, parameters, (fake_objects.TOKEN,), disturb=_changed, state=_object)


def _flux(does: str) -> Opened:
    target = {"namespace": "flux-system", "kustomization": "shop", "does": does}
    return opened(
        flux,
        partial(fake_flux.FakeFlux, suspended=does == "resume"),
        Action(f"{does}-shop", ActionKind.CALL, "shop", "flux", target),
        {},
        (fake_objects.TOKEN,),
        disturb=lambda fake: fake.object["spec"].update(suspend=does != "resume"),
        goes_on=does != "suspend",
        state=_object,
    )


def _docker(kind: ActionKind, parameters: Mapping[str, str]) -> Opened:
    return opened(
        docker,
        fake_docker.FakeDocker,
        Action(f"{kind}-cache", kind, "cache", "docker", {"container": "cache"}),
        parameters,
        (fake_docker.TOKEN,),
        disturb=lambda fake: fake.containers["cache"].update(Id="another"),
    )


def _kserve(kind: ActionKind, share: int | None) -> Opened:
    target = {"namespace": "models", "inferenceservice": "churn"}
    return opened(
        kserve,
        partial(fake_kserve.FakeKserve, share),
        Action(f"{kind}-churn", kind, "churn", "kserve", target),
        {},
        (fake_objects.TOKEN,),
        disturb=lambda fake: fake.object["metadata"].update(generation=7),
        goes_on=False,
        state=_object,
    )


_UNDER_WAY = partial(fake_rollouts.FakeRollout, under_way=True)
_ABORTED = partial(fake_rollouts.FakeRollout, under_way=True, aborted=True)

BENCHES: dict[str, Opened] = {
    "argocd-sync": _argocd(ActionKind.DEPLOY),
    "argocd-rollback": _argocd(ActionKind.ROLLBACK),
    "docker-deploy": _docker(ActionKind.DEPLOY, {"version": "1.4.3"}),
    "docker-rollback": _docker(ActionKind.ROLLBACK, {}),
    "kserve-promote": _kserve(ActionKind.MODEL_PROMOTE, 10),
    "kserve-rollback": _kserve(ActionKind.MODEL_ROLLBACK, None),
    "kubernetes-restart": _kubernetes(ActionKind.RESTART, {}),
    "kubernetes-scale": _kubernetes(ActionKind.SCALE, {"replicas": "4"}),
    "kubernetes-deploy": _kubernetes(ActionKind.DEPLOY, {"version": "1.4.3"}),
    "kubernetes-rollback": _kubernetes(ActionKind.ROLLBACK, {}),
    "rollouts-deploy": _rollout(fake_rollouts.FakeRollout, ActionKind.DEPLOY, {"version": "1.4.3"}),
    "rollouts-undo": _rollout(fake_rollouts.FakeRollout, ActionKind.ROLLBACK, {}),
    "rollouts-abort": _rollout(_UNDER_WAY, ActionKind.ROLLBACK, {}),
    "rollouts-retry": _rollout(_ABORTED, ActionKind.CALL, {}, does="retry"),
    "rollouts-promote": _rollout(_UNDER_WAY, ActionKind.CALL, {}, does="promote"),
    "rollouts-promote-full": _rollout(_UNDER_WAY, ActionKind.CALL, {}, does="promote-full"),
    "flux-reconcile": _flux("reconcile"),
    "flux-suspend": _flux("suspend"),
    "flux-resume": _flux("resume"),
}
