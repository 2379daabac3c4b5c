"""Can the story be played without people? Ana acknowledges and rolls back, Ben says yes, the service recovers.

Each step follows from what stands in the channel, not from what was done before: killed at any moment and started
again, the players go on from there, and a press whose answer was lost is made again only if nothing came of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from bot.clock import Clock
from bot.demo.channel import Button, Channel, Shown
from bot.demo.pace import Pace

PRESS_AGAIN_AFTER = timedelta(seconds=6)
ROLLBACKS_MAX = 3

Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """What is waited for, and for how long at most."""

    name: str
    patience: timedelta


@dataclass
class Play:
    """Give it the channel again and again (`look`) until it answers with an exit code. `ana` and `ben` are the channel
    as each of them sees it, `is_well` says whether the shop shows no fault; `problem` says why the play failed."""

    ana: Channel
    ben: Channel
    is_well: Callable[[], bool]
    pace: Pace
    clock: Clock
    tell: Tell
    problem: str = ""
    _step: Step | None = None
    _since: datetime | None = None
    _pressed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _rollbacks: int = 0

    async def look(self, messages: list[Shown]) -> int | None:
        """Does the next thing that people would do. 0: recovered; 1: it will not, see `problem`; None: not yet."""
        now = self.clock.now()
        incident = _incident(messages)
        step = self._next(incident, messages)
        if step is None:
            self.tell("story", "The service has recovered. That was the story.")
            return 0
        if self._step is None or step.name != self._step.name:
            self._step, self._since = step, now
        await self._act(incident, messages, now)
        if not self.problem and self._since and now - self._since > step.patience:
            self.problem = f"waited {step.patience.total_seconds():.0f} s for {step.name}"
        if self.problem:
            self.tell("story", f"This did not go as it should: {self.problem}. Last seen:\n{_last(messages)}")
            return 1
        return None

    def _next(self, incident: Shown | None, messages: list[Shown]) -> Step | None:
        """What is waited for now; None when all is done."""
        windows = timedelta(seconds=self.pace.window_s)
        if incident is None or (incident.button("incident.reopen") and not self.is_well()):
            delay = timedelta(seconds=self.pace.bad_deploy_after_s)
            return Step("an incident in the channel", delay + 6 * windows + timedelta(seconds=90))
        if incident.button("incident.reopen"):
            if "recovered" not in incident.gist:
                self.problem = f"the incident ended otherwise: {incident.gist}"
            return None if not self.problem else Step("the end", windows)
        if incident.button("incident.acknowledge"):
            return Step("Ana's acknowledgement to show", timedelta(seconds=45))
        if _plan(messages):
            return Step("Ben's yes to show", timedelta(seconds=45))
        if incident.button("incident.roll_back"):
            return Step("the plan in the thread", timedelta(seconds=60))
        return Step("the incident to turn to recovered", 12 * windows + timedelta(seconds=90))

    async def _act(self, incident: Shown | None, messages: list[Shown], now: datetime) -> None:
        if incident is None:
            return
        plan = _plan(messages)
        if acknowledge := incident.button("incident.acknowledge"):
            await self._press("Ana", self.ana, incident, acknowledge, now)
        elif plan and (approve := plan.button("run.approve")):
            await self._press("Ben", self.ben, plan, approve, now)
        elif roll_back := incident.button("incident.roll_back"):
            if self._rollbacks >= ROLLBACKS_MAX:
                self.problem = f"{ROLLBACKS_MAX} rollbacks were asked for, and none helped"
            elif await self._press("Ana", self.ana, incident, roll_back, now):
                self._rollbacks += 1

    async def _press(self, name: str, view: Channel, message: Shown, button: Button, now: datetime) -> bool:
        """Presses, unless that was done a moment ago. A press that fails is made again later, if it is still wanted."""
        key = (message.ts, button.action_id)
        last = self._pressed.get(key)
        if last is not None and now - last < PRESS_AGAIN_AFTER:
            return False
        self._pressed[key] = now
        self.tell(name, f"presses “{button.label}”")
        return await _tried(view.press(message, button), lambda why: self.tell(name, f"gets no answer: {why}"))


async def _tried(press: Awaitable[None], failed: Callable[[str], None]) -> bool:
    try:
        await press
    except (httpx.HTTPError, AssertionError) as error:
        failed(str(error)[:200] or type(error).__name__)
        return False
    return True


_ON_INCIDENTS = ("incident.why", "incident.resolve")
"""One of these stands on every incident's message: the first until somebody is on it and when it is over, the second
between."""


def _incident(messages: list[Shown]) -> Shown | None:
    """The newest incident's message."""
    found = [m for m in messages if not m.is_reply and not m.only_for_me and any(map(m.button, _ON_INCIDENTS))]
    return found[-1] if found else None


def _plan(messages: list[Shown]) -> Shown | None:
    """The plan that waits for a yes."""
    found = [message for message in messages if message.button("run.approve")]
    return found[-1] if found else None


def _last(messages: list[Shown]) -> str:
    return "\n".join(f"  {m.author}: {m.gist}" for m in messages[-8:]) or "  nothing in the channel"
