"""How is a Web API call answered? Faults, token, scopes, rate and arguments are checked, then the method runs."""

import asyncio
import hmac
import json
from typing import Any

from aiohttp import web

from bot.workspace.arguments import check_arguments, read_request
from bot.workspace.call import Call
from bot.workspace.core import Core
from bot.workspace.faults import Fault
from bot.workspace.method_rules import METHOD_RULES, MethodRule
from bot.workspace.methods import HANDLERS
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.sockets import abort

_TOKENLESS = frozenset({"api.test", "oauth.v2.access", "blocks.validate"})
_APP_TOKEN = frozenset({"apps.connections.open", "apps.event.authorizations.list"})
_BOT_ONLY = frozenset({"views.publish", "views.open", "views.push", "views.update"})
_HANG_S = 600.0


class Api:
    def __init__(self, core: Core) -> None:
        self._core = core

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        spoiled = await self._spoil(request, method, "before")
        if spoiled is not None:
            return spoiled
        call = Call(self._core, METHOD_RULES.get(method, _UNKNOWN), {})
        try:
            status, headers, answer = 200, {}, await self._answer(request, method, call)
        except ApiRefusal as refusal:
            status, headers, answer = refusal.status, refusal.headers, refusal.answer()
        self._core.calls.add(method, call.arguments, answer, self._core.now())
        spoiled = await self._spoil(request, method, "after")
        return spoiled or _response(answer, status, {**headers, **_scope_headers(call)})

    async def _answer(self, request: web.Request, method: str, call: Call) -> Json:
        handler = HANDLERS.get(method)
        if handler is None or call.rule is _UNKNOWN:
            raise ApiRefusal("unknown_method", req_method=method)
        self._strike_answer(method)
        raw, header_token, warning = await read_request(request, call.rule)
        token = header_token or (None if method in _APP_TOKEN else raw.get("token"))
        self._identify(call, method, token)
        self._core.limits.check(call.rule, call.app.get("id", ""), raw)
        call.arguments = {key: value for key, value in raw.items() if key != "token"}
        call.arguments = check_arguments(call.rule, raw, strict=self._core.strict)
        call.arguments.pop("token", None)
        answer: Json = {"ok": True, **await handler(call)}
        if warning:
            metadata = answer.setdefault("response_metadata", {})
            answer["warning"] = ",".join(filter(None, (answer.get("warning"), warning)))
            metadata["warnings"] = [*metadata.get("warnings", ()), warning]
        return answer

    def _identify(self, call: Call, method: str, token: str | None) -> None:
        """Find the app and user of a token and check its kind and scopes."""
        if not token:
            if method in _TOKENLESS:
                return
            raise ApiRefusal("not_authed")
        found = self._owner(token)
        if found is None:
            if method in _TOKENLESS:
                return
            raise ApiRefusal("invalid_auth")
        call.app, call.user, call.token_kind, call.scopes = found
        if (method in _APP_TOKEN) != (call.token_kind == "app") and method not in {*_TOKENLESS, "auth.test"}:
            raise ApiRefusal("not_allowed_token_type")
        if method in _BOT_ONLY and call.token_kind == "user":
            raise ApiRefusal("not_allowed_token_type")
        if call.rule.scopes and not call.scopes & set(call.rule.scopes):
            raise call.missing_scope(list(call.rule.scopes))

    def _owner(self, token: str) -> tuple[Json, str, str, frozenset[str]] | None:
        for app in self._core.team.apps.values():
            if app["bot_token"] and _same(token, app["bot_token"]):
                return app, app["bot_user"], "bot", frozenset(app["scopes"])
            if _same(token, app["app_token"]):
                return app, app["bot_user"], "app", frozenset({"connections:write", "authorizations:read"})
            for known, grant in app["user_tokens"].items():
                if _same(token, known):
                    return app, grant["user"], "user", frozenset(grant["scopes"])
        return None

    def _strike_answer(self, method: str) -> None:
        """Faults that look like an answer of Slack."""
        fault = self._core.faults.strike(method, "ratelimited", "error")
        if fault is None:
            return
        if fault.kind == "ratelimited":
            raise ApiRefusal("ratelimited", status=429, headers={"Retry-After": str(fault.retry_after)})
        raise ApiRefusal(fault.error)

    async def _spoil(self, request: web.Request, method: str, when: str) -> web.StreamResponse | None:
        """Faults of the transport, before the call takes effect or after."""
        slow = self._core.faults.strike(method, "latency", when=when)
        if slow is not None:
            await self._core.time.sleep(slow.ms / 1000)
        fault = self._core.faults.strike(method, "outage", "reset", "status", "hang", when=when)
        return await break_request(request, fault) if fault is not None else None


async def break_request(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case "hang":
            await asyncio.sleep(_HANG_S)
        case "status":
            return web.Response(status=fault.status, text="upstream connect error", content_type="text/html")
    abort(request.transport)
    raise web.HTTPServiceUnavailable  # nobody reads it any more


_UNKNOWN = MethodRule("", "POST", True, "t4", (), ())


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _scope_headers(call: Call) -> dict[str, str]:
    headers = {"x-accepted-oauth-scopes": ",".join(call.rule.scopes)} if call.rule.scopes else {}
    return {**headers, "x-oauth-scopes": ",".join(sorted(call.scopes))} if call.app else headers


def _response(answer: Any, status: int, headers: dict[str, str]) -> web.Response:
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    headers["x-slack-backend"] = "local-workspace (a simulation)"
    return web.Response(text=text, status=status, content_type="application/json", charset="utf-8", headers=headers)
