"""How does a test of one connector run an action from its plan to its end?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot.actions.model import Action, Done, Progress, Started
from bot.connectors import ActingConnector
from bot.engine.action_ports import Executor
from tests.connectors.bench import Fake
from tests.connectors.faulty import served

KEY = "tocsin-run-7-0badcafe-1"
FOLLOWED_MAX = 50


@contextmanager
def connected(module: ActingConnector, fake: Fake, **options: Any) -> Iterator[Executor]:
    with served(fake.answer) as faulty:
        yield module.executor("there", {"url": faulty.url, "timeout_s": 5, **options})


def begun(executor: Executor, action: Action, parameters: Mapping[str, str] | None = None) -> Done | Started:
    given = parameters or {}
    return executor.execute(KEY, action, given, executor.plan(action, given))


def followed(executor: Executor, action: Action, parameters: Mapping[str, str] | None = None) -> tuple[list[str], Done]:
    """The states that it went through, and its end."""
    outcome, states = begun(executor, action, parameters), list[str]()
    for _ in range(FOLLOWED_MAX):
        if isinstance(outcome, Done):
            return states, outcome
        seen = executor.follow(outcome, action)
        if isinstance(seen, Done):
            return states, seen
        assert isinstance(seen, Progress)
        states.append(seen.state)
    raise AssertionError(f"it never ends: {states}")
