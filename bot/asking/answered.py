"""How is another system asked, and what if it does not answer? In words, and never for ever."""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from bot.errors import ConnectorError

TIMEOUT_S = 20.0
BODY_BYTES_MAX = 64 << 20
LATER = frozenset((408, 425, 429, 500, 502, 503, 504))


class Asked:
    """A client of one system. Raises `ConnectorError`, permanent when asking again is of no use."""

    def __init__(self, name: str, client: httpx.Client) -> None:
        self._name, self._client = name, client

    def get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return self._answer("GET", path, parameters, None)

    def post(self, path: str, body: object) -> dict[str, Any]:
        return self._answer("POST", path, {}, msgspec.json.encode(body))

    def _answer(self, method: str, path: str, parameters: Mapping[str, str], body: bytes | None) -> dict[str, Any]:
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            answer = self._client.request(method, path, params=dict(parameters), content=body, headers=headers)
        except httpx.HTTPError as error:
            raise self._problem(
                f"it cannot be reached: {str(error) or type(error).__name__}", permanent=False
            ) from error
        if answer.is_error:
            later = answer.status_code in LATER
            raise self._problem(f"it answered {answer.status_code}: {answer.text[:200]}", permanent=not later)
        if len(answer.content) > BODY_BYTES_MAX:
            raise self._problem(f"its answer is larger than {BODY_BYTES_MAX >> 20} MB", permanent=True)
        try:
            found = msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._problem("its answer is no JSON", permanent=True) from error
        if not isinstance(found, dict):
            raise self._problem("its answer is no JSON object", permanent=True)
        return found

    def _problem(self, words: str, *, permanent: bool) -> ConnectorError:
        return ConnectorError(words, permanent=permanent, connector=f"pull.{self._name}")
