"""Is the app's manifest valid, and does it have what the code uses: no scope more, none less?"""

import ast
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.slack.guards import Guards
from bot.slack.marks import EVENTS
from handlers import register
from tests.slack.stage import MANIFEST

ROOT = Path(__file__).parents[2]
BOT_SCOPES = set(MANIFEST["oauth_config"]["scopes"]["bot"])
FOR_EVENTS = {
    "app_mention": {"app_mentions:read"},
    "app_home_opened": set[str](),
    "pin_added": {"pins:read"},
    "pin_removed": {"pins:read"},
    "reaction_added": {"reactions:read"},
    "reaction_removed": {"reactions:read"},
}
USED = {
    "chat.postMessage": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.replies": {"channels:history", "groups:history"},
    "conversations.join": {"channels:join"},
    "conversations.list": {"channels:read", "groups:read"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.open": {"im:write"},
    "conversations.create": {"channels:manage"},
    "conversations.invite": {"channels:manage"},
    "conversations.setTopic": {"channels:manage"},
    "conversations.setPurpose": {"channels:manage"},
    "conversations.archive": {"channels:manage"},
    "conversations.unarchive": {"channels:manage"},
    "pins.add": {"pins:write"},
    "pins.remove": {"pins:write"},
    "users.info": {"users:read"},
    "usergroups.users.list": {"usergroups:read"},
    "chat.getPermalink": set(),
    "auth.test": set(),
    "views.open": set(),
    "views.publish": set(),
    "files.getUploadURLExternal": {"files:write"},
    "files.completeUploadExternal": {"files:write"},
}
"""What each method needs in the conversations Tocsin is in: public and private channels, and direct messages to one."""


class Recorder(Guards):
    """Notes what is registered."""

    def __init__(self) -> None:
        self.commands: set[str] = set()
        self.shortcuts: set[str] = set()
        self.events: set[str] = set()

    def command(self, name: str, handler: Any, *, acts: bool = False) -> None:
        self.commands.add(name)

    def shortcut(self, callback: str, handler: Any) -> None:
        self.shortcuts.add(callback)

    def mention(self, handler: Any) -> None:
        self.events.add("app_mention")

    def home(self, handler: Any) -> None:
        self.events.add("app_home_opened")

    def marks(self) -> None:
        self.events |= set(EVENTS)

    def button(self, action: Any, handler: Any, *, acts: bool = False) -> None: ...
    def form(self, callback: str, handler: Any, *, acts: bool = False) -> None: ...


@pytest.fixture
def registered() -> Recorder:
    recorder = Recorder()
    register(recorder)
    return recorder


def test_slack_would_take_the_manifest(shared: Path) -> None:
    schema = json.loads((shared / "slack" / "manifest.v2.json").read_text())
    errors = [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(MANIFEST)]
    assert errors == []


def test_commands_shortcuts_and_events_are_those_that_are_answered(registered: Recorder) -> None:
    features, settings = MANIFEST["features"], MANIFEST["settings"]
    assert {c["command"] for c in features["slash_commands"]} == registered.commands
    assert {s["callback_id"] for s in features["shortcuts"]} == registered.shortcuts
    assert set(settings["event_subscriptions"]["bot_events"]) == registered.events
    assert settings["socket_mode_enabled"]


def called_methods() -> set[str]:
    """The Web API methods that the code calls: `client.chat_postMessage(…)` is chat.postMessage."""
    found = set()
    for path in [*(ROOT / "bot" / "slack").glob("*.py"), *(ROOT / "handlers").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                group, _, name = node.func.attr.partition("_")
                if group in (
                    "chat",
                    "conversations",
                    "users",
                    "views",
                    "auth",
                    "apps",
                    "bots",
                    "files",
                    "team",
                    "usergroups",
                    "pins",
                    "reactions",
                ):
                    found.add(f"{group}.{name}".replace("_", "."))
    if "files.upload.v2" in found:  # the library's name for two calls
        found |= {"files.getUploadURLExternal", "files.completeUploadExternal"}
    return found - {"apps.connections.open", "files.upload.v2"}


def test_every_method_that_is_called_has_its_scopes_and_no_scope_is_asked_for_in_vain(shared: Path) -> None:
    assert called_methods() <= set(USED)
    methods = json.loads((shared / "slack" / "slack_web_api_methods.json").read_text())
    for method in called_methods():
        assert USED[method] <= set(methods[method]["scope"].get("bot", [])), method
    needed = {scope for method in called_methods() for scope in USED[method]}
    for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]:
        needed |= FOR_EVENTS[event]
    needed.add("commands")
    assert needed == BOT_SCOPES


def test_every_event_has_its_scope(shared: Path) -> None:
    events = {e["name"]: e for e in json.loads((shared / "slack" / "slack_events.json").read_text())}
    for event, scopes in FOR_EVENTS.items():
        assert scopes <= {scope.replace(".", ":") for scope in events[event]["scopes"]}
        assert bool(scopes) == bool(events[event]["scopes"])
