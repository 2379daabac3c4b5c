"""What does a whole object of GitHub look like? `fixtures/github.json` has the examples of GitHub's published OpenAPI
description (api.github.com, 2022-11-28, from npm's @octokit/openapi 23.0.2; MIT), from which the fakes' answers are
made, so that they have every field of the real ones. Four examples did not fit their own schema and were mended: the
teams of a pull request and of an environment, a job's created_at, a commit's files."""

import copy
import json
from pathlib import Path
from typing import Any

from tests.connectors.faulty import Answer

_EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("fixtures").joinpath("github.json").read_text()
)


def example(name: str, /, **told: Any) -> dict[str, Any]:
    """The published example, with what is `told` in its place. Raises `KeyError` when it has no such field."""
    made = copy.deepcopy(_EXAMPLES[name])
    for field, value in told.items():
        if field not in made:
            raise KeyError(f"{name} has no {field}")
        made[field] = value
    return made


def refused(status: int, message: str) -> Answer:
    """GitHub's usual error."""
    return Answer(
        status, {"message": message, "documentation_url": "https://docs.github.com/rest", "status": f"{status}"}
    )
