"""What do connectors have in common that keep tickets: opened, written to, moved to another state?

`target.does` is create, comment or move. Each is done at once. What is created or written carries the key of Tocsin's
run and is looked for by it; a move leads to a state by its name, so it is there or it is not. The same does it for a
ticket that follows its incident (`open`, `write`, `move`), under the keys of `bot.engine.tickets`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._jobs import problems_of
from bot.connectors._web import Problem, Web
from bot.engine.ticket_ports import Filed
from bot.errors import Gone, InputError, WorldChanged

DOES = "create|comment|move"
SHOWN_MAX = 2_000
TITLE_MAX = 250


@dataclass(frozen=True, slots=True)
class Ticket:
    """`id`: what the backend calls it, `name`: what people do."""

    id: str
    name: str
    state: str
    title: str = ""
    link: str = ""


class TicketExecutor(ABC):
    """Fulfils `bot.engine.action_ports.Executor` and `bot.engine.ticket_ports.Desk`."""

    TICKET: ClassVar[str] = r"[\w-]{1,64}"
    STATES: ClassVar[tuple[str, ...]] = ()
    """The states that it can be moved to; none: the backend is asked."""

    is_public = False

    def __init__(self, web: Web) -> None:
        self._web = web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        does, text = action.target["does"], parameters.get("text", "")
        if does == "create":
            title = _said(parameters, "title")
            self._may_create(action)
            return Plan(f"a new one: {title}", "", "", text[:SHOWN_MAX], "", (f"create {self._of(action)}",))
        found = self._found(action, _said(parameters, "ticket"))
        shown = f"{found.name} ({found.title})" if found.title else found.name
        if does == "comment":
            said = _said(parameters, "text")[:SHOWN_MAX]
            return Plan(f"write to {shown}", "", "", said, found.name, (f"comment on {found.name}",))
        state = self._wanted(action, found, _said(parameters, "state"))
        diff = "\n".join(filter(None, (f"-{found.state}", f"+{state}", text[:SHOWN_MAX])))
        return Plan(f"{shown}: {found.state} → {state}", found.state, state, diff, found.name, (f"move {found.name}",))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done:
        does, text = action.target["does"], parameters.get("text", "")
        if does == "create":
            made = self._created(key, action) or self._create(key, action, parameters["title"], text, parameters)
            return self._done(key, made, f"{made.name} is opened")
        found = self._found(action, parameters["ticket"])
        if does == "comment":
            if not self._has_said(key, action, found):
                self._comment(key, action, found, text)
            return self._done(key, found, f"written to {found.name}")
        if found.state != plan.before:
            raise WorldChanged(f"{found.name} is {found.state} now", connector=self._web.name)
        self._move(key, action, found, plan.after, text)
        return self._done(key, found, f"{found.name} is {plan.after}")

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | None:
        if action.target["does"] == "create":
            made = self._created(key, action)
            return self._done(key, made, f"{made.name} is opened") if made else None
        if plan is None:
            return None
        found = self._found(action, plan.world)
        if action.target["does"] == "comment":
            return self._done(key, found, f"written to {found.name}") if self._has_said(key, action, found) else None
        return self._done(key, found, f"{found.name} is {plan.after}") if found.state == plan.after else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        raise self._web.problem("a ticket is written at once; there is nothing to follow")

    def cancel(self, started: Started, action: Action) -> None:  # noqa: B027
        """It is written at once."""

    # -- a ticket that follows its incident

    def open(self, key: str, target: Mapping[str, str], title: str, text: str, incident: int) -> Filed:
        action, told = self._step("create", target), {"incident": str(incident)}
        with self._as_documented():
            made = self._created(key, action) or self._create(key, action, title[:TITLE_MAX], text, told)
        return Filed(made.name, made.link if made.link.startswith(("https://", "http://")) else "")

    def write(self, key: str, target: Mapping[str, str], ticket: str, text: str) -> None:
        action = self._step("comment", target)
        with self._as_documented():
            found = self._still_there(action, ticket)
            if not self._has_said(key, action, found):
                self._comment(key, action, found, text)

    def move(self, key: str, target: Mapping[str, str], ticket: str, state: str, text: str) -> None:
        action = self._step("move", target)
        with self._as_documented():
            found = self._still_there(action, ticket)
            if found.state.lower() != state.lower():
                self._move(key, action, found, self._wanted(action, found, state), text)

    def _step(self, does: str, target: Mapping[str, str]) -> Action:
        return Action(f"{does}-ticket", ActionKind.CALL, "", self._web.name, {**target, "does": does})

    def _still_there(self, action: Action, ticket: str) -> Ticket:
        try:
            return self._found(action, ticket)
        except Problem as problem:
            if problem.status in (404, 410):
                raise Gone(f"{ticket}: {problem.said or problem}", connector=self._web.name) from problem
            raise

    @contextmanager
    def _as_documented(self) -> Iterator[None]:
        """What is not there as its documentation says, and what cannot be done from here, in words."""
        try:
            yield
        except InputError as error:
            raise self._web.problem(str(error).removeprefix("state: ")) from error
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise self._web.odd(f"{type(error).__name__} {error}") from error

    def _wanted(self, action: Action, found: Ticket, state: str) -> str:
        """The state by its own name."""
        known = self.STATES or tuple(self._states(action, found))
        wanted = next((one for one in known if one.lower() == state.lower()), None)
        if wanted is None:
            raise InputError(
                f"{found.name} cannot become {state[:50]!r} now; it can: {', '.join(known)}", place="state"
            )
        if wanted == found.state:
            raise InputError(f"{found.name} is {wanted} already", place="state")
        return wanted

    @abstractmethod
    def _of(self, action: Action) -> str:
        """Where it is created."""

    def _may_create(self, action: Action) -> None:  # noqa: B027
        """Looks whether there is such a place. Raises `ConnectorError`."""

    @abstractmethod
    def _found(self, action: Action, ticket: str) -> Ticket: ...

    @abstractmethod
    def _created(self, key: str, action: Action) -> Ticket | None: ...

    @abstractmethod
    def _create(self, key: str, action: Action, title: str, text: str, told: Mapping[str, str]) -> Ticket: ...

    @abstractmethod
    def _has_said(self, key: str, action: Action, ticket: Ticket) -> bool: ...

    @abstractmethod
    def _comment(self, key: str, action: Action, ticket: Ticket, text: str) -> None: ...

    def _states(self, action: Action, ticket: Ticket) -> list[str]:
        return list(self.STATES)

    @abstractmethod
    def _move(self, key: str, action: Action, ticket: Ticket, state: str, text: str) -> None: ...

    def _done(self, key: str, ticket: Ticket, summary: str) -> Done:
        link = ticket.link if ticket.link.startswith("https://") else ""
        return Done("", "", f"{self._web.name}:{key}", summary, link)


def ticket_problems(target: Mapping[str, str], needed: Mapping[str, str], optional: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"does": DOES, **needed}, optional)


def signed(text: str, key: str) -> str:
    """The text with the key, by which it is found again."""
    return f"{text} ({key})"


def _said(parameters: Mapping[str, str], name: str) -> str:
    if not parameters.get(name):
        raise InputError(f"say the {name}; the action asks for it with [actions.NAME.parameters.{name}]", place=name)
    return parameters[name]
