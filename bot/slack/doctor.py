"""Is everything set up to speak and hear in Slack? Findings, each with what it is for and how to mend it.

The words are in `templates/text/findings.j2`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.settings import Settings
from bot.settings.runbooks import RunbookFolder
from bot.slack.channels import is_channel_id
from bot.slack.client import web_client
from bot.slack.refusals import CALL_ERRORS, refusal_of

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "usergroups:read",
    "users:read",
)
"""Those of `slack-manifest.yaml`."""

SKEW_MAX = timedelta(seconds=60)
"""Slack's signatures are refused when the clocks are 300 s apart."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` and `reason` are keys; `facts` fill their words. A finding that is `ok` may still have a reason."""

    check: str
    ok: bool
    reason: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


async def examine(settings: Settings, clock: Clock, *, base_url: str = "") -> list[Finding]:
    """Asks Slack; changes nothing there. Then what the runbooks' folder has."""
    return [*await _slack(settings, clock, base_url), *_runbooks(settings)]


async def _slack(settings: Settings, clock: Clock, base_url: str) -> list[Finding]:
    if settings.slack.bot_token is None:
        return [Finding("bot_token", False, "missing")]
    client = web_client(settings.slack, base_url=base_url)
    try:
        who = await client.auth_test()
    except CALL_ERRORS as error:
        return [_refused("bot_token", error)]
    facts = {"team": str(who.get("team", "")), "url": str(who.get("url", "")), "user": str(who.get("user", ""))}
    findings = [Finding("bot_token", True, "", facts), _scopes(who.headers), _clock(who.headers, clock.now())]
    findings += await _ways_in(settings, client)
    for name in channels_of(settings):
        findings.append(await _channel(client, name))
    findings.append(_operators(settings))
    return findings


def channels_of(settings: Settings) -> list[str]:
    """Every channel that the settings name, each once."""
    named = [settings.slack.channel, settings.digest.channel, *(s.channel for s in settings.services.values())]
    named += [section.channel for section in settings.oncall.values()]
    named += [step.channel for policy in settings.escalation.values() for step in policy.steps]
    return list(dict.fromkeys(name for name in named if name))


def _scopes(headers: Mapping[str, str]) -> Finding:
    granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}
    lacking = [scope for scope in SCOPES if scope not in granted]
    return Finding("scopes", not lacking, "lacking" if lacking else "", {"scopes": ", ".join(lacking)})


def _clock(headers: Mapping[str, str], now: datetime) -> Finding:
    told = str(headers.get("Date", ""))
    try:
        apart = abs(now - parsedate_to_datetime(told))
    except (ValueError, TypeError):
        return Finding("clock", True, "unknown")
    facts = {"seconds": str(round(apart.total_seconds()))}
    return Finding("clock", apart <= SKEW_MAX, "" if apart <= SKEW_MAX else "apart", facts)


async def _ways_in(settings: Settings, client: AsyncWebClient) -> list[Finding]:
    """Socket Mode with an app token, else HTTP with a signing secret."""
    slack = settings.slack
    if slack.app_token is None:
        return [Finding("way_in", slack.signing_secret is not None, "http" if slack.signing_secret else "missing")]
    try:
        await client.apps_connections_open(app_token=slack.app_token.get_secret_value())
    except CALL_ERRORS as error:
        return [_refused("way_in", error)]
    return [Finding("way_in", True, "socket")]


async def _channel(client: AsyncWebClient, name: str) -> Finding:
    try:
        found = await _found(client, name)
    except CALL_ERRORS as error:
        return _refused("channel", error, channel=name)
    facts = {"channel": name}
    if found is None:
        return Finding("channel", False, "channel_not_found", facts)
    if found.get("is_archived"):
        return Finding("channel", False, "is_archived", facts)
    if found.get("is_member"):
        return Finding("channel", True, "", facts)
    private = bool(found.get("is_private"))
    return Finding("channel", not private, "not_in_channel" if private else "will_join", facts)


async def _found(client: AsyncWebClient, name: str) -> Mapping[str, Any] | None:
    if is_channel_id(name):
        found: Mapping[str, Any] = (await client.conversations_info(channel=name))["channel"]
        return found
    wanted, cursor = name.removeprefix("#"), ""
    while True:
        page = await client.conversations_list(
            types="public_channel,private_channel", limit=1_000, cursor=cursor or None
        )
        for channel in page["channels"]:
            if channel.get("name") == wanted:
                match: Mapping[str, Any] = channel
                return match
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return None


def _operators(settings: Settings) -> Finding:
    named = settings.slack.operators
    return Finding("operators", bool(named), "" if named else "nobody", {"count": str(len(named))})


def _runbooks(settings: Settings) -> list[Finding]:
    """One for the folder, and one for each file that is wrong."""
    if settings.runbooks.folder is None:
        return []
    shelf = RunbookFolder(settings.runbooks.folder, settings.actions).read()
    bad = [Finding("runbook", False, "bad", {"problem": problem}) for problem in shelf.problems]
    return [Finding("runbooks", True, "", {"count": str(len(shelf.runbooks))}), *bad]


def _refused(check: str, error: BaseException, **facts: str) -> Finding:
    refusal = refusal_of(error)
    return Finding(check, False, refusal.error, {"needed": refusal.needed, "details": refusal.details, **facts})
