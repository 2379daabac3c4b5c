"""What does a calendar's address say? Asked over HTTP, within bounds."""

import httpx

from bot.errors import ConnectorError
from bot.oncall.calendar import TEXT_MAX

TIMEOUT_S = 15
REDIRECTS_MAX = 5


def fetch(url: str) -> str:
    """The text at `url`. Raises `ConnectorError`, which does not name the address: it may be a secret."""
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, max_redirects=REDIRECTS_MAX) as client,
            client.stream("GET", url, headers={"Accept": "text/calendar, text/plain;q=0.5"}) as answer,
        ):
            if answer.status_code != 200:
                raise _problem(f"it answers {answer.status_code}")
            return _text(answer)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _problem(f"it cannot be read ({type(error).__name__})") from error


def _text(answer: httpx.Response) -> str:
    body = b""
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > TEXT_MAX:
            raise _problem(f"it is larger than {TEXT_MAX // 1_000_000} MB")
    return body.decode(errors="replace").replace("\0", "")


def _problem(words: str) -> ConnectorError:
    return ConnectorError(words, permanent=False, connector="calendar")
