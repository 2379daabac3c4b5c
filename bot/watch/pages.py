"""How does an address answer? One GET, within its time; only the beginning of what it says is read."""

import httpx

from bot.errors import ConnectorError

TEXT_KB_MAX = 256


class Pages:
    """Fulfils `PageSource`."""

    def look(self, url: str, timeout_s: float) -> tuple[int, str]:
        try:
            with (
                httpx.Client(timeout=timeout_s, follow_redirects=False) as client,
                client.stream("GET", url, headers={"Accept": "*/*"}) as answer,
            ):
                return answer.status_code, _beginning(answer)
        except httpx.HTTPError as error:
            words = f"it does not answer: {str(error) or type(error).__name__}"
            raise ConnectorError(words[:300], permanent=False) from error


def _beginning(answer: httpx.Response) -> str:
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) >= TEXT_KB_MAX * 1024:
            break
    return content[: TEXT_KB_MAX * 1024].decode(errors="replace")
