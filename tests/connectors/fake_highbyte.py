"""As much of HighByte Intelligence Hub's REST Data Server as a pipeline with an API Trigger needs. Made from HighByte's
guide ("API Triggers", "REST Data API"); the path of a value is as its Swagger page has it. No real hub was there."""

import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "DataSvr.not-a-real-token-1"
SCHEMA = {
    "type": "object",
    "properties": {
        "hours": {"type": "number"},
        "line": {"type": "string", "default": "7", "enum": ["7", "8"]},
        "dry": {"type": "boolean", "default": False},
    },
    "required": ["hours"],
}


class FakeHighbyte:
    """RefillLine7 keeps the header Tocsin-Run of what it did; RefilledLine7 answers whether it did that."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.bodies: list[Any] = []

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Unauthorized"})
        found = re.fullmatch(r"/data/v1/pipelines/(RefillLine7|RefilledLine7)/(params|value)", asked.path)
        if not found:
            return Answer(404, {"message": "The pipeline does not exist"})
        if found[2] == "params":
            return Answer(200, SCHEMA if found[1] == "RefillLine7" else {})
        if found[1] == "RefilledLine7":
            return Answer(200, [{"rows": 12}] if asked.body["tocsin_key"] in self.effects else [])
        if not isinstance(asked.body.get("hours"), (int, float)):
            return Answer(400, {"message": "hours: a number was expected"})
        self.effects.append(asked.headers["Tocsin-Run"])
        self.bodies.append(asked.body)
        return Answer(200, [{"rows": 12}])
