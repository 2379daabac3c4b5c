"""Which forms does a person have open, and what is on their App Home? View objects, the modal stack of three, hashes.

Source: docs.slack.dev/surfaces/modals, docs.slack.dev/reference/methods/views.open (errors).
"""

from collections import defaultdict
from datetime import datetime

from bot.workspace.identifiers import Identifiers
from bot.workspace.journal import Journal
from bot.workspace.normal import stored_blocks, stored_text
from bot.workspace.refusal import ApiRefusal, Json

STACK_MAX = 3


class ViewBook:
    def __init__(self, journal: Journal, ids: Identifiers) -> None:
        self._ids = ids
        self._stacks: dict[str, list[Json]] = defaultdict(list)
        self._homes = journal.table("home")

    def stack(self, user: str) -> list[Json]:
        """A person's open modals, the topmost last."""
        return list(self._stacks.get(user, ()))

    def top(self, user: str) -> Json | None:
        stack = self._stacks.get(user)
        return stack[-1] if stack else None

    def home(self, app_id: str, user: str) -> Json | None:
        return self._homes.get(f"{app_id}/{user}")

    def open(self, user: str, app: Json, view: Json, now: datetime) -> Json:
        self._refuse_duplicate(app, view, None)
        made = self._make(app, view, now)
        made["root_view_id"] = made["id"]
        self._stacks[user] = [made]
        return made

    def push(self, user: str, app: Json, view: Json, now: datetime) -> Json:
        stack = self._stacks[user]
        if not stack:
            raise ApiRefusal("not_found")
        if len(stack) >= STACK_MAX:
            raise ApiRefusal("push_limit_reached")
        self._refuse_duplicate(app, view, None)
        made = self._make(app, view, now)
        made.update(previous_view_id=stack[-1]["id"], root_view_id=stack[0]["id"])
        stack.append(made)
        return made

    def update(self, view_id: str, app: Json, view: Json, view_hash: str | None, now: datetime) -> tuple[Json, str]:
        """Replace an open view. Give back (view, user who sees it)."""
        found = self.find(view_id)
        if found is None or found[0]["app_id"] != app["id"]:
            raise ApiRefusal("not_found")
        old, user = found
        if view_hash and view_hash != old["hash"]:
            raise ApiRefusal("hash_conflict")
        self._refuse_duplicate(app, view, view_id)
        made = self._make(app, view, now)
        kept = {key: old[key] for key in ("id", "previous_view_id", "root_view_id")}
        kept["external_id"] = view.get("external_id") or old["external_id"]
        kept["state"] = {"values": _kept_state(old, made)}
        old.clear()
        old.update(made, **kept)
        return old, user

    def publish(self, user: str, app: Json, view: Json, view_hash: str | None, now: datetime) -> Json:
        old = self.home(app["id"], user)
        if view_hash and old is not None and view_hash != old["hash"]:
            raise ApiRefusal("hash_conflict")
        made = self._make(app, view, now)
        made["root_view_id"] = made["id"] = old["id"] if old else made["id"]
        return self._homes.put(f"{app['id']}/{user}", made)

    def find(self, view_id: str) -> tuple[Json, str] | None:
        """An open modal or a home by id, with the person who sees it."""
        for user, stack in self._stacks.items():
            for view in stack:
                if view["id"] == view_id:
                    return view, user
        for key, view in self._homes.items():
            if view["id"] == view_id:
                return view, key.partition("/")[2]
        return None

    def id_of_external(self, app_id: str, external_id: str) -> str | None:
        views = [view for stack in self._stacks.values() for view in stack] + self._homes.values()
        mine = (view["id"] for view in views if view["app_id"] == app_id and view["external_id"] == external_id)
        return next(mine, None)

    def close(self, user: str, view_id: str) -> list[Json]:
        """Close one view and what lies above it; give back what was closed, the topmost first."""
        stack = self._stacks[user]
        ids = [view["id"] for view in stack]
        if view_id not in ids:
            return []
        position = ids.index(view_id)
        closed = stack[position:][::-1]
        del stack[position:]
        return closed

    def clear(self, user: str) -> list[Json]:
        closed = self.stack(user)[::-1]
        self._stacks[user] = []
        return closed

    def _refuse_duplicate(self, app: Json, view: Json, own_id: str | None) -> None:
        external_id = view.get("external_id")
        if external_id and self.id_of_external(app["id"], external_id) not in (None, own_id):
            raise ApiRefusal("duplicate_external_id")

    def _make(self, app: Json, view: Json, now: datetime) -> Json:
        blocks = stored_blocks(view.get("blocks") or [], self._ids)
        made: Json = {
            "id": self._ids.id("V"),
            "team_id": app["team_id"],
            "type": view["type"],
            "blocks": blocks,
            "private_metadata": view.get("private_metadata") or "",
            "callback_id": view.get("callback_id") or "",
            "state": {"values": {}},
            "hash": f"{int(now.timestamp())}.{self._ids.secret(8)}",
            "title": stored_text(view.get("title")) or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": bool(view.get("clear_on_close", False)),
            "notify_on_close": bool(view.get("notify_on_close", False)),
            "close": stored_text(view.get("close")),
            "submit": stored_text(view.get("submit")),
            "previous_view_id": None,
            "root_view_id": None,
            "app_id": app["id"],
            "external_id": view.get("external_id") or "",
            "app_installed_team_id": app["team_id"],
            "bot_id": app["bot_id"],
        }
        if view.get("submit_disabled") is not None:
            made["submit_disabled"] = bool(view["submit_disabled"])
        return made


def _kept_state(old: Json, new: Json) -> Json:
    """What was typed stays where block_id and action_id stay the same."""
    fields = {(block["block_id"], e.get("action_id")) for block in new["blocks"] for e in elements_of(block)}
    values: Json = {}
    for block_id, actions in old["state"]["values"].items():
        same = {action_id: value for action_id, value in actions.items() if (block_id, action_id) in fields}
        if same:
            values[block_id] = same
    return values


def elements_of(block: Json) -> list[Json]:
    """Everything in a block that a person can operate (or that has an action_id)."""
    found = [*block.get("elements", ()), *block.get("actions", ())]
    found += [block[key] for key in ("accessory", "element") if isinstance(block.get(key), dict)]
    for child in (*block.get("child_blocks", ()), *(e for e in found if e.get("type") == "card")):
        found += elements_of(child)
    return [element for element in found if isinstance(element, dict) and "action_id" in element]
