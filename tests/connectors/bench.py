"""What does the suite that all connectors pass need to put one through its paces?"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.actions.model import Action
from bot.connectors import ActingConnector
from bot.engine.action_ports import Executor
from tests.connectors.faulty import Answer, Asked, Faulty, served


@dataclass
class Bench:
    """`make`: a new executor, as a new process would have it. `state`: everything that a plan must not change.
    `effects`: how often the thing was done. `disturb`: somebody else changes what the plan was made from, if that can
    matter. `secrets`: what must never be said."""

    faulty: Faulty
    make: Callable[[], Executor]
    action: Action
    parameters: Mapping[str, str]
    state: Callable[[], object]
    effects: Callable[[], int]
    secrets: tuple[str, ...]
    disturb: Callable[[], None] | None = None
    pause_s: float = 0
    asks_to_plan: bool = True
    goes_on: bool = field(default=False)
    """Whether the backend takes its time, so that it is followed and can be stopped."""
    can_be_stopped: bool = True
    """Whether the backend can stop it; else that is said, and it goes on to its end."""
    knows_by_world: bool = False
    """Whether the backend keeps no key, so that what was done since the plan counts as done by this run."""


Opened = Callable[[], AbstractContextManager[Bench]]


class Fake(Protocol):
    """A backend in memory. `effects`: the keys it was given, each time it did the thing."""

    effects: list[str]

    def answer(self, asked: Asked) -> Answer: ...


def opened(
    module: ActingConnector,
    fake: Callable[[], Any],
    action: Action,
    parameters: Mapping[str, str],
    secrets: tuple[str, ...],
    options: Mapping[str, Any] | None = None,
    *,
    disturb: Callable[[Any], object] | None = None,
    goes_on: bool = True,
    state: Callable[[Any], object] = vars,
) -> Opened:
    """The usual bench: `options` are the connector's beside its URL; without any, the first secret is its token."""

    @contextmanager
    def open_() -> Iterator[Bench]:
        made = fake()
        given = {"token": secrets[0]} if options is None else options
        with served(made.answer) as faulty:
            yield Bench(
                faulty,
                lambda: module.executor(action.connector, {"url": faulty.url, "timeout_s": 0.8, **given}),
                action,
                parameters,
                state=lambda: copy.deepcopy(state(made)),
                effects=lambda: len(made.effects),
                secrets=secrets,
                disturb=None if disturb is None else lambda: _done(disturb, made),
                goes_on=goes_on,
            )

    return open_


def _done(disturb: Callable[[Any], object], fake: Any) -> None:
    disturb(fake)
