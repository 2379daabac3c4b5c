"""What does Jenkins say of its builds? The Notification plugin's JSON (https://plugins.jenkins.io/notification/).

A build is a run; one of a job named like a deploy, with a VERSION among its parameters, is a change when it succeeds.
"""

import re

from bot.changes.model import ChangeKind
from bot.errors import InputError
from bot.sources.changing import change, run
from bot.sources.model import Example, Heard, Kind, Posted, Proof, RunState, Source
from bot.sources.received import decoded_object, first_text, labels, moment, text

NAME = "jenkins"
_DEPLOYS = re.compile(r"deploy|release|rollout|rollback", re.IGNORECASE)
_STATES = {"SUCCESS": RunState.SUCCEEDED, "FAILURE": RunState.FAILED, "UNSTABLE": RunState.FAILED,
           "ABORTED": RunState.CANCELLED}  # fmt: skip
ENDED = ("COMPLETED", "FINALIZED")


def decode(posted: Posted) -> Heard:
    body = decoded_object(posted.body)
    job, number = text(body, "name"), text(body, "build", "number")
    if not job or not number:
        raise InputError("it has no 'name' and 'build.number'")
    heard = Heard()
    phase = text(body, "build", "phase")
    state = _STATES.get(text(body, "build", "status")) if phase in ENDED else RunState.RUNNING
    if state is None or phase == "QUEUED":
        heard.ignored += 1
        return heard
    parameters = labels(body, "build", "parameters")
    service = posted.service or next(
        (parameters[name] for name in ("SERVICE", "service", "APP") if parameters.get(name)), job.rpartition("/")[2]
    )
    at = moment(body, "build", "timestamp") or posted.now
    url = first_text(body, ("build", "full_url"), ("build", "url"))
    ended_at = posted.now if phase in ENDED else None
    error = f"build {number} ended as {text(body, 'build', 'status')}" if state is RunState.FAILED else ""
    heard.runs.append(
        run(NAME, f"{job}:{number}", job, service, state, ended_at or at, name=number, started_at=at, ended_at=ended_at,
            error=error, url=url)
    )  # fmt: skip
    version = next((parameters[name] for name in ("VERSION", "version", "TAG") if parameters.get(name)), "")
    if state is RunState.SUCCEEDED and version and _DEPLOYS.search(job):
        kind = ChangeKind.ROLLBACK if "rollback" in job.lower() else ChangeKind.DEPLOY
        heard.changes.append(
            change(f"{job}:{number}", kind, service, posted.now, posted.now, source=NAME, version=version,
                   by=text(body, "build", "userId"), summary=f"{job} #{number}", url=url,
                   environment=parameters.get("ENVIRONMENT", ""))
        )  # fmt: skip
    return heard


_PIPELINE = """\
post {
  success {
    sh 'tocsin change deploy checkout "$VERSION" --url {url} --token "$TOCSIN_TOKEN"'
  }
}
"""

SOURCE = Source(
    name=NAME,
    title="Jenkins (Notification plugin)",
    kind=Kind.CHANGES,
    decode=decode,
    fixture="jenkins.json",
    about="The service is the parameter `SERVICE`, or the job's name; a deploy names its `VERSION`.",
    examples=(
        Example("job → Job Notifications", "sh", "# endpoint, format JSON: {url}/v1/hooks/jenkins/{token}\n",
                Proof.DOCUMENTED),
        Example("Jenkinsfile, without the plugin", "groovy", _PIPELINE, Proof.DOCUMENTED),
    ),
)  # fmt: skip
