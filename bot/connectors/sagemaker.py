"""How does an endpoint of SageMaker get another model, or one of its variants another share of the traffic?

[connectors.sagemaker]
type = "sagemaker"                          # needs the extra `aws`
region = "eu-central-1"
access_key = "AKIAEXAMPLE"                  # without it: a profile, the environment, the role of the machine
secret_key = "env:AWS_SECRET_ACCESS_KEY"

[actions.rollback-churn]
kind = "model_rollback"                     # model_rollback | model_promote
service = "churn"
connector = "sagemaker"
target = { endpoint = "churn" }             # and variant = "challenger": its share of the traffic

*Without a variant* the endpoint goes to another endpoint configuration (UpdateEndpoint); a rollback takes the one
before. SageMaker keeps no history of them, so Tocsin writes one, as a tag of the endpoint. `configs` says what the
names of this endpoint's configurations have in common; without it that is the endpoint's own name. With
`keep_capacity = "yes"` each variant keeps the instances that it has by now.

*With a variant* (UpdateEndpointWeightsAndCapacities) a promotion gives it `percent` of the traffic, a rollback none;
the others share the rest as before.

SageMaker takes no key with an update and has no compare-and-set. So the endpoint is read and compared with the plan,
then the key of Tocsin's run becomes a tag of it, then it is updated; who takes over finds the key and what was to
come of it. An update that failed before anybody noted that it was begun is therefore begun once more. SageMaker cannot
stop an update. Needs sagemaker:DescribeEndpoint, DescribeEndpointConfig, ListEndpointConfigs, ListTags, AddTags,
UpdateEndpoint, UpdateEndpointWeightsAndCapacities.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter, ParameterType
from bot.connectors._aws import Aws, AwsOptions
from bot.connectors._holders import holder_before, line_after
from bot.connectors._jobs import problems_of
from bot.errors import InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.MODEL_PROMOTE, ActionKind.MODEL_ROLLBACK})
CONFIGS_MAX = 50
TAG_MAX = 256
"""Characters of a tag's value, which may have /, but no comma."""
_RUN, _LINE = "tocsin:run", "tocsin:configs"
_NAME = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
_PERCENT = Parameter("percent", ParameterType.NUMBER, pattern="[0-9]{1,3}", minimum=1, maximum=100, default="100")
_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
Object = Mapping[str, Any]


class Options(AwsOptions):
    @model_validator(mode="before")
    @classmethod
    def _in_its_region(cls, given: Any) -> Any:
        """The address is the region's, unless it is said (an interface endpoint of one's own network)."""
        if not isinstance(given, dict) or given.get("url"):
            return given
        region = str(given.get("region") or "us-east-1")
        return {**given, "url": f"https://api.sagemaker.{region}.amazonaws.com{'.cn' * region.startswith('cn-')}"}


def executor(name: str, options: Mapping[str, Any]) -> "SagemakerExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return SagemakerExecutor(Aws(name, Options.model_validate(options), "sagemaker", "SageMaker"))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    optional = {"variant": _NAME, "configs": "[a-zA-Z0-9-]{1,63}", "keep_capacity": "yes|no"}
    problems = problems_of(target, {"endpoint": _NAME}, optional)
    if target.get("variant"):
        meant = [name for name in ("configs", "keep_capacity") if target.get(name)]
        problems += [f"target.{name}: a share of the traffic has none" for name in meant]
    return problems


class SagemakerExecutor:
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, web: Aws) -> None:
        self._web = web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        """`version` is an endpoint configuration; `percent` is only meant where the target has a variant."""
        hint = "An endpoint configuration; empty for a rollback: the one before. A variant has none."
        version = Parameter("version", hint=hint, pattern=_NAME, live=True)
        return (version, _PERCENT) if kind is ActionKind.MODEL_PROMOTE else (version,)

    def choices(self, action: Action, parameter: str) -> list[str]:
        if action.target.get("variant") or parameter != "version":
            return []
        now = self._endpoint(action)["EndpointConfigName"]
        return [name for name in self._configs(action) if name != now]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        found = self._endpoint(action)
        name, status = action.target["endpoint"], found["EndpointStatus"]
        if status != "InService":
            raise InputError(f"{name} is {_worded(status)}; wait until it is in service", place=action.name)
        if action.target.get("variant"):
            return self._share_plan(action, found, parameters)
        before = str(found["EndpointConfigName"])
        after, why = self._wanted(action, found, parameters.get("version", ""))
        lines = [f"-{name} = {before}{self._known(before)}", f"+{name} = {after}{self._known(after)}"]
        kept = " and keep the instances it has" if _keeps(action) else ""
        commands = (f"update the endpoint {name} to {after}{kept}",)
        diff = "\n".join([*lines, *([f"# {why}"] if why else [])])
        return Plan(f"{name}: {before} → {after}", before, after, diff, before, commands)

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        found = self._endpoint(action)
        arn, tags = found["EndpointArn"], self._tags(found)
        if tags.get(_RUN) == key and _is_on_its_way(action, found, plan):
            return self._started(key, action, plan)
        if found["EndpointStatus"] != "InService" or _world(action, found) != plan.world:
            raise self._moved(action, found)
        tagged = {_RUN: key}
        if not action.target.get("variant"):
            tagged[_LINE] = _as_tag(line_after(action.kind, _line(tags), plan))
        self._web.call("AddTags", ResourceArn=arn, Tags=[{"Key": k, "Value": v} for k, v in tagged.items()])
        self._update(action, plan)
        return self._started(key, action, plan)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        found = self._endpoint(action)
        if plan is None or self._tags(found).get(_RUN) != key or not _is_on_its_way(action, found, plan):
            return None
        return self._started(key, action, plan)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        found, known = self._endpoint(action), json.loads(started.reference)
        name, status = action.target["endpoint"], str(found["EndpointStatus"])
        if status in _BUSY:
            return Progress(*_instances(found), _worded(status))
        if status == "InService" and _has_come(action, found, known["world"]):
            what = f"{action.target['variant']} of {name} has" if action.target.get("variant") else f"{name} runs"
            reference = f"{self._web.name}:{known['key']}"
            return Done(known["after"], known["before"], reference, f"{what} {known['after']}")
        why = str(found.get("FailureReason") or "").strip()
        now = "" if action.target.get("variant") else f" with {found.get('EndpointConfigName')}"
        raise self._web.problem(f"{name} is {_worded(status)}{now}{': ' if why else ''}{why}"[:500])

    def cancel(self, started: Started, action: Action) -> None:
        if isinstance(self.follow(started, action), Progress):
            raise self._web.problem("SageMaker cannot stop an update; wait for its end, and roll it back")

    # -- which configuration

    def _wanted(self, action: Action, found: Object, wanted: str) -> tuple[str, str]:
        """The configuration to go to, and why that one when nobody said."""
        name, before = action.target["endpoint"], str(found["EndpointConfigName"])
        if wanted == before:
            raise InputError(f"{name} runs {before} already", place="version")
        if wanted:
            return wanted, ""
        if action.kind is ActionKind.MODEL_PROMOTE:
            raise InputError("say which endpoint configuration to promote", place="version")
        noted = holder_before(_line(self._tags(found)), before)
        if noted:
            return noted, f"{name} had {noted} before"
        configs = self._configs(action)
        older = configs[configs.index(before) + 1 :] if before in configs else []
        if not older:
            raise Refused("nothing_to_roll_back", service=action.service, version=before)
        return older[0], f"nobody noted what {name} had before; {older[0]} was made before {before}"

    def _configs(self, action: Action) -> list[str]:
        """Endpoint configurations that may be this endpoint's, the latest first."""
        part = action.target.get("configs") or action.target["endpoint"]
        asked = {"NameContains": part, "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": CONFIGS_MAX}
        found = self._web.call("ListEndpointConfigs", **asked).get("EndpointConfigs")
        if not isinstance(found, list):
            raise self._web.odd("no EndpointConfigs")
        return [str(one["EndpointConfigName"]) for one in found]

    def _known(self, config: str) -> str:
        """What a configuration serves, in brackets."""
        found = self._web.call("DescribeEndpointConfig", EndpointConfigName=config)
        shown = [_variant(one) for one in found.get("ProductionVariants") or ()]
        return f" ({'; '.join(shown)})" if shown else ""

    # -- which share

    def _share_plan(self, action: Action, found: Object, parameters: Mapping[str, str]) -> Plan:
        name, variant, weights = action.target["endpoint"], action.target["variant"], _weights(found)
        if parameters.get("version"):
            raise InputError("a variant gets a share of the traffic, and no version", place="version")
        if variant not in weights:
            raise InputError(f"{name} has the variants {', '.join(weights)}", place="variant")
        wanted = 0.0 if action.kind is ActionKind.MODEL_ROLLBACK else float(parameters.get("percent") or 100)
        shares = _shares(weights)
        if abs(shares[variant] - wanted) < 0.5:
            raise InputError(f"{variant} of {name} has {shares[variant]:.0f} % of the traffic already", place="percent")
        after = _divided(weights, variant, wanted)
        if after is None:
            raise Refused("nothing_to_roll_back", service=action.service, version=variant)
        lines = [f"{sign}{_shown(some)}" for sign, some in (("-", shares), ("+", after))]
        had, has = (f"{some[variant]:.0f} %" for some in (shares, after))
        commands = (f"give {variant} {has} of the traffic of {name}",)
        return Plan(f"{name}: {variant} {had} → {has}", had, has, "\n".join(lines), _world(action, found), commands)

    def _update(self, action: Action, plan: Plan) -> None:
        name, variant = action.target["endpoint"], action.target.get("variant")
        if variant:
            wanted = _wanted_weights(action, plan)
            weights = [{"VariantName": one, "DesiredWeight": weight} for one, weight in wanted.items()]
            self._web.call("UpdateEndpointWeightsAndCapacities", EndpointName=name, DesiredWeightsAndCapacities=weights)
            return
        kept: dict[str, Any] = {}
        if _keeps(action):
            weight = [{"VariantPropertyType": "DesiredWeight"}]
            kept = {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": weight}
        self._web.call("UpdateEndpoint", EndpointName=name, EndpointConfigName=plan.after, **kept)

    # -- asking, and saying

    def _endpoint(self, action: Action) -> Object:
        found = self._web.call("DescribeEndpoint", EndpointName=action.target["endpoint"])
        if not all(isinstance(found.get(name), str) for name in ("EndpointArn", "EndpointStatus")):
            raise self._web.odd("no endpoint")
        return found

    def _tags(self, found: Object) -> dict[str, str]:
        tags, token = dict[str, str](), dict[str, str]()
        while True:
            told = self._web.call("ListTags", ResourceArn=found["EndpointArn"], **token)
            if not isinstance(told.get("Tags"), list):
                raise self._web.odd("no Tags")
            tags |= {str(tag["Key"]): str(tag["Value"]) for tag in told["Tags"]}
            if not told.get("NextToken"):
                return tags
            token = {"NextToken": str(told["NextToken"])}

    def _moved(self, action: Action, found: Object) -> WorldChanged:
        now = "" if action.target.get("variant") else f" with {found.get('EndpointConfigName')}"
        words = f"{action.target['endpoint']} is {_worded(found['EndpointStatus'])}{now}; it was another when planned"
        return WorldChanged(words, connector=self._web.name)

    def _started(self, key: str, action: Action, plan: Plan) -> Started:
        wanted = json.dumps(_wanted_weights(action, plan)) if action.target.get("variant") else plan.after
        known = {"key": key, "before": plan.before, "after": plan.after, "world": wanted}
        return Started(json.dumps(known), f"{action.target['endpoint']} is updated")


def _keeps(action: Action) -> bool:
    return action.target.get("keep_capacity") == "yes"


def _line(tags: Mapping[str, str]) -> list[str]:
    return [name for name in tags.get(_LINE, "").split("/") if name]


def _as_tag(line: list[str]) -> str:
    """The newest of the line, as many as a tag holds."""
    while len("/".join(line)) > TAG_MAX:
        line = line[1:]
    return "/".join(line)


def _world(action: Action, found: Object) -> str:
    """The configuration, and with a variant the weights that it was asked for."""
    config = str(found.get("EndpointConfigName") or "")
    return json.dumps([config, _weights(found)]) if action.target.get("variant") else config


def _wanted_weights(action: Action, plan: Plan) -> dict[str, float]:
    wanted = _divided(json.loads(plan.world)[1], action.target["variant"], float(plan.after.split()[0]))
    assert wanted is not None
    return wanted


def _is_on_its_way(action: Action, found: Object, plan: Plan) -> bool:
    """Whether what the plan wants is there, or is what the update under way brings."""
    if action.target.get("variant"):
        return _has_come(action, found, json.dumps(_wanted_weights(action, plan)))
    pending = (found.get("PendingDeploymentSummary") or {}).get("EndpointConfigName")
    return plan.after in (found.get("EndpointConfigName"), pending)


def _has_come(action: Action, found: Object, wanted: str) -> bool:
    if not action.target.get("variant"):
        return bool(found.get("EndpointConfigName") == wanted)
    weights, meant = _weights(found), json.loads(wanted)
    return set(weights) == set(meant) and all(abs(weights[one] - meant[one]) < 0.01 for one in meant)


def _weights(found: Object) -> dict[str, float]:
    """Variant → the weight that was asked for, else the one it has."""
    variants = found.get("ProductionVariants") or ()
    return {str(one["VariantName"]): float(one.get("DesiredWeight", one.get("CurrentWeight")) or 0) for one in variants}


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values()) or 1.0
    return {variant: 100 * weight / total for variant, weight in weights.items()}


def _divided(weights: Mapping[str, float], variant: str, percent: float) -> dict[str, float] | None:
    """Weights that give the variant its percentage, and the others the rest as they shared it before. None when it is
    not known who should have the rest."""
    others = {one: weight for one, weight in weights.items() if one != variant}
    if not any(others.values()) and percent < 100:
        if len(others) != 1:
            return None
        others = dict.fromkeys(others, 1.0)
    total = sum(others.values()) or 1.0
    divided = {one: round((100 - percent) * weight / total, 2) for one, weight in others.items()}
    return {one: percent if one == variant else divided[one] for one in weights}


def _instances(found: Object) -> tuple[int, int]:
    """How many instances of how many a new configuration has."""
    pending = (found.get("PendingDeploymentSummary") or {}).get("ProductionVariants") or ()
    counts = [(int(one.get("CurrentInstanceCount") or 0), int(one.get("DesiredInstanceCount") or 0)) for one in pending]
    return sum(current for current, _ in counts), sum(desired for _, desired in counts)


def _variant(one: Object) -> str:
    """As in "AllTraffic: churn-7 on 2 × ml.m5.large"."""
    count, type_ = one.get("InitialInstanceCount"), one.get("InstanceType")
    where = f" on {count} × {type_}" if count and type_ else " serverless" if one.get("ServerlessConfig") else ""
    return f"{one.get('VariantName')}: {one.get('ModelName') or 'no model'}{where}"


def _shown(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{variant} {share:.0f} %" for variant, share in shares.items())


def _worded(status: str) -> str:
    """As in "rolling back"."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in status).strip()
