"""How does the shop tell Tocsin of its changes? As bodies for `POST /v1/changes`; the key makes each one known once."""

from datetime import datetime

from bot.demo.deployments import Release
from bot.demo.shop import MODEL, PIPELINE, Service

SOURCE = "demo shop"


def deployed(release: Release, previous: str, service: Service, *, is_back: bool) -> dict[str, object]:
    """A version went out. `is_back`: to one that ran before. The key is the commit: all who tell of it know it."""
    return {
        "key": release.revision,
        "kind": "rollback" if is_back else "deploy",
        "service": release.service,
        "version": release.version,
        "previous": previous,
        "by": release.by,
        "summary": release.subject,
        "environment": "production",
        "source": SOURCE,
        "attributes": {"file": service.file, "revision": release.revision},
    }


def pipeline_run(at: datetime) -> dict[str, object]:
    """The hourly pipeline has run."""
    partition = at.strftime("%Y-%m-%dT%H:%M")
    return {
        "key": f"{PIPELINE} {at.isoformat(timespec='seconds')}",
        "kind": "pipeline_run",
        "service": PIPELINE,
        "version": partition,
        "by": "scheduler",
        "summary": f"{PIPELINE} loaded the orders up to {partition}",
        "environment": "production",
        "source": SOURCE,
    }


def model_version(at: datetime) -> dict[str, object]:
    """The recommender's present model went live."""
    version = at.strftime("%Y.%m.%d")
    return {
        "key": f"{MODEL} {version}",
        "kind": "model_version",
        "service": MODEL,
        "version": version,
        "by": "nightly training",
        "summary": f"{MODEL} {version} is live, recall at 20 is 0.31",
        "environment": "production",
        "source": SOURCE,
    }
