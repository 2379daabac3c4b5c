"""Which log lines does a Loki have since a time? https://grafana.com/docs/loki/latest/reference/loki-http-api/"""

import hashlib
from datetime import datetime, timedelta

import httpx
import msgspec

from bot.asking.answered import Asked
from bot.asking.pulled import LINES_MAX, Pulled
from bot.logs.record import LogRecord
from bot.settings import PullSettings
from bot.sources import loki
from bot.sources.model import Posted

PATH = "/loki/api/v1/query_range"


class LokiPuller:
    def __init__(self, name: str, settings: PullSettings, client: httpx.Client) -> None:
        self._settings, self._asked = settings, Asked(f"pull.{name}", client)

    def pull(self, since: datetime, until: datetime) -> Pulled:
        parameters = {
            "query": self._settings.query,
            "start": str(_ns(since)),
            "end": str(_ns(until)),
            "limit": str(LINES_MAX),
            "direction": "forward",
        }
        body = self._asked.get(PATH, parameters)
        streams = body.get("data", {}).get("result", []) if isinstance(body.get("data"), dict) else []
        posted = Posted(msgspec.json.encode({"streams": streams}), {}, until, service=self._settings.service)
        records = loki.decode(posted).records
        found = {_identity(record): record for record in records}
        is_full = len(records) >= LINES_MAX
        last = max((record.at for record in records), default=until)
        return Pulled(found, last + timedelta(microseconds=1) if is_full else until, is_full)


def _ns(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1_000


def _identity(record: LogRecord) -> str:
    """Loki has none: equal lines of one stream at one time are one, there too."""
    labels = msgspec.json.encode(sorted(record.attributes.items()))
    told = f"{record.at.isoformat()}\0{record.service}\0{record.text}\0".encode("utf-8", "replace") + labels
    return hashlib.blake2b(told, digest_size=12).hexdigest()
