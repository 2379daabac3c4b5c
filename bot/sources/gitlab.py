"""What do GitLab's webhooks say was changed? https://docs.gitlab.com/user/project/integrations/webhook_events/"""

from collections.abc import Mapping

from bot.changes.model import ChangeKind
from bot.sources.changing import Body, Event, Told, by_event, change, run, short
from bot.sources.model import Example, Kind, Posted, Proof, RunState, Source
from bot.sources.received import at_path, moment, text
from bot.sources.signatures import secret_header

NAME = "gitlab"
_STATES = {"success": RunState.SUCCEEDED, "failed": RunState.FAILED, "canceled": RunState.CANCELLED,
           "running": RunState.RUNNING}  # fmt: skip


def _push(body: Body, posted: Posted) -> Told:
    sha = text(body, "after")
    if text(body, "ref") != f"refs/heads/{text(body, 'project', 'default_branch')}" or not sha.strip("0"):
        return None
    commit = at_path(body, "commits", -1)
    return change(
        f"{_project(body)}:{sha}",
        ChangeKind.CONFIG,
        _service(body, posted),
        moment(commit, "timestamp"),
        posted.now,
        source=NAME,
        version=short(sha),
        previous=short(text(body, "before")).strip("0"),
        by=text(body, "user_username") or text(body, "user_name"),
        summary=text(commit, "title") or text(commit, "message"),
        url=text(commit, "url"),
    )


def _merge_request(body: Body, posted: Posted) -> Told:
    told = at_path(body, "object_attributes")
    branch = text(body, "project", "default_branch")
    sha = text(told, "merge_commit_sha") or text(told, "last_commit", "id")
    if text(told, "action") != "merge" or text(told, "target_branch") != branch:
        return None
    return change(
        f"{_project(body)}:{sha}",
        ChangeKind.CONFIG,
        _service(body, posted),
        moment(told, "updated_at"),
        posted.now,
        source=NAME,
        version=short(sha),
        by=text(body, "user", "username"),
        summary=f"!{text(told, 'iid')} {text(told, 'title')}",
        url=text(told, "url"),
    )


def _deployment(body: Body, posted: Posted) -> Told:
    if text(body, "status") != "success":
        return None
    sha = text(body, "short_sha") or text(body, "commit_url").rpartition("/")[2]
    return change(
        f"{_project(body)}:deployment:{text(body, 'deployment_id')}",
        ChangeKind.DEPLOY,
        _service(body, posted),
        moment(body, "status_changed_at"),
        posted.now,
        source=NAME,
        version=short(sha),
        by=text(body, "user", "username"),
        summary=text(body, "commit_title") or f"deployed to {text(body, 'environment')}",
        url=text(body, "deployable_url"),
        environment=text(body, "environment"),
    )


def _release(body: Body, posted: Posted) -> Told:
    if text(body, "action") != "create":
        return None
    return change(
        f"{_project(body)}:release:{text(body, 'id')}",
        ChangeKind.DEPLOY,
        _service(body, posted),
        moment(body, "released_at"),
        posted.now,
        source=NAME,
        version=text(body, "tag"),
        summary=f"release {text(body, 'name')}",
        url=text(body, "url"),
    )


def _pipeline(body: Body, posted: Posted) -> Told:
    told = at_path(body, "object_attributes")
    state = _STATES.get(text(told, "status"))
    if state is None:
        return None
    ended_at = moment(told, "finished_at")
    return run(
        NAME,
        f"{_project(body)}:pipeline:{text(told, 'id')}",
        f"{_project(body)}/{text(told, 'name') or text(told, 'ref')}",
        _service(body, posted),
        state,
        ended_at or posted.now,
        name=text(told, "id"),
        started_at=moment(told, "created_at"),
        ended_at=ended_at,
        error=text(body, "commit", "title") if state is RunState.FAILED else "",
        url=text(told, "url"),
    )


_EVENTS: Mapping[str, Event] = {
    "push": _push,
    "merge_request": _merge_request,
    "deployment": _deployment,
    "release": _release,
    "pipeline": _pipeline,
}
decode = by_event(lambda _, body: text(body, "object_kind"), _EVENTS)


def _project(body: Body) -> str:
    return text(body, "project", "path_with_namespace")


def _service(body: Body, posted: Posted) -> str:
    return posted.service or _project(body).rpartition("/")[2] or text(body, "project", "name")


SOURCE = Source(
    name=NAME,
    title="GitLab webhooks",
    kind=Kind.CHANGES,
    decode=decode,
    fixture="gitlab.json",
    fixture_headers={"x-gitlab-event": "Deployment Hook"},
    verify=secret_header("x-gitlab-token"),
    signed_by="the secret itself in X-Gitlab-Token",
    identify=lambda posted: posted.headers.get("idempotency-key", "") or posted.headers.get("x-gitlab-event-uuid", ""),
    about="The service is the project's path. Tick push, merge request, deployment, release and pipeline events.",
    examples=(
        Example("tocsin.toml", "toml", "[sources.gitlab]              # webhook URL {url}/v1/hooks/gitlab\n"
                'secret = "env:GITLAB_WEBHOOK_SECRET"\n', Proof.DOCUMENTED),
    ),
)  # fmt: skip
