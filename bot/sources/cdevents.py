"""What do CDEvents say? As CloudEvents in structured, binary or batched form, or bare. https://cdevents.dev/docs/"""

import json
from typing import Any

from bot.changes.model import ChangeKind
from bot.errors import InputError
from bot.sources.alerting import alert, ended
from bot.sources.changing import change, run
from bot.sources.model import Example, Heard, Kind, Posted, Proof, RunState, Source
from bot.sources.received import at_path, decoded, first_text, moment, severity, text

NAME = "cdevents"
PREFIX = "dev.cdevents."
EVENTS_MAX = 500
CHANGES = {
    "service.deployed": ChangeKind.DEPLOY,
    "service.upgraded": ChangeKind.DEPLOY,
    "service.rolledback": ChangeKind.ROLLBACK,
    "service.removed": ChangeKind.CONFIG,
    "environment.modified": ChangeKind.CONFIG,
}
RUNS = {"pipelinerun.started": RunState.RUNNING, "pipelinerun.finished": RunState.SUCCEEDED,
        "taskrun.started": RunState.RUNNING, "taskrun.finished": RunState.SUCCEEDED}  # fmt: skip
FAILURES = ("failure", "fail", "error")
Event = dict[str, Any]


def decode(posted: Posted) -> Heard:
    heard = Heard()
    body = decoded(posted.body)
    for index, item in enumerate(body[:EVENTS_MAX] if isinstance(body, list) else [body]):
        try:
            _hear(heard, _event(item, posted), posted)
        except InputError as error:
            heard.reject(f"event {index + 1}", str(error), json.dumps(item).encode())
    return heard


def _event(item: Any, posted: Posted) -> Event:
    """As {context, subject}, whatever it came in."""
    if not isinstance(item, dict):
        raise InputError("an event is a JSON object")
    if "specversion" in item and isinstance(item.get("data"), dict):
        data = item["data"]
        told = {name: item.get(name) for name in ("id", "type", "source")} | {"timestamp": item.get("time")}
        return {"context": told | _context(data), "subject": data.get("subject")}
    if "ce-type" in posted.headers:
        told = {name: posted.headers.get(f"ce-{name}") for name in ("id", "type", "source")}
        told["timestamp"] = posted.headers.get("ce-time")
        return {"context": told | _context(item), "subject": item.get("subject")}
    return item


def _context(data: Event) -> Event:
    context = data.get("context")
    return context if isinstance(context, dict) else {}


def _hear(heard: Heard, event: Event, posted: Posted) -> None:
    kind = text(event, "context", "type")
    if not kind:
        raise InputError("it has no context.type, and no CloudEvents type")
    what = ".".join(kind.removeprefix(PREFIX).split(".")[:2])
    if not kind.startswith(PREFIX) or what not in {*CHANGES, *RUNS, "incident.detected", "incident.resolved"}:
        heard.ignored += 1
        return
    subject, content = text(event, "subject", "id"), at_path(event, "subject", "content")
    if not subject:
        raise InputError("it has no subject.id")
    if what in CHANGES:
        _change(heard, event, CHANGES[what], subject, content, posted)
    elif what in RUNS:
        _run(heard, event, RUNS[what], subject, content, posted)
    else:
        _incident(heard, event, subject, content, posted, is_over=what == "incident.resolved")


def _change(heard: Heard, event: Event, kind: ChangeKind, subject: str, content: Any, posted: Posted) -> None:
    artifact = text(content, "artifactId")
    heard.changes.append(
        change(
            text(event, "context", "id"),
            kind,
            posted.service or subject.rpartition("/")[2],
            moment(event, "context", "timestamp"),
            posted.now,
            source=NAME,
            version=artifact.rpartition("@")[2] if "@" in artifact else artifact,
            summary=artifact,
            url=text(content, "url"),
            environment=first_text(content, ("environment", "name"), ("environment", "id")),
        )
    )


def _run(heard: Heard, event: Event, state: RunState, subject: str, content: Any, posted: Posted) -> None:
    if state is RunState.SUCCEEDED and text(content, "outcome").lower() in FAILURES:
        state = RunState.FAILED
    name = first_text(content, "pipelineName", "taskName") or subject
    at = moment(event, "context", "timestamp") or posted.now
    heard.runs.append(
        run(NAME, subject, name, posted.service or name, state, at, name=subject,
            ended_at=None if state is RunState.RUNNING else at, error=text(content, "errors"), url=text(content, "url"))
    )  # fmt: skip


def _incident(heard: Heard, event: Event, subject: str, content: Any, posted: Posted, *, is_over: bool) -> None:
    at = moment(event, "context", "timestamp")
    service = posted.service or first_text(content, ("service", "name"), ("service", "id"))
    if is_over:
        heard.ended.append(ended(NAME, subject, service, at, posted.now))
        return
    heard.signals.append(
        alert(NAME, subject, title=text(content, "description") or subject, service=service.rpartition("/")[2],
              severity=severity("major"), began_at=at, now=posted.now,
              labels={"environment": first_text(content, ("environment", "id"))})
    )  # fmt: skip


_CURL = """\
curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/cloudevents+json' {url}/v1/hooks/cdevents -d '{
  "specversion": "1.0", "id": "7c1b", "source": "/ci/1", "type": "dev.cdevents.service.deployed.0.2.0",
  "data": {"subject": {"id": "checkout", "content": {
    "environment": {"id": "production"}, "artifactId": "pkg:oci/checkout@1.4.2"}}}}'
"""

SOURCE = Source(
    name=NAME,
    title="CDEvents and CloudEvents",
    kind=Kind.CHANGES,
    decode=decode,
    content_types=("application/cloudevents+json", "application/cloudevents-batch+json", "application/json"),
    fixture="cdevents.json",
    identify=lambda posted: posted.headers.get("ce-id", ""),
    about="Deploys, upgrades, rollbacks, pipeline runs and incidents; other events are read and ignored.",
    examples=(Example("curl", "sh", _CURL, Proof.DOCUMENTED),),
)
