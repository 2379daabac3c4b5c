"""Why did a call to Slack fail, and what follows from it?

Error names: docs.slack.dev/reference/methods/chat.postMessage and .../chat.update.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError


class Follow(StrEnum):
    """What follows."""

    WAIT = "wait"  # Slack says how long
    TRY_AGAIN = "try_again"  # it may pass, and it may have taken effect
    MEND_ACCESS = "mend_access"  # nothing goes out until a person has mended the app's access
    JOIN = "join"  # not in the channel
    GONE = "gone"  # the message that was to be changed is no longer there
    DRAW_LESS = "draw_less"  # Slack does not take these blocks
    GIVE_UP = "give_up"  # this will never arrive as it is


_ACCESS = frozenset(
    {
        "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
        "no_permission", "not_allowed_token_type", "org_login_required", "ekm_access_denied", "access_denied",
        "team_access_not_granted", "app_access_restricted", "two_factor_setup_required",
    }
)  # fmt: skip
_PASSING = frozenset(
    {
        "internal_error", "fatal_error", "request_timeout", "service_unavailable", "team_added_to_org",
        "accesslimited", "update_failed", "message_limit_exceeded", "external_channel_migrating",
    }
)  # fmt: skip
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_DRAWN = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_blocks_too_long", "block_mismatch"}
)
_WAIT_DEFAULT = timedelta(seconds=30)

CALL_ERRORS = (SlackApiError, aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a call of slack_sdk raises when it does not succeed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`error` is Slack's own name for it (or the network's); `after` is set for WAIT. `may_have_happened`: no answer
    came that says that it did not. `needed`: the scope that is missing."""

    follow: Follow
    error: str
    after: timedelta = timedelta()
    may_have_happened: bool = False
    needed: str = ""
    details: str = ""


def refusal_of(error: BaseException) -> Refusal:
    if not isinstance(error, SlackApiError):
        return Refusal(Follow.TRY_AGAIN, type(error).__name__, may_have_happened=True, details=str(error))
    status, headers, data = _parts(error.response)
    name = str(data.get("error", "")) or f"http_{status}"
    if status == 429 or name in ("ratelimited", "rate_limited"):
        return Refusal(Follow.WAIT, name, after=_retry_after(headers))
    if status >= 500 or name in _PASSING or not data:
        return Refusal(Follow.TRY_AGAIN, name, may_have_happened=True)
    messages = (data.get("response_metadata") or {}).get("messages") or []
    needed, details = str(data.get("needed", "")), "; ".join(str(line) for line in messages)
    return Refusal(_follow(name), name, needed=needed, details=details)


def _follow(name: str) -> Follow:
    if name in _ACCESS:
        return Follow.MEND_ACCESS
    if name in _GONE:
        return Follow.GONE
    if name in _DRAWN:
        return Follow.DRAW_LESS
    return Follow.JOIN if name == "not_in_channel" else Follow.GIVE_UP


def _parts(response: Any) -> tuple[int, Any, dict[str, Any]]:
    """Status, headers and JSON body, of slack_sdk's response or of aiohttp's (for a body that is no JSON)."""
    status = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    return int(status), getattr(response, "headers", {}), data if isinstance(data, dict) else {}


def _retry_after(headers: Any) -> timedelta:
    """Whole seconds from the header `Retry-After`, exactly as told."""
    told = str(headers.get("Retry-After") or headers.get("retry-after") or "")
    return timedelta(seconds=float(told)) if told.replace(".", "", 1).isdigit() else _WAIT_DEFAULT
