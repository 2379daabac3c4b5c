"""Are payloads understood that Slack really sent? Recorded ones, and samples of the official SDK for Java."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.slack import asked

REPLAY = "slack/vercel-chat-replay"
SAMPLES = "slack/java-sdk-samples/json-logs/samples/app-backend"


def recorded(shared: Path, kind: str) -> list[dict[str, Any]]:
    """Every recorded webhook body of this `type`, wherever it lies in the fixtures."""
    bodies: list[dict[str, Any]] = []
    for path in sorted((shared / REPLAY).rglob("*.json")):
        bodies += [body for body in _bodies(json.loads(path.read_text())) if body.get("type") == kind]
    return bodies


def _bodies(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [body for item in value for body in _bodies(item)]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("type"), str) and ("trigger_id" in value or "event_id" in value):
        return [value]
    return [body for item in value.values() for body in _bodies(item)]


def test_recorded_presses(shared: Path) -> None:
    bodies = recorded(shared, "block_actions")
    assert bodies
    for body in bodies:
        found = asked.button(body)
        assert found.user == body["user"]["id"]
        assert found.team
        assert found.channel
        assert found.key == body["trigger_id"]


def test_recorded_forms(shared: Path) -> None:
    bodies = recorded(shared, "view_submission")
    assert bodies
    for body in bodies:
        found = asked.form(body)
        assert found.user == body["user"]["id"]
        assert set(found.fields) == set(body["view"]["state"]["values"])


def test_recorded_mentions(shared: Path) -> None:
    bodies = [b for b in recorded(shared, "event_callback") if b["event"]["type"] == "app_mention"]
    assert bodies
    for body in bodies:
        found = asked.mention(body)
        assert found.key == body["event_id"]
        assert found.user
        assert found.channel
        assert "<@" not in found.text


def test_a_message_shortcut_of_the_official_samples(shared: Path) -> None:
    path = shared / SAMPLES / "interactive-components" / "MessageShortcutPayload.json"
    found = asked.shortcut(json.loads(path.read_text()))
    assert found.kind == "shortcut"


@pytest.mark.parametrize(
    ("container", "message", "thread"),
    [
        ({"message_ts": "1.0"}, {"ts": "1.0"}, ""),
        ({"message_ts": "1.0", "thread_ts": "1.0"}, {"ts": "1.0", "thread_ts": "1.0"}, ""),
        ({"message_ts": "2.0", "thread_ts": "1.0"}, {"ts": "2.0", "thread_ts": "1.0"}, "1.0"),
    ],
)
def test_a_root_message_with_replies_is_not_in_a_thread(
    container: dict[str, str], message: dict[str, str], thread: str
) -> None:
    body = {
        "user": {"id": "U1", "team_id": "T1"},
        "trigger_id": "1.2.a",
        "actions": [{"action_id": "a", "value": "7"}],
        "container": container,
        "message": message,
    }
    assert asked.button(body).thread == thread


@pytest.mark.parametrize("private", ["", "not json", "[]", "3", '{"x": 1}'])
def test_a_form_that_remembers_nothing_has_no_channel(private: str) -> None:
    body = {"user": {"id": "U1"}, "team": {"id": "T1"}, "view": {"private_metadata": private, "state": {"values": {}}}}
    assert asked.form(body).channel == ""
