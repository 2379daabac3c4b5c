"""How does a batch get to Tocsin's HTTP side? Again and again, until it is taken."""

import logging
import random
from collections.abc import Mapping
from threading import Event

import httpx

from bot.errors import ConnectorError, InputError

log = logging.getLogger(__name__)

WAIT_S_FIRST = 0.5
WAIT_S_MAX = 60.0
TIMEOUT_S = 60.0
TOO_LARGE = 413
LATER = frozenset((408, 425, 429, 500, 502, 503, 504))


class TooLarge(InputError):
    """The receiver takes no body of this size."""


class Stopped(Exception):  # not an error: somebody asked for it
    """It was told to stop before the batch was taken."""


class Sender:
    """`stop` ends every wait. `tries_max` 0 means for ever."""

    def __init__(self, url: str, token: str, stop: Event, *, tries_max: int = 0) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False)
        self._url, self._stop, self._tries_max = url, stop, tries_max

    def close(self) -> None:
        self._client.close()

    def get(self, path: str) -> httpx.Response:
        """As `post`, for what is only asked."""
        return self._until_taken("GET", path, None, {})

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """The answer, which is 2xx. Raises `TooLarge`, `InputError` when it is refused for good, `Stopped`, and
        `ConnectorError` when `tries_max` tries were in vain."""
        return self._until_taken("POST", path, body, headers)

    def _until_taken(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> httpx.Response:
        wait_s, tries = WAIT_S_FIRST, 0
        while not self._stop.is_set():
            problem, told_s = "", 0.0
            try:
                answer = self._client.request(method, path, content=body, headers=dict(headers))
                if answer.is_success:
                    return answer
                problem, told_s = _judge(answer), _retry_after_s(answer)
            except (httpx.TransportError, httpx.DecodingError) as error:
                problem = f"{self._url} cannot be reached: {error or type(error).__name__}"
            tries += 1
            if tries == self._tries_max:
                raise ConnectorError(problem, permanent=False)
            pause_s = told_s or wait_s * random.uniform(0.5, 1)
            log.warning("%s; trying again in %.1f s", problem, pause_s)
            self._stop.wait(pause_s)
            wait_s = wait_s if told_s else min(WAIT_S_MAX, wait_s * 2)
        raise Stopped


def _judge(answer: httpx.Response) -> str:
    """Why it should be tried again. Raises when that would be no use."""
    words = _words(answer)
    if answer.status_code in LATER:
        return f"{answer.url.host}:{answer.url.port} answered {answer.status_code}: {words}"
    if answer.status_code == TOO_LARGE:
        raise TooLarge(words)
    raise InputError(f"refused ({answer.status_code}): {words}", place=str(answer.url))


def _words(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or answer.reason_phrase


def _retry_after_s(answer: httpx.Response) -> float:
    """Seconds; a date, which nobody here sends, is left to our own pace."""
    value = answer.headers.get("retry-after", "").strip()
    return min(float(value), 10 * WAIT_S_MAX) if value.isdecimal() else 0.0
