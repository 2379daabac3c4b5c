"""What do series of Prometheus say? Range queries over its HTTP API (/api/v1/query_range)."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.checks.declared import SERIES_MAX, PrometheusSettings
from bot.engine.watch_ports import ReadSeries
from bot.errors import ConnectorError

POINTS_MAX = 11_000
"""Prometheus refuses more of one series in one query."""


class Prometheus:
    """Fulfils `SeriesSource`."""

    def __init__(self, name: str, settings: PrometheusSettings) -> None:
        self._name = name
        headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"} if settings.token else {}
        self._client = httpx.Client(base_url=settings.url.rstrip("/"), headers=headers, timeout=settings.timeout_s)

    def close(self) -> None:
        self._client.close()

    def read(self, query: str, since: datetime, until: datetime, step: timedelta) -> list[ReadSeries]:
        seconds = step.total_seconds()
        first = math.floor(since.timestamp() / seconds) * seconds + seconds
        last = math.floor(until.timestamp() / seconds) * seconds
        if first > last:
            return []
        first = max(first, last - (POINTS_MAX - 1) * seconds)
        asked = {"query": query, "start": f"{first:.3f}", "end": f"{last:.3f}", "step": f"{seconds:g}"}
        found = self._asked(asked)
        if found.get("resultType") != "matrix":
            raise ConnectorError("the answer is no range of series", permanent=True, connector=self._name)
        return [self._series(one) for one in found.get("result", [])[:SERIES_MAX]]

    def _asked(self, asked: dict[str, str]) -> dict[str, Any]:
        try:
            answer = self._client.post("/api/v1/query_range", data=asked)
            body = answer.json()
        except httpx.HTTPError as error:
            raise ConnectorError(f"it cannot be reached: {error}", permanent=False, connector=self._name) from error
        except ValueError as error:
            words = f"its answer ({answer.status_code}) is not JSON; is this Prometheus?"
            raise ConnectorError(words, permanent=False, connector=self._name) from error
        if not isinstance(body, dict) or body.get("status") != "success":
            words = str(body.get("error", body) if isinstance(body, dict) else body)[:300]
            raise ConnectorError(words, permanent=answer.status_code in (400, 422), connector=self._name)
        data = body.get("data")
        return data if isinstance(data, dict) else {}

    def _series(self, one: dict[str, Any]) -> ReadSeries:
        labels = {str(name): str(value) for name, value in one.get("metric", {}).items()}
        points = [(datetime.fromtimestamp(float(at), UTC), float(value)) for at, value in one.get("values", [])]
        return ReadSeries(labels, [(at, value) for at, value in points if math.isfinite(value)])
