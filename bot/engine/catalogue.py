"""Which actions are there, what do they ask for, and which one is meant?"""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.actions.model import Action, ActionKind, Part
from bot.actions.parameters import Parameter, accept, missing, secrets_of
from bot.engine.action_ports import Executor
from bot.engine.pages import ActionOffer
from bot.errors import ConnectorError, InputError, NotFound, Refused
from bot.settings import ActionSettings, ParameterSettings, Settings

CHOICES_MAX = 100
CHOICES_WITHIN_S = 1.5
"""Slack lets a form be opened for three seconds after the command; a slower backend gets a plain field."""

USUAL_CONNECTOR: Mapping[ActionKind, str] = {
    ActionKind.DEPLOY: "git",
    ActionKind.ROLLBACK: "git",
    ActionKind.RERUN: "airflow",
    ActionKind.BACKFILL: "airflow",
    ActionKind.TRIGGER: "airflow",
    ActionKind.MODEL_PROMOTE: "mlflow",
    ActionKind.MODEL_ROLLBACK: "mlflow",
    ActionKind.RESTART: "kubernetes",
    ActionKind.SCALE: "kubernetes",
    ActionKind.COMMAND: "command",
    ActionKind.CALL: "http",
}


class Catalogue:
    def __init__(self, settings: Settings, executors: Mapping[str, Executor]) -> None:
        self._executors = executors
        self._zone = ZoneInfo(settings.digest.timezone)
        self._actions = {name: _action(name, section, executors) for name, section in settings.actions.items()}
        self._asking = ThreadPoolExecutor(max_workers=2, thread_name_prefix="choices")

    def get(self, name: str) -> Action:
        if name not in self._actions:
            raise NotFound("action", name, known=sorted(self._actions))
        return self._actions[name]

    def known(self, name: str) -> Action | None:
        return self._actions.get(name)

    def of_kind(self, kind: ActionKind, service: str = "", environment: str = "") -> list[Action]:
        """Those that fit; an empty `service` or `environment` is any."""
        return [
            action
            for action in self._actions.values()
            if action.kind is kind and service in ("", action.service) and environment in ("", action.environment)
        ]

    def choose(self, kind: ActionKind, service: str, environment: str = "", name: str = "") -> Action:
        """The one that is meant. Raises in words when there is none, or more than one."""
        if name:
            return self._named(kind, name)
        fitting = self.of_kind(kind, service, environment)
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            places = sorted({action.environment for action in fitting})
            raise InputError(f"say where: {', '.join(places)}", place="environment")
        if not self.of_kind(kind):
            raise Refused("connector_missing", kind=kind.value, connector=USUAL_CONNECTOR[kind])
        elsewhere = self.of_kind(kind, service)
        if elsewhere:
            raise NotFound("environment", environment, known=sorted({a.environment for a in elsewhere}))
        raise NotFound(
            f"{kind} action".replace("_", " "), service, known=sorted({a.service for a in self.of_kind(kind)})
        )

    def executor(self, step: Action) -> Executor:
        if step.connector not in self._executors:
            raise Refused("connector_missing", kind=step.kind.value, connector=step.connector)
        return self._executors[step.connector]

    def offers(self, service: str, kind: ActionKind) -> list[ActionOffer]:
        return [
            ActionOffer(action.name, action.kind, action.service, self.missing_connector(action))
            for action in self.of_kind(kind, service)
        ]

    def accept(self, action: Action, given: Mapping[str, str], now: datetime) -> dict[str, str]:
        return accept(action.parameters, given, now, self._zone)

    def missing(self, action: Action, given: Mapping[str, str]) -> tuple[str, ...]:
        return missing(action.parameters, given)

    def secrets(self, action: Action) -> dict[str, str]:
        return secrets_of(action.parameters)

    def secrets_digest(self, action: Action) -> str:
        secrets = self.secrets(action)
        return hashlib.sha256(json.dumps(sorted(secrets.items())).encode()).hexdigest() if secrets else ""

    def choices(self, action: Action) -> dict[str, tuple[str, ...]]:
        """Parameter → what it may be, asked from the backends now; those that do not answer in time are left out."""
        asked = {p.name: self._asking.submit(self._live, action, p.name) for p in action.parameters if p.live}
        found = {}
        for name, answer in asked.items():
            try:
                found[name] = answer.result(CHOICES_WITHIN_S)
            except (TooSlow, ConnectorError, Refused, InputError):
                continue
        return {name: choices for name, choices in found.items() if choices}

    def _live(self, action: Action, parameter: str) -> tuple[str, ...]:
        for step in action.steps:
            executor = self.executor(step)
            if parameter in {p.name for p in executor.parameters(step.kind)}:
                return tuple(dict.fromkeys(executor.choices(step, parameter)))[:CHOICES_MAX]
        return ()

    def _named(self, kind: ActionKind, name: str) -> Action:
        action = self._actions.get(name)
        if action is None or action.kind is not kind:
            raise NotFound(f"{kind} action".replace("_", " "), name, known=[a.name for a in self.of_kind(kind)])
        return action

    def missing_connector(self, action: Action) -> str:
        """The name of one that is not set up, or ''."""
        return next((step.connector for step in action.steps if step.connector not in self._executors), "")


def _action(name: str, section: ActionSettings, executors: Mapping[str, Executor]) -> Action:
    made = Action(
        name=name,
        kind=section.kind,
        service=section.service,
        connector=section.connector,
        target=dict(section.target),
        environment=section.environment,
        approvals=section.approvals,
        verify_minutes=max(1, round(section.verify_minutes)),
        parts=tuple(Part(step.kind, step.connector, dict(step.target)) for step in section.steps),
        may_ask=section.may_ask,
        may_approve=section.may_approve,
        timeout=timedelta(minutes=section.timeout_minutes),
        lock=section.lock,
        step_up=section.step_up,
    )
    known: dict[str, Parameter] = {}
    for step in made.steps:
        if step.connector in executors:
            known |= {p.name: p for p in executors[step.connector].parameters(step.kind)}
    for parameter, wanted in section.parameters.items():
        known[parameter] = _merged(known.get(parameter, Parameter(parameter)), wanted)
    return replace(made, parameters=tuple(known.values()))


def _merged(own: Parameter, wanted: ParameterSettings) -> Parameter:
    """The connector's parameter, narrowed by the settings."""
    return replace(
        own,
        type=wanted.type or own.type,
        label=wanted.label or own.label,
        hint=wanted.hint or own.hint,
        required=own.required if wanted.required is None else wanted.required,
        choices=wanted.choices or own.choices,
        pattern=wanted.pattern or own.pattern,
        minimum=own.minimum if wanted.minimum is None else wanted.minimum,
        maximum=own.maximum if wanted.maximum is None else wanted.maximum,
        default=wanted.default or own.default,
        fixed=wanted.value.get_secret_value() if wanted.value is not None else own.fixed,
        secret=wanted.secret,
        live=(own.live and not wanted.choices) if wanted.live is None else wanted.live,
    )
