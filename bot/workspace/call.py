"""What does one Web API call know? Its app, its token's kind and scopes, its arguments, and the checks they share."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.core import Core
from bot.workspace.method_rules import MethodRule
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.team import kind_of

_SCOPE_WORD = {"channel": "channels", "private": "groups", "im": "im", "mpim": "mpim"}


@dataclass(slots=True)
class Call:
    core: Core
    rule: MethodRule
    arguments: Json
    app: Json = field(default_factory=dict)
    user: str = ""  # who acts: the bot user, or the person of a user token
    scopes: frozenset[str] = frozenset()
    token_kind: str = ""  # bot | user | app | ""
    warnings: list[str] = field(default_factory=list)

    def get(self, name: str, default: Any = None) -> Any:
        value = self.arguments.get(name)
        return default if value is None else value

    def text(self, name: str) -> str:
        return str(self.get(name, ""))

    def channel(self, name: str = "channel", *, member: bool = False, open_only: bool = False) -> Json:
        """The channel that an argument names, if this caller sees it and holds the scope for its kind.

        Raises channel_not_found, missing_scope, not_in_channel (`member`), is_archived (`open_only`).
        """
        channel = self.core.team.channel(self.text(name), seen_by=self.user)
        self.need_scope_for(channel)
        if open_only and channel.get("is_archived"):
            raise ApiRefusal("is_archived")
        if member and not self.core.team.is_member(channel["id"], self.user):
            raise ApiRefusal("not_in_channel")
        return channel

    def need_scope_for(self, channel: Json) -> None:
        """Methods whose scopes differ by kind of conversation need the one of this kind."""
        word = _SCOPE_WORD[kind_of(channel)] + ":"
        fitting = [scope for scope in self.rule.scopes if scope.startswith(word)]
        if fitting and not self.scopes & set(fitting):
            raise self.missing_scope(fitting)

    def missing_scope(self, needed: list[str]) -> ApiRefusal:
        return ApiRefusal("missing_scope", needed=",".join(needed), provided=",".join(sorted(self.scopes)))


Handler = Callable[[Call], Awaitable[Json]]


def page_of(items: list[Any], call: Call, *, default: int = 100, largest: int = 1000) -> tuple[list[Any], str]:
    """One page of a list by `cursor` and `limit`. Raises invalid_limit, invalid_cursor."""
    limit = call.get("limit", default) or default
    if not 0 < limit <= largest:
        raise ApiRefusal("invalid_limit")
    start = decode_cursor(call.text("cursor"), "next") if call.text("cursor") else "0"
    first = int(start)
    more = first + limit < len(items)
    return items[first : first + limit], encode_cursor("next", str(first + limit)) if more else ""


def encode_cursor(kind: str, value: str) -> str:
    return base64.b64encode(f"{kind}:{value}".encode()).decode()


def decode_cursor(cursor: str, kind: str) -> str:
    try:
        known, _, value = base64.b64decode(cursor, validate=True).decode().partition(":")
        if known == kind and float(value) >= 0:
            return value
    except ValueError:
        pass
    raise ApiRefusal("invalid_cursor")
