"""Which log lines does an Elasticsearch (or OpenSearch) have since a time?

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search, sorted by time, from where it was.
"""

from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.asking.answered import Asked
from bot.asking.pulled import LINES_MAX, Pulled
from bot.logs.parse import LineParser
from bot.logs.record import LogRecord
from bot.settings import PullSettings
from bot.sources.bulk import service_of_document
from bot.sources.received import objects


class ElasticsearchPuller:
    def __init__(self, name: str, settings: PullSettings, client: httpx.Client) -> None:
        self._settings, self._asked = settings, Asked(f"pull.{name}", client)

    def pull(self, since: datetime, until: datetime) -> Pulled:
        between = {"range": {"@timestamp": {"gte": since.isoformat(), "lt": until.isoformat()}}}
        asked = {"query_string": {"query": self._settings.query or "*"}}
        body = self._asked.post(
            f"/{self._settings.index or '_all'}/_search",
            {
                "size": LINES_MAX,
                "sort": [{"@timestamp": "asc"}],
                "query": {"bool": {"filter": [between, asked]}},
                "track_total_hits": False,
            },
        )
        hits = [hit for _, hit in objects(body, "hits", "hits", most=LINES_MAX)]
        found = {
            f"{hit.get('_index')}/{hit.get('_id')}": record for hit in hits if (record := self._record(hit, until))
        }
        is_full = len(hits) >= LINES_MAX
        last = max((record.at for record in found.values()), default=until)
        return Pulled(found, last + timedelta(milliseconds=1) if is_full else until, is_full)

    def _record(self, hit: Any, until: datetime) -> LogRecord | None:
        source = hit.get("_source")
        if not isinstance(source, dict):
            return None
        service = service_of_document(source, str(hit.get("_index", "")), self._settings.service)
        return LineParser(service, fallback_at=until).parse_fields(source).record
