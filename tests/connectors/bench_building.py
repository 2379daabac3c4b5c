"""The connectors that build, with something to act on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import awx, github_deployments, gitlab
from tests.connectors import fake_awx, fake_deployments, fake_gitlab
from tests.connectors.bench import Bench, Opened, opened


def _somebody_retried(fake: fake_gitlab.FakeGitlab) -> None:
    fake.jobs[400].append({"id": 999, "name": "rollout", "status": "running"})


def _gitlab(kind: ActionKind, parameters: Mapping[str, str]) -> Opened:
    asked = tuple(Parameter(name) for name in parameters)
    action = Action(f"{kind}-web", kind, "web", "gitlab", {"project": "shop/web"}, parameters=asked)
    return opened(
        gitlab,
        fake_gitlab.FakeGitlab,
        action,
        parameters,
        (fake_gitlab.TOKEN,),
        disturb=_somebody_retried if kind is ActionKind.RERUN else None,
    )


def _deployment(kind: ActionKind) -> Opened:
    target = {"repository": "shop/web", "environment": "production", "status": "tocsin/production"}
    return opened(
        github_deployments,
        fake_deployments.FakeDeployments,
        Action(f"{kind}-web", kind, "web", "github", target),
        {},
        (fake_deployments.TOKEN,),
        disturb=lambda fake: fake.states.update({fake._add("d" * 40, {}): ["success"]}),
    )


@contextmanager
def _awx_rerun() -> Iterator[Bench]:
    action = Action("again", ActionKind.RERUN, "cache", "awx", {"template": "42"})
    made = opened(awx, fake_awx.FakeAwx, action, {}, (fake_awx.TOKEN,), disturb=lambda fake: fake._add({}))
    with made() as bench:
        yield replace(bench, knows_by_world=True)


_AWX_LAUNCH = Action(
    "restart", ActionKind.COMMAND, "cache", "awx", {"template": "42"}, parameters=(Parameter("region"),)
)

BENCHES: dict[str, Opened] = {
    "deployment-deploy": _deployment(ActionKind.DEPLOY),
    "deployment-rollback": _deployment(ActionKind.ROLLBACK),
    "awx-launch": opened(awx, fake_awx.FakeAwx, _AWX_LAUNCH, {"region": "eu"}, (fake_awx.TOKEN,)),
    "awx-rerun": _awx_rerun,
    "gitlab-deploy": _gitlab(ActionKind.DEPLOY, {"version": "1.4.2"}),
    "gitlab-rerun": _gitlab(ActionKind.RERUN, {}),
}
