"""Two processes that look at the same moment, one killed between two steps: is anybody asked twice, or not at all?"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.engine.whole import Engine
from tests.oncall.duty import BEN, LEAD, SHOP, Duty

STEPS = [{"schedule": "shop"}, {"schedule": "lead"}, {"pager": "main"}]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tocsin.db"
    return str(request.getfixturevalue("empty_postgres_url"))


def test_three_replicas_at_the_same_moment_ask_once(url: str) -> None:
    duty, replicas = several(url)
    incidents = [duty.declare() for _ in range(5)]
    for minutes in (0, 5, 5, 5):
        duty.clock.advance(timedelta(minutes=minutes))
        at_once([replica.escalations.run for replica in replicas])
        at_once([replica.pagers.run for replica in replicas])
        at_once([lambda r=replica: [r.pagers.work() for _ in range(8)] for replica in replicas])  # type: ignore[misc]
    for incident in incidents:
        assert [(page.turn, page.target) for page in duty.pages(incident)] == [
            (0, "T1/UANA"),
            (1, "T1/UCAT"),
            (2, "main"),
        ]
        assert duty.timeline(incident).count("nobody_answers") == 1
    assert sorted(duty.bell.told) == sorted(("trigger", incident.key) for incident in incidents)
    close(replicas)


def test_an_acknowledgement_at_the_same_moment_as_the_next_step_stops_what_follows(url: str) -> None:
    duty, replicas = several(url)
    incident = duty.declare()
    duty.tick()
    duty.clock.advance(timedelta(minutes=5))
    steps: list[Callable[[], object]] = [replica.escalations.run for replica in replicas]
    at_once([*steps, lambda: duty.engine.incidents.acknowledge(incident.id, BEN)])
    asked = len(duty.pages())
    assert asked in (1, 2)
    duty.run(minutes=30)
    assert len(duty.pages()) == asked
    close(replicas)


class Killed(BaseException):
    """The process is gone: no `except Exception` sees it."""


@pytest.mark.parametrize("at", range(1, 19))
def test_killed_at_any_commit_everybody_is_asked_once(at: int) -> None:
    """A fuse before and after each commit: then a new process goes on."""
    duty = Duty(escalation={"all": {"steps": STEPS}})
    incident = duty.declare()
    fuse(duty.engine, at)
    try:
        duty.run(minutes=20)
    except Killed:
        duty.restart()
        duty.run(minutes=20)
    found = [(page.turn, page.target) for page in duty.pages(incident)]
    assert found == [(0, "T1/UANA"), (1, "T1/UCAT"), (2, "main")]
    assert [n.key for n in duty.notices("page")] == ["page:1", "page:2"]
    assert set(duty.bell.told) == {("trigger", incident.key)}
    assert duty.timeline(incident) == ["declared", "paged", "paged", "paged", "nobody_answers"]


def several(url: str) -> tuple[Duty, list[Engine]]:
    duty = Duty(
        database_url=url,
        escalation={"all": {"steps": STEPS}},
        oncall={"shop": {**SHOP, "channel": "#oncall"}, "lead": LEAD},
    )
    replicas = [duty.engine]
    for _ in range(2):
        duty.restart()
        replicas.append(duty.engine)
    return duty, replicas


def fuse(engine: Engine, at: int) -> None:
    """Ends the process at the `at`th step of what writes: the moment before or after a commit."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            raise Killed

    for part in (engine.escalations, engine.pagers, engine.oncall):
        store: Any = part._store
        part._store = _Fused(store.read, store.write, step)


class _Fused:
    def __init__(self, read: Callable[[], Any], write: Callable[[], Any], step: Callable[[], None]) -> None:
        self.read, self._write, self._step = read, write, step

    @contextmanager
    def write(self) -> Iterator[Any]:
        self._step()
        with self._write() as tx:
            yield tx
        self._step()


def at_once(jobs: list[Callable[[], object]]) -> None:
    """Lets all begin together; what one raises fails the test."""
    barrier, errors = threading.Barrier(len(jobs)), list[BaseException]()

    def run(job: Callable[[], object]) -> None:
        barrier.wait()
        try:
            job()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def close(replicas: list[Engine]) -> None:
    for replica in replicas:
        replica.store.close()  # type: ignore[attr-defined]


def test_the_story_takes_as_many_steps_as_are_cut() -> None:
    duty = Duty(escalation={"all": {"steps": STEPS}})
    duty.declare()
    fuse(duty.engine, 18)
    with pytest.raises(Killed):
        duty.run(minutes=20)
