"""A stage on which Slack, Tocsin and two people stand, with a real git repository to deploy to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.scenarios.deployments import Deployments
from tests.slack.stage import Stage


@pytest.fixture
def deployments(tmp_path: Path) -> Deployments:
    made = Deployments(tmp_path, {"checkout": "1.4.1", "web": "3.0.0"})
    made.commit("checkout", "1.4.2")
    return made


@pytest_asyncio.fixture
async def stage(deployments: Deployments) -> AsyncIterator[Stage]:
    executors = {"shop": deployments.executor}
    async with Stage(executors=executors, **deployments.settings()) as made:
        made.deliver()
        yield made
