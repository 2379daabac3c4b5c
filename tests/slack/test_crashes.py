"""Is every message there once, wherever between two steps the process ends?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.courier import Courier
from tests.slack.stage import Stage


class Killed(BaseException):
    """The process is gone: no `except Exception` sees it."""


class Fuse:
    """Ends the process at the `at`th step. A step is the moment before or after a commit, or before or after a call."""

    def __init__(self, at: int) -> None:
        self.at, self.steps = at, 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed

    def commits(self, write: Callable[[], Any]) -> Callable[[], Any]:
        @contextmanager
        def fused() -> Iterator[Any]:
            self.step()
            with write() as tx:
                yield tx
            self.step()

        return fused

    def calls(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def fused(*args: Any) -> Any:
            self.step()
            answer = await call(*args)
            self.step()
            return answer

        return fused


class FusedStore:
    """The real store, with a fuse at its commits."""

    def __init__(self, store: Any, fuse: Fuse) -> None:
        self.read, self.write = store.read, fuse.commits(store.write)


def fused(stage: Stage, fuse: Fuse) -> Courier:
    courier = stage.new_courier()
    courier._store = FusedStore(stage.engine.store, fuse)
    courier._wire.post = fuse.calls(courier._wire.post)  # type: ignore[method-assign]
    courier._wire.update = fuse.calls(courier._wire.update)  # type: ignore[method-assign]
    return courier


async def delivered(stage: Stage, courier: Courier) -> None:
    for _ in range(12):
        await courier.deliver_due()
        if not stage.waiting():
            return
        stage.held.advance(timedelta(seconds=2))
    raise AssertionError("something still waits")


async def story(stage: Stage, courier: Callable[[], Courier], started: list[int]) -> None:
    """Declared, told, acknowledged, told. After a crash a new courier goes on."""
    if not started:
        started.append(stage.declare().id)
    await delivered(stage, courier())
    if len(started) == 1:
        started.append(stage.engine.incidents.acknowledge(started[0], stage.person("ben")).id)
    await delivered(stage, courier())


@pytest.mark.parametrize("at", range(1, 25))
async def test_killed_at_any_step_every_message_is_there_once(at: int) -> None:
    async with Stage(held=True, listening=False) as stage:
        fuse, started = Fuse(at), list[int]()
        try:
            await story(stage, lambda: fused(stage, fuse), started)
            assert fuse.steps < at, "the fuse must blow while there are steps"
        except Killed:
            await story(stage, stage.new_courier, started)
        (root,) = await stage.channel()
        assert "is on it" in str(root["blocks"])
        assert [m["text"] for m in await stage.thread(root["ts"])] == [f"<@{stage.workspace.users['ben']}> is on it."]


async def test_the_steps_that_are_cut_are_all_steps() -> None:
    async with Stage(held=True, listening=False) as stage:
        fuse = Fuse(0)
        await story(stage, lambda: fused(stage, fuse), [])
        assert 16 <= fuse.steps < 24
