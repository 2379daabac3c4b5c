"""What does every part of the workspace share? One object with the team, the log, the time and the ways out."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from bot.workspace.delivery import Delivery
from bot.workspace.faults import Faults
from bot.workspace.identifiers import Identifiers
from bot.workspace.journal import Journal
from bot.workspace.limits import RateLimiter
from bot.workspace.live import Live
from bot.workspace.messages import MessageLog
from bot.workspace.refusal import Json
from bot.workspace.sockets import Sockets
from bot.workspace.team import Team
from bot.workspace.tickets import Tickets
from bot.workspace.timing import Timekeeper
from bot.workspace.viewbook import ViewBook

_CALLS_KEPT = 5000


@dataclass(slots=True)
class CallRecord:
    """The recent Web API calls, for tests and the curious."""

    number: int = 0
    kept: deque[Json] = field(default_factory=lambda: deque(maxlen=_CALLS_KEPT))

    def add(self, method: str, arguments: Json, response: Json, at: datetime) -> None:
        self.number += 1
        self.kept.append(
            {"number": self.number, "method": method, "args": arguments, "response": response, "at": at.isoformat()}
        )

    def since(self, number: int) -> list[Json]:
        return [call for call in self.kept if call["number"] > number]


@dataclass(slots=True)
class Core:
    time: Timekeeper
    journal: Journal
    ids: Identifiers
    team: Team
    log: MessageLog
    live: Live
    faults: Faults
    tickets: Tickets
    sockets: Sockets
    delivery: Delivery
    limits: RateLimiter
    views: ViewBook
    calls: CallRecord
    strict: bool
    root_url: str = ""

    def now(self) -> datetime:
        return self.time.now()

    def ts(self) -> str:
        return self.ids.ts(self.time.now())

    def viewers(self, channel: str) -> list[str]:
        return self.team.members_of(channel)

    def show(self, channel: str, event: Json) -> None:
        """Tell the pages of everybody in the channel."""
        if "message" in event:
            event = {**event, "message": dict(event["message"])}  # it may change before a page has read it
        for user in self.viewers(channel):
            self.live.tell(user, event)
