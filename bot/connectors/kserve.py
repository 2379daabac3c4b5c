"""How is a model that KServe serves given more of the traffic, or the one before all of it back?

[connectors.kserve]
type = "kserve"
url = "https://10.0.0.1:6443"               # in a cluster: https://kubernetes.default.svc
token = "file:/var/run/secrets/kubernetes.io/serviceaccount/token"
ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

[actions.rollback-churn]
kind = "model_rollback"                     # model_rollback | model_promote
service = "churn"
connector = "kserve"
target = { namespace = "models", inferenceservice = "churn" }

*A rollback* sets `canaryTrafficPercent` to 0: all traffic goes to the revision that was rolled out before, and the
new one stays without any. *A promotion* gives the newest revision `percent` of the traffic; 100, which is usual,
takes the field away. Both are written at once, under the object's `resourceVersion`; KServe's routes follow within
seconds. Serverless mode of KServe v1beta1. Where Argo CD or Flux keeps the InferenceService, change it in git. Needs
get and update on inferenceservices.
"""

import copy
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter, ParameterType
from bot.connectors._jobs import problems_of
from bot.connectors._objects import NAME, Object, ObjectExecutor
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, Refused

KINDS = frozenset({ActionKind.MODEL_PROMOTE, ActionKind.MODEL_ROLLBACK})
_CANARY = "canaryTrafficPercent"
_PERCENT = Parameter("percent", ParameterType.NUMBER, pattern="[0-9]{1,3}", minimum=1, maximum=100, default="100")


def executor(name: str, options: Mapping[str, Any]) -> "KserveExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return KserveExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"inferenceservice": NAME}, {"namespace": NAME})


class KserveExecutor(ObjectExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    API, KIND = "serving.kserve.io/v1beta1", "inferenceservices"

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return (_PERCENT,) if kind is ActionKind.MODEL_PROMOTE else ()

    def _planned(self, action: Action, found: Object, parameters: Mapping[str, str]) -> tuple[Plan, Object | None]:
        name = self._name(action)
        serving = ((found.get("status") or {}).get("components") or {}).get("predictor") or {}
        new, old = str(serving.get("latestReadyRevision") or ""), str(serving.get("previousRolledoutRevision") or "")
        before, after = _share(found), _wanted_share(action, parameters)
        if after < 100 and (not old or old == new):
            raise Refused("nothing_to_roll_back", service=action.service, version=new)
        if before == after:
            raise InputError(f"{new or name} has {before} % of the traffic already", place="percent")
        diff = "\n".join(
            (
                f"-{new} {before} %, {old or 'nothing before'} {100 - before} %",
                f"+{new} {after} %, {old} {100 - after} %",
            )
        )
        commands = (f"give {new} {after} % of the traffic of {name}",)
        summary = f"{name}: {new} {before} % → {after} %"
        plan = Plan(summary, f"{before} %", f"{after} %", diff, self._world(action, found), commands)
        return plan, self._wanted(action, found, parameters, "")

    def cancel(self, started: Started, action: Action) -> None:
        """It is written at once."""

    def _wanted(self, action: Action, found: Object, parameters: Mapping[str, str], key: str) -> dict[str, Any]:
        wanted, share = copy.deepcopy(dict(found)), _wanted_share(action, parameters)
        predictor = wanted["spec"].setdefault("predictor", {})
        if share == 100:
            predictor.pop(_CANARY, None)
        else:
            predictor[_CANARY] = share
        return wanted

    def _world(self, action: Action, found: Object) -> str:
        return str(found["metadata"].get("generation") or "")

    def _set_going(self, key: str, action: Action) -> Done | Started:
        return Done("", "", f"{self._web.name}:{key}", f"the traffic of {self._name(action)} is divided anew")

    def _progress(self, reference: str, action: Action, found: Object) -> Progress | Done:
        raise self._web.problem("traffic is divided at once; there is nothing to follow")


def _wanted_share(action: Action, parameters: Mapping[str, str]) -> int:
    """Percent of the traffic for the newest revision."""
    return 0 if action.kind is ActionKind.MODEL_ROLLBACK else int(float(parameters.get("percent") or 100))


def _share(found: Object) -> int:
    share = (found["spec"].get("predictor") or {}).get(_CANARY)
    return 100 if share is None else int(share)
