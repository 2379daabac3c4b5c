"""How does an address answer? One GET, within its time; only the beginning of what it says is read."""

import time

import httpx

from bot.errors import ConnectorError

TEXT_KB_MAX = 256


class Pages:
    """Fulfils `PageSource`."""

    def look(self, url: str, timeout_s: float) -> tuple[int, str]:
        try:
            until = time.monotonic() + timeout_s
            with (
                httpx.Client(timeout=timeout_s, follow_redirects=False) as client,
                client.stream("GET", url, headers={"Accept": "*/*"}) as answer,
            ):
                return answer.status_code, _beginning(answer, until)
        except httpx.HTTPError as error:
            words = f"it does not answer: {str(error) or type(error).__name__}"
            raise ConnectorError(words[:300], permanent=False) from error


def _beginning(answer: httpx.Response, until: float) -> str:
    """Raises `ConnectorError` for an answer that goes on in drops: httpx only limits the time between two of them."""
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if time.monotonic() > until:
            raise ConnectorError("it does not answer: it takes too long to say it all", permanent=False)
        if len(content) >= TEXT_KB_MAX * 1024:
            break
    return content[: TEXT_KB_MAX * 1024].decode(errors="replace")
