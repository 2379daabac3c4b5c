"""Does the app manifest ask for what Tocsin uses, and for nothing else? Computed from code and Slack's tables."""

import ast
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.method_rules import METHOD_RULES
from tests.conftest import shared_data

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
SPEAKS_SLACK = ("bot/slack", "handlers")
# Scopes of which one is needed for each kind of conversation; Tocsin goes to public channels, private ones it
# was invited to, and direct messages, in which it looks for what it said itself after a crash.
KINDS = ("channels:", "groups:")


@pytest.fixture(scope="module")
def manifest() -> Json:
    loaded: Json = YAML(typ="safe", pure=True).load((ROOT / "slack-manifest.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def methods() -> Json:
    table: Json = json.loads(shared_data("slack", "slack_web_api_methods.json").read_text())
    return table


def used_methods(table: Json) -> set[str]:
    """Web API methods called on a client in the parts that speak Slack (`client.views_open` is `views.open`)."""
    known = {name.replace(".", "_"): [name] for name in table}
    known["files_upload_v2"] = ["files.getUploadURLExternal", "files.completeUploadExternal"]  # the SDK's own helper
    used: set[str] = set()
    for folder in SPEAKS_SLACK:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in known and hasattr(AsyncWebClient, node.attr):
                    used.update(known[node.attr])
    return used


def scopes_for(method: str, table: Json) -> list[set[str]]:
    """What must be held for a method: one of each set."""
    scopes = set(table[method]["scope"].get("bot", ()))
    by_kind = [{scope for scope in scopes if scope.startswith(kind)} for kind in KINDS]
    if method == "conversations.open":
        return [{"im:write"}]
    if method in ("conversations.history", "conversations.replies", "conversations.list"):
        alone = [{"im:history"}] if method == "conversations.history" else []
        return [one for one in by_kind if one] + alone
    return [scopes] if scopes else []


def test_the_manifest_satisfies_slacks_schema(manifest: Json) -> None:
    schema = json.loads(shared_data("slack", "manifest.v2.json").read_text())
    errors = [error.message for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(manifest)]
    assert errors == []


def test_every_scope_is_needed_and_none_is_missing(manifest: Json, methods: Json) -> None:
    events = {event["name"]: event for event in json.loads(shared_data("slack", "slack_events.json").read_text())}
    asked = set(manifest["oauth_config"]["scopes"]["bot"])
    used = used_methods(methods)
    assert {"chat.postMessage", "chat.update", "views.open"} <= used, used
    needs = [need for method in sorted(used) for need in scopes_for(method, methods)]
    for name in manifest["settings"]["event_subscriptions"]["bot_events"]:
        if events[name]["scopes"]:  # app_home_opened needs none; the table says app_mentions.read
            needs.append({scope.replace(".", ":") for scope in events[name]["scopes"]})
    if manifest["features"].get("slash_commands") or manifest["features"].get("shortcuts"):
        needs.append({"commands"})
    assert [need for need in needs if not need & asked] == []
    assert asked - set().union(*needs) == set()


def test_every_method_that_is_used_is_answered_by_the_workspace(methods: Json) -> None:
    from_table = used_methods(methods)
    assert from_table
    from_workspace = set(METHOD_RULES)
    assert from_table <= from_workspace
