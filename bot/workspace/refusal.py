"""How does the workspace say no? One exception that becomes Slack's `{"ok": false, "error": …}`."""

from typing import Any

from bot.errors import TocsinError

Json = dict[str, Any]


class ApiRefusal(TocsinError):
    """A Web API call that is answered `ok: false`.

    `error` is Slack's error name, `extra` is merged into the answer (`needed`, `response_metadata`, …), `status` and
    `headers` belong to the HTTP answer (429 and `Retry-After`, for example).
    """

    def __init__(self, error: str, *, status: int = 200, headers: dict[str, str] | None = None, **extra: Any) -> None:
        self.error, self.status, self.headers, self.extra = error, status, headers or {}, extra
        super().__init__(error)

    def answer(self) -> Json:
        return {"ok": False, "error": self.error, **self.extra}


def invalid_arguments(*messages: str) -> ApiRefusal:
    """Slack's answer to arguments of the wrong shape; each message becomes `[ERROR] message`."""
    return ApiRefusal(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}" for message in messages]}
    )
