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
    """A client of one system, called `name` in what goes wrong. `hints`: status → what to do about it. Raises
    `ConnectorError`, permanent when asking again is of no use."""

    def __init__(self, name: str, client: httpx.Client, hints: Mapping[int, str] | None = None) -> None:
        self._name, self._client, self._hints = name, client, hints or {}

    def get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return self._object(self._answer("GET", path, parameters, None))

    def get_unless(self, path: str, parameters: Mapping[str, str], without: Collection[int]) -> dict[str, Any] | None:
        """None when it answers one of these statuses."""
        found = self.text_unless(path, parameters, without)
        return None if found is None else self._object(found)

    def text_unless(self, path: str, parameters: Mapping[str, str], without: Collection[int]) -> bytes | None:
        """The body as it is; None when it answers one of these statuses."""
        answer = self._response("GET", path, parameters, None, without)
        return None if answer.status_code in without else answer.content

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
        return self._response(method, path, parameters, body, well).content

    def _response(
        self, method: str, path: str, parameters: Mapping[str, str], body: bytes | None, well: Collection[int]
    ) -> httpx.Response:
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            answer = self._client.request(method, path, params=dict(parameters), content=body, headers=headers)
        except httpx.HTTPError as error:
            raise self._problem(
                f"it cannot be reached: {str(error) or type(error).__name__}", permanent=False
            ) from error
        if answer.is_error and answer.status_code not in well:
            later = answer.status_code in LATER
            hint = self._hints.get(answer.status_code, "")
            told = f"it answered {answer.status_code}: {_said(answer)}" + (f"; {hint}" if hint else "")
            raise self._problem(told, permanent=not later)
        if len(answer.content) > BODY_BYTES_MAX:
            raise self._problem(f"its answer is larger than {BODY_BYTES_MAX >> 20} MB", permanent=True)
        return answer

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


def _said(answer: httpx.Response) -> str:
    """Its own words: the `message` of JSON, else the beginning of what it is."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    message = found.get("message") if isinstance(found, dict) else None
    return (message if isinstance(message, str) else answer.text)[:300]
