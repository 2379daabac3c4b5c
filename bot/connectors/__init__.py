"""Which connectors are there, and which of them are set up?

A connector is a module or package in this folder; its name is its `type` in the TOML. Only configured ones are
imported, so the libraries of the others need not be there. One that can act has

    KINDS                               the kinds of action it does
    executor(name, options)             → an `Executor`; raises pydantic's ValidationError about its options
    target_problems(kind, target)       → what is wrong with an action's `target`, as "target.file: say which"
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Protocol, cast

from pydantic import ValidationError

from bot.actions.fitting import is_from_outside
from bot.actions.model import ActionKind
from bot.engine.action_ports import Executor
from bot.engine.catalogue import USUAL_CONNECTOR
from bot.engine.ticket_ports import Desk
from bot.errors import SettingsError
from bot.settings import Settings, TicketSettings

KEEP_TICKETS = ("jira", "servicenow", "statuspage")
"""The types of connector whose tickets can follow incidents."""


class TicketConnector(Protocol):
    def executor(self, name: str, options: Mapping[str, Any]) -> Desk: ...
    def target_problems(self, kind: ActionKind, target: Mapping[str, str]) -> list[str]: ...


EXTRAS: Mapping[str, str] = {"chef": "chef", "sagemaker": "aws"}
"""The `type` of connector that needs more than Tocsin brings → the extra of the package that has it."""


class ActingConnector(Protocol):
    KINDS: frozenset[ActionKind]

    def executor(self, name: str, options: Mapping[str, Any]) -> Executor: ...
    def target_problems(self, kind: ActionKind, target: Mapping[str, str]) -> list[str]: ...


def known_types() -> tuple[str, ...]:
    """The types that `connectors.NAME.type` may have."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_") and name != "pagers"))


def executors(settings: Settings) -> dict[str, Executor]:
    """Connector name → its executor. Raises one `SettingsError` with everything that is wrong."""
    problems: list[str] = []
    made: dict[str, Executor] = {}
    modules: dict[str, ActingConnector] = {}
    for name, connector in settings.connectors.items():
        module = _module(name, connector.type, problems)
        if module is None:
            continue
        modules[name] = module
        try:
            made[name] = module.executor(name, connector.options)
        except ValidationError as error:
            problems += [_worded(f"connectors.{name}", detail) for detail in error.errors()]
    problems += _action_problems(settings, modules)
    if problems:
        raise SettingsError(problems)
    return made


def desks(settings: Settings) -> dict[str, Desk]:
    """Name of [tickets] → its system. Raises one `SettingsError` with everything that is wrong."""
    problems: list[str] = []
    made: dict[str, Desk] = {}
    for name, section in settings.tickets.items():
        connector = settings.connectors[section.connector]
        if connector.type not in KEEP_TICKETS:
            problems.append(_keeps_none(f"tickets.{name}.connector", section.connector, connector.type))
            continue
        module = cast(TicketConnector, _load(connector.type))
        try:
            made[name] = module.executor(section.connector, connector.options)
        except ValidationError as error:
            problems += [_worded(f"connectors.{section.connector}", detail) for detail in error.errors()]
            continue
        target = {"does": "create", **section.target}
        found = module.target_problems(ActionKind.CALL, target)
        problems += [f"tickets.{name}.{problem}" for problem in found]
        if made[name].is_public:
            problems += _said_to_customers(name, section)
    if problems:
        raise SettingsError(problems)
    return made


def _keeps_none(where: str, name: str, type_: str) -> str:
    if type_ == "pagerduty":
        return f"{where}: PagerDuty is kept in step by [pagers.NAME]"
    return f"{where}: {name!r} is of type {type_}, which keeps no tickets; {', '.join(KEEP_TICKETS)} do"


def _said_to_customers(name: str, section: TicketSettings) -> list[str]:
    """What stands there was written to be read by everybody, by whoever set it up or by people while it lasts."""
    where, problems = f"tickets.{name}", []
    for place, text in (("title", section.title), ("text", section.text)):
        if not text or is_from_outside(text):
            problems.append(f"{where}.{place}: customers read it; say it here, without what log lines say")
    if set(section.comments) - {"updates"}:
        problems.append(f'{where}.comments: customers read it; only "updates", what people say, can stand there')
    return problems


def _module(name: str, type_: str, problems: list[str]) -> ActingConnector | None:
    if type_ not in known_types():
        known = ", ".join(known_types())
        problems.append(f"connectors.{name}.type: there is no connector of type {type_!r}; there are: {known}")
        return None
    try:
        return _load(type_)
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(type_)
        how = f": pip install 'tocsin[{extra}]'" if extra else ""
        problems.append(
            f"connectors.{name}.type: {type_!r} needs the package {error.name}, which is not installed{how}"
        )
        return None


def _load(type_: str) -> ActingConnector:
    module: ModuleType = importlib.import_module(f"{__name__}.{type_}")
    return cast(ActingConnector, module)


def _action_problems(settings: Settings, modules: Mapping[str, ActingConnector]) -> list[str]:
    problems = []
    for name, action in settings.actions.items():
        for step, connector, kind, target in action.connectors:
            module, where = modules.get(connector), f"actions.{name}.{step}"
            if module is None:
                continue
            if kind in module.KINDS:
                problems += [f"{where}{problem}" for problem in module.target_problems(kind, target)]
                continue
            type_ = settings.connectors[connector].type
            does = ", ".join(sorted(module.KINDS))
            problems.append(
                f"{where}connector: {connector!r} is of type {type_}, which does {does}; "
                f"{kind} needs a connector of type {USUAL_CONNECTOR[kind]}"
            )
    return problems


def _worded(path: str, detail: Any) -> str:
    where = ".".join([path, *(str(part) for part in detail["loc"])])
    if detail["type"] == "extra_forbidden":
        return f"{where}: there is no such setting"
    if detail["type"] == "missing":
        return f"{where}: say which"
    return f"{where}: {str(detail['msg']).removeprefix('Value error, ')}"
