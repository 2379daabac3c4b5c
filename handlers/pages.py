"""What are templates told that only handlers know? What was typed, and what a form starts with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from bot.actions.locks import Freeze, Lock
from bot.actions.model import Action, Plan
from bot.actions.parameters import Parameter
from bot.engine.pages import Life
from bot.engine.whole import Engine
from bot.incidents.model import Incident


@dataclass(frozen=True, slots=True)
class Unknown:
    """`meant`: what it was perhaps meant to be, or ''."""

    command: str
    given: str
    meant: str


@dataclass(frozen=True, slots=True)
class Usage:
    command: str
    example: str


@dataclass(frozen=True, slots=True)
class DeclareForm:
    services: tuple[str, ...]
    service: str
    title: str
    private: str


@dataclass(frozen=True, slots=True)
class RunField:
    """One parameter of an action. `choices`: what it may be, or nothing; `initial`: what it starts with."""

    parameter: Parameter
    choices: tuple[str, ...] = ()
    initial: str = ""


@dataclass(frozen=True, slots=True)
class ActionChoice:
    """`environment` is '' where there is only one."""

    name: str
    kind: str
    service: str
    environment: str = ""


@dataclass(frozen=True, slots=True)
class RunForm:
    """`is_choice`: the form only asks which action; the next one asks for its parameters."""

    kind: str
    actions: tuple[ActionChoice, ...]
    fields: tuple[RunField, ...]
    reason: str
    private: str
    is_choice: bool = False


@dataclass(frozen=True, slots=True)
class CodeForm:
    """A code of an authenticator: to approve, or to break the glass."""

    kind: str
    service: str
    breaks_glass: bool
    private: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A dry run: nothing is stored, nobody can say yes to it."""

    action: Action
    plan: Plan


@dataclass(frozen=True, slots=True)
class LocksPage:
    locks: tuple[Lock, ...]
    freezes: tuple[Freeze, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class SilenceForm:
    """`choices`: (matcher as it is typed, what it is about: "problem" | "kind" | "service", its name), the first is
    chosen."""

    incident: Incident
    choices: tuple[tuple[str, str, str], ...]
    private: str


@dataclass(frozen=True, slots=True)
class GradeForm:
    incident: Incident
    private: str


@dataclass(frozen=True, slots=True)
class ArrangeForm:
    """Merge into one of `others`, or split one of `services` off."""

    incident: Incident
    others: tuple[Incident, ...]
    services: tuple[str, ...]
    private: str


@dataclass(frozen=True, slots=True)
class WhichPage:
    """It was not said which incident, and it could be any of `active`."""

    active: tuple[Incident, ...]
    command: str


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A ticket was asked for: `name` of [tickets]."""

    incident: Incident
    name: str


@dataclass(frozen=True, slots=True)
class RolesPage:
    """Who has which role; `names` are all there are."""

    incident: Incident
    life: Life
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolesForm:
    """`roles`: name → user id of whoever has it, or ''."""

    incident: Incident
    roles: Mapping[str, str]
    private: str


@dataclass(frozen=True, slots=True)
class UpdateForm:
    incident: Incident
    private: str


@dataclass(frozen=True, slots=True)
class TaskForm:
    incident: Incident
    is_follow_up: bool
    private: str


@dataclass(frozen=True, slots=True)
class HandoverForm:
    """`to`: the user id that was named already, or ''. `words`: what the newest update said."""

    incident: Incident
    role: str
    to: str
    words: str
    private: str


def unknown(command: str, given: str, known: Iterable[str]) -> Unknown:
    close = get_close_matches(given.lower(), list(known), n=1, cutoff=0.6)
    return Unknown(command, given, close[0] if close else "")


def known_services(engine: Engine) -> tuple[str, ...]:
    """Those that have sent log lines and those that are configured."""
    with engine.store.read() as tx:
        seen = {row.name for row in tx.logs.services()}
    return tuple(sorted(seen | set(engine.settings.services)))
