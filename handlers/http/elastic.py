"""What do the shippers of Elasticsearch ask before they send? Who is there, and may it be used.

Filebeat, Logstash and Elastic's clients read the version at `/` and look for the product header; rsyslog asks for the
cluster's health. There is nothing behind these answers but `_bulk`: no index, no search.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.settings import Settings
from handlers.http.access import admit
from handlers.http.replies import elastic_answer

VERSION = "8.17.0"
"""What Filebeat and Logstash 8, and clients of 7.14 and later accept."""
TAGLINE = "You Know, for Search"
WHO = {
    "name": "tocsin",
    "cluster_name": "tocsin",
    "cluster_uuid": "tocsin",
    "version": {
        "number": VERSION,
        "build_flavor": "default",
        "lucene_version": "9.12.0",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    },
    "tagline": TAGLINE,
}
LICENSE = {"license": {"status": "active", "type": "basic", "mode": "basic", "uid": "tocsin"}}
HEALTH = {"cluster_name": "tocsin", "status": "green", "timed_out": False, "number_of_nodes": 1}


@dataclass(frozen=True, slots=True)
class Handshake:
    settings: Settings

    async def license(self, request: Request) -> Response:
        admit(request, self.settings.http)
        return elastic_answer(LICENSE, request.headers.get("accept", ""))

    async def health(self, request: Request) -> Response:
        admit(request, self.settings.http)
        return elastic_answer(HEALTH, request.headers.get("accept", ""))

    def routes(self) -> list[Route]:
        return [
            Route("/_license", self.license),
            Route("/_cluster/health", self.health),
            Route("/_cat/health", self.health),
        ]
