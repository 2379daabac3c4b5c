"""What did someone ask for? Slack's payloads as one plain value.

Shapes: docs.slack.dev/interactivity/handling-user-interaction and .../apis/events-api.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.people import Person

NOBODY = Person("", "")


@dataclass(frozen=True, slots=True)
class Asked:
    """`key` is the same when Slack delivers it again. `text`: what was typed (after a command, in a message). `value`:
    of a button or menu entry; of a shortcut, its message's `ts`. `fields`: what was filled into a form, by the names of
    its inputs. `channel`: where it was asked (for a form, where it was opened); '' for a global shortcut. `remembered`:
    what a form was given to remember. `is_home`: pressed on the App Home. `author` and `link`:
    of a shortcut's message, its user id and address. `mentioned`: how people are called in `text`
    ("@ana") → their user ids. `people`: user id → who that is, of everybody who is mentioned or chosen in the form."""

    kind: str
    key: str
    team: str
    user: str
    channel: str = ""
    thread: str = ""
    command: str = ""
    text: str = ""
    value: str = ""
    trigger: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, str] = field(default_factory=dict)
    person: Person = NOBODY
    is_home: bool = False
    author: str = ""
    link: str = ""
    mentioned: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)


def command(body: Mapping[str, Any]) -> Asked:
    text, mentioned = spoken(str(body.get("text") or "").strip())
    return Asked(
        kind="command",
        key=_key(body),
        team=str(body["team_id"]),
        user=str(body["user_id"]),
        channel=str(body["channel_id"]),
        thread=str(body.get("thread_ts") or ""),
        command=str(body["command"]),
        text=text,
        trigger=str(body["trigger_id"]),
        mentioned=mentioned,
    )


def button(body: Mapping[str, Any]) -> Asked:
    action = body["actions"][0]
    chosen = action.get("selected_option") or {}
    container = body.get("container") or {}
    message = body.get("message") or {}
    return Asked(
        kind="button",
        key=_key(body),
        team=_team(body),
        user=str(body["user"]["id"]),
        channel=str((body.get("channel") or {}).get("id") or container.get("channel_id") or ""),
        thread=_thread(container, message),
        value=str(chosen.get("value") or action.get("value") or ""),
        trigger=str(body["trigger_id"]),
        is_home=(body.get("view") or {}).get("type") == "home",
    )


def shortcut(body: Mapping[str, Any]) -> Asked:
    """A global one, or one on a message: then `text` is what the message says."""
    return Asked(
        kind="shortcut",
        key=_key(body),
        team=_team(body),
        user=str(body["user"]["id"]),
        channel=str((body.get("channel") or {}).get("id") or ""),
        text=str((body.get("message") or {}).get("text") or ""),
        value=str((body.get("message") or {}).get("ts") or ""),
        author=str((body.get("message") or {}).get("user") or ""),
        trigger=str(body["trigger_id"]),
    )


def form(body: Mapping[str, Any]) -> Asked:
    view = body["view"]
    values = (view.get("state") or {}).get("values") or {}
    remembered = _remembered(str(view.get("private_metadata") or ""))
    entered: dict[str, Mapping[str, Any]] = {name: next(iter(inputs.values()), {}) for name, inputs in values.items()}
    chosen = [str(state["selected_user"]) for state in entered.values() if state.get("selected_user")]
    return Asked(
        kind="form",
        key=_key(body),
        team=_team(body),
        user=str(body["user"]["id"]),
        channel=remembered.get("channel", ""),
        remembered=remembered,
        fields={name: _value(state) for name, state in entered.items()},
        trigger=str(body.get("trigger_id") or ""),
        mentioned={user: user for user in chosen},
    )


def mention(body: Mapping[str, Any]) -> Asked:
    """`text` is without the mention itself."""
    event = body["event"]
    words = str(event.get("text") or "").split()
    return Asked(
        kind="event",
        key=str(body.get("event_id") or _key(body)),
        team=str(event.get("user_team") or event.get("team") or body.get("team_id") or ""),
        user=str(event.get("user") or ""),
        channel=str(event["channel"]),
        thread=str(event.get("thread_ts") or ""),
        text=" ".join(word for word in words if not word.startswith("<@")),
    )


def home_opened(body: Mapping[str, Any]) -> Asked:
    """`text` names the tab: "home" or "messages"."""
    event = body["event"]
    return Asked(
        kind="home",
        key=str(body.get("event_id") or _key(body)),
        team=str(body.get("team_id") or ""),
        user=str(event["user"]),
        text=str(event.get("tab") or ""),
    )


def remember(channel: str, **more: str) -> str:
    """What a form is given to remember: where it was opened, and what it is about."""
    return json.dumps({"channel": channel, **more}, ensure_ascii=False)


_ENTITY = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")


def spoken(text: str) -> tuple[str, dict[str, str]]:
    """A command's text as it was typed, and who is meant by each "@name" in it: with `should_escape` in the manifest
    Slack sends `<@U1|ana>`, `<#C1|general>` and `<https://…>`, and `&`, `<`, `>` as entities."""
    mentioned: dict[str, str] = {}

    def typed(found: re.Match[str]) -> str:
        sigil, target, label = found.groups()
        if sigil == "@":
            name = f"@{label or target}"
            mentioned[name] = target
            return name
        return f"#{label or target}" if sigil == "#" else target

    shown = _ENTITY.sub(typed, text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), mentioned


def _remembered(private: str) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(private).items()}
    except (ValueError, AttributeError):
        return {}


def _value(state: Mapping[str, Any]) -> str:
    chosen = state.get("selected_option") or {}
    return str(chosen.get("value") or state.get("selected_user") or state.get("value") or "")


def _thread(container: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    """The thread in which the pressed message stands; '' for a root message, which names itself once it has replies."""
    thread = str(container.get("thread_ts") or message.get("thread_ts") or "")
    return "" if thread == str(container.get("message_ts") or message.get("ts") or "") else thread


def _team(body: Mapping[str, Any]) -> str:
    """The person's own team, also when they come from another workspace."""
    return str(body["user"].get("team_id") or (body.get("team") or {}).get("id") or "")


def _key(body: Mapping[str, Any]) -> str:
    """A trigger is made for one interaction; without one, the payload itself."""
    trigger = body.get("trigger_id")
    if trigger:
        return str(trigger)
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
