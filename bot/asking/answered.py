"""How is another system asked, and what if it does not answer? In words, and never for ever."""

from collections.abc import Collection, Mapping
from typing import Any

import httpx
import msgspec

from bot.errors import ConnectorError

TIMEOUT_S = 20.0
BODY_BYTES_MAX = 64 << 20
LATER = frozenset((408, 425, 429, 500, 502, 503, 504))


class Asked:
    """A client of one system, called `name` in what goes wrong. Raises `ConnectorError`, permanent when asking again is
    of no use."""

    def __init__(self, name: str, client: httpx.Client) -> None:
        self._name, self._client = name, client

    def get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return self._object(self._answer("GET", path, parameters, None))

    def get_list(self, path: str, parameters: Mapping[str, str]) -> list[Any]:
        found = self._decoded(self._answer("GET", path, parameters, None))
        if not isinstance(found, list):
            raise self._problem("its answer is no JSON array", permanent=True)
        return found

    def post(self, path: str, body: object) -> dict[str, Any]:
        return self._object(self._answer("POST", path, {}, msgspec.json.encode(body)))

    def delete(self, path: str) -> None:
        """What is gone already is well, too."""
        self._answer("DELETE", path, {}, None, well=(404,))

    def _answer(
        self, method: str, path: str, parameters: Mapping[str, str], body: bytes | None, well: Collection[int] = ()
    ) -> bytes:
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            answer = self._client.request(method, path, params=dict(parameters), content=body, headers=headers)
        except httpx.HTTPError as error:
            raise self._problem(
                f"it cannot be reached: {str(error) or type(error).__name__}", permanent=False
            ) from error
        if answer.is_error and answer.status_code not in well:
            later = answer.status_code in LATER
            raise self._problem(f"it answered {answer.status_code}: {answer.text[:200]}", permanent=not later)
        if len(answer.content) > BODY_BYTES_MAX:
            raise self._problem(f"its answer is larger than {BODY_BYTES_MAX >> 20} MB", permanent=True)
        return answer.content

    def _object(self, content: bytes) -> dict[str, Any]:
        found = self._decoded(content)
        if not isinstance(found, dict):
            raise self._problem("its answer is no JSON object", permanent=True)
        return found

    def _decoded(self, content: bytes) -> Any:
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._problem("its answer is no JSON", permanent=True) from error

    def _problem(self, words: str, *, permanent: bool) -> ConnectorError:
        return ConnectorError(words, permanent=permanent, connector=self._name)
