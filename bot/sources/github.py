"""What do GitHub's webhooks say was changed? https://docs.github.com/webhooks/webhook-events-and-payloads

A push to the default branch and the merge behind it are one change; a deployment that succeeded, and a published
release, are others; workflow runs are runs.
"""

from collections.abc import Mapping

from bot.changes.model import ChangeKind
from bot.sources.changing import Body, Event, Told, by_event, change, run, short
from bot.sources.model import Example, Kind, Posted, Proof, RunState, Source
from bot.sources.received import at_path, moment, text
from bot.sources.signatures import hmac_hex

NAME = "github"
_STATES = {"success": RunState.SUCCEEDED, "failure": RunState.FAILED, "timed_out": RunState.FAILED,
           "startup_failure": RunState.FAILED, "cancelled": RunState.CANCELLED}  # fmt: skip


def _push(body: Body, posted: Posted) -> Told:
    branch = text(body, "repository", "default_branch") or text(body, "repository", "master_branch")
    sha = text(body, "after")
    if text(body, "ref") != f"refs/heads/{branch}" or not sha.strip("0"):
        return None
    return change(
        f"{_repository(body)}:{sha}",
        ChangeKind.CONFIG,
        _service(body, posted),
        moment(body, "head_commit", "timestamp"),
        posted.now,
        source=NAME,
        version=short(sha),
        previous=short(text(body, "before")).strip("0"),
        by=text(body, "pusher", "name") or text(body, "sender", "login"),
        summary=text(body, "head_commit", "message").partition("\n")[0],
        url=text(body, "compare"),
    )


def _pull_request(body: Body, posted: Posted) -> Told:
    pull = at_path(body, "pull_request")
    base, branch = text(pull, "base", "ref"), text(body, "repository", "default_branch")
    if text(body, "action") != "closed" or text(pull, "merged") != "true" or base != branch:
        return None
    sha = text(pull, "merge_commit_sha")
    return change(
        f"{_repository(body)}:{sha}",
        ChangeKind.CONFIG,
        _service(body, posted),
        moment(pull, "merged_at"),
        posted.now,
        source=NAME,
        version=short(sha),
        by=text(pull, "merged_by", "login") or text(pull, "user", "login"),
        summary=f"#{text(pull, 'number')} {text(pull, 'title')}",
        url=text(pull, "html_url"),
    )


def _deployment_status(body: Body, posted: Posted) -> Told:
    deployment, status = at_path(body, "deployment"), at_path(body, "deployment_status")
    if text(status, "state") != "success":
        return None
    task = text(deployment, "task").lower()
    return change(
        f"{_repository(body)}:deployment:{text(deployment, 'id')}",
        ChangeKind.ROLLBACK if "rollback" in task else ChangeKind.DEPLOY,
        posted.service or text(deployment, "payload", "service") or _service(body, posted),
        moment(status, "created_at"),
        posted.now,
        source=NAME,
        version=_version(text(deployment, "ref"), text(deployment, "sha")),
        by=text(deployment, "creator", "login"),
        summary=text(deployment, "description") or f"deployed to {text(deployment, 'environment')}",
        url=text(status, "environment_url") or text(status, "target_url"),
        environment=text(deployment, "environment"),
        attributes={"commit": text(deployment, "sha")},
    )


def _release(body: Body, posted: Posted) -> Told:
    release = at_path(body, "release")
    if text(body, "action") != "published":
        return None
    return change(
        f"{_repository(body)}:release:{text(release, 'id')}",
        ChangeKind.DEPLOY,
        _service(body, posted),
        moment(release, "published_at"),
        posted.now,
        source=NAME,
        version=text(release, "tag_name"),
        by=text(release, "author", "login"),
        summary=f"release {text(release, 'name') or text(release, 'tag_name')}",
        url=text(release, "html_url"),
    )


def _workflow_run(body: Body, posted: Posted) -> Told:
    told = at_path(body, "workflow_run")
    state = _STATES.get(text(told, "conclusion"))
    if text(body, "action") != "completed" or state is None:
        return None
    at = moment(told, "updated_at") or posted.now
    return run(
        NAME,
        f"{_repository(body)}:run:{text(told, 'id')}:{text(told, 'run_attempt')}",
        f"{_repository(body)}/{text(told, 'name')}",
        _service(body, posted),
        state,
        at,
        name=text(told, "run_number"),
        started_at=moment(told, "run_started_at"),
        ended_at=at,
        error=text(told, "display_title") if state is RunState.FAILED else "",
        url=text(told, "html_url"),
    )


_EVENTS: Mapping[str, Event] = {
    "push": _push,
    "pull_request": _pull_request,
    "deployment_status": _deployment_status,
    "release": _release,
    "workflow_run": _workflow_run,
}
decode = by_event(lambda posted, _: posted.headers.get("x-github-event", ""), _EVENTS)


def _repository(body: Body) -> str:
    return text(body, "repository", "full_name")


def _service(body: Body, posted: Posted) -> str:
    return posted.service or text(body, "repository", "name")


def _version(ref: str, sha: str) -> str:
    return short(sha) if not ref or ref in (sha, "main", "master") else ref.removeprefix("refs/tags/")


SOURCE = Source(
    name=NAME,
    title="GitHub webhooks",
    kind=Kind.CHANGES,
    decode=decode,
    fixture="github.json",
    fixture_headers={"x-github-event": "deployment_status", "x-github-delivery": "72d3162e-cc78-11e3-81ab"},
    verify=hmac_hex("x-hub-signature-256", prefix="sha256="),
    signed_by="HMAC-SHA256 in X-Hub-Signature-256",
    identify=lambda posted: posted.headers.get("x-github-delivery", ""),
    about="The service is the repository's name, or the deployment payload's `service`.",
    examples=(
        Example("tocsin.toml", "toml", '[sources.github]\nsecret = "env:GITHUB_WEBHOOK_SECRET"\n', Proof.DOCUMENTED),
        Example("Settings → Webhooks", "sh", "gh api repos/OWNER/REPOSITORY/hooks -f name=web -F active=true "
                "-f 'events[]=push' -f 'events[]=pull_request' -f 'events[]=deployment_status' -f 'events[]=release' "
                "-f 'events[]=workflow_run' -f config[url]={url}/v1/hooks/github -f config[content_type]=json "
                "-f config[secret]=$GITHUB_WEBHOOK_SECRET\n", Proof.DOCUMENTED),
    ),
)  # fmt: skip
