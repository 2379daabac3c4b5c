"""What may an app still do with what it was handed? Trigger ids (3 s, one use) and response URLs (30 min, five uses).

Source: docs.slack.dev/interactivity/handling-user-interaction.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.workspace.identifiers import Identifiers
from bot.workspace.refusal import ApiRefusal, invalid_arguments
from bot.workspace.timing import Timekeeper

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5
_TRIGGER_FORMAT = re.compile(r"\d+\.\d+\.[0-9a-f]{32}")
_KEPT = 10_000  # tickets remembered at most, the oldest go first


@dataclass(slots=True)
class Trigger:
    app_id: str
    user: str
    issued_at: datetime
    view_id: str | None = None  # the modal the person was in, for views.push
    used: bool = False


@dataclass(slots=True)
class ResponseTicket:
    app_id: str
    user: str
    channel: str
    issued_at: datetime
    message_ts: str | None = None  # the message whose button was pressed
    is_ephemeral: bool = False
    thread_ts: str | None = None
    uses: int = field(default=0)


class Tickets:
    def __init__(self, time: Timekeeper, ids: Identifiers) -> None:
        self._time, self._ids = time, ids
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseTicket] = {}

    def trigger(self, app_id: str, user: str, view_id: str | None = None) -> str:
        trigger_id = f"{self._ids.number()}.{self._ids.number()}.{self._ids.hex(32)}"
        self._triggers[trigger_id] = Trigger(app_id, user, self._time.now(), view_id)
        _forget_oldest(self._triggers)
        return trigger_id

    def redeem(self, trigger_id: str | None, app_id: str) -> Trigger:
        """Use a trigger id up. Raises what views.open would."""
        if not trigger_id or not _TRIGGER_FORMAT.fullmatch(trigger_id):
            raise invalid_arguments("invalid `trigger_id` [json-pointer:/trigger_id]")
        trigger = self._triggers.get(trigger_id)
        if trigger is None or trigger.app_id != app_id:
            raise ApiRefusal("invalid_trigger_id")
        if trigger.used:
            raise ApiRefusal("exchanged_trigger_id")
        if self._time.now() - trigger.issued_at > TRIGGER_LIFE:
            raise ApiRefusal("expired_trigger_id")
        trigger.used = True
        return trigger

    def response(self, ticket: ResponseTicket) -> str:
        """The path below the server's root that answers this interaction."""
        path = f"/{ticket.app_id}/{self._ids.number()}/{self._ids.secret(24)}"
        self._responses[path] = ticket
        _forget_oldest(self._responses)
        return path

    def use_response(self, path: str) -> ResponseTicket:
        """Count one use. Raises `expired_url` or `used_url`, or `invalid_url` for what was never handed out."""
        ticket = self._responses.get(path)
        if ticket is None:
            raise ApiRefusal("invalid_url", status=404)
        if self._time.now() - ticket.issued_at > RESPONSE_LIFE:
            raise ApiRefusal("expired_url", status=404)
        if ticket.uses >= RESPONSE_USES:
            raise ApiRefusal("used_url", status=404)
        ticket.uses += 1
        return ticket


def _forget_oldest(tickets: dict[str, Trigger] | dict[str, ResponseTicket]) -> None:
    while len(tickets) > _KEPT:
        del tickets[next(iter(tickets))]
