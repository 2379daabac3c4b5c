"""Several processes at once, one killed at any moment: is there one ticket, and everything in it once?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.engine.trying import CLAIMED_FOR
from bot.engine.whole import Engine
from bot.incidents.model import Incident
from tests.oncall.test_replicas import at_once
from tests.tickets.office import ANA, STATES, Office, office

STORY = ["UANA is on it.", "UANA: Rolling back.", "UANA resolved it."]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tocsin.db"
    return str(request.getfixturevalue("empty_postgres_url"))


def test_three_replicas_at_the_same_moment_open_one_and_write_once(url: str) -> None:
    with office("jira", url) as there:
        replicas = [there.engine, there.another(), there.another()]
        incidents = [there.declare(f"service-{n}") for n in range(4)]
        look(there, replicas)
        for incident in incidents:
            live_through(there, incident)
        for _ in range(3):
            look(there, replicas)
        assert sorted(one["fields"]["summary"] for one in there.opened) == sorted(
            f"{incident.key} {incident.service}: {incident.title}" for incident in incidents
        )
        assert sorted(there.notes) == sorted(STORY * 4)
        assert {one["fields"]["status"]["name"] for one in there.opened} == {"Done"}
        for replica in replicas[1:]:
            replica.store.close()  # type: ignore[attr-defined]


def look(there: Office, replicas: list[Engine]) -> None:
    at_once([replica.tickets.run for replica in replicas])
    at_once([lambda one=replica: [one.tickets.work() for _ in range(12)] for replica in replicas])  # type: ignore[misc]
    there.clock.advance(timedelta(seconds=10))


class Killed(BaseException):
    """The process is gone: no `except Exception` sees it."""


@pytest.mark.parametrize("kind", STATES)
def test_killed_at_any_moment_there_is_one_ticket_with_everything_once(kind: str) -> None:
    """Before and after each commit, and before and after each request: then a new process goes on."""
    with office(kind) as there:
        at, was_killed = 0, True
        while was_killed:
            at, opened, said = at + 1, len(there.opened), len(there.notes)
            number, was_killed = told(there, at)
            assert len(there.opened) == opened + 1, at
            wanted = ["Rolling back"] if kind == "statuspage" else STORY
            assert [note for note in there.notes[said:] if note in wanted] == wanted, at
            assert there.timeline(number).count("ticket_opened") == 1, at
            assert there.waiting() == 0, at
        assert at > 25


def told(there: Office, at: int) -> tuple[int, bool]:
    """The whole story of another incident, in a process that ends at the `at`th step. Which, and whether it did."""
    there.restart()
    incident = there.declare(f"service-{at}")
    fuse(there, at)
    was_killed = False
    for lives_on in (False, True):
        if lives_on:
            live_through(there, incident)
        try:
            there.tick()
        except Killed:
            was_killed = True
            there.restart()
            there.tick()
            there.clock.advance(CLAIMED_FOR)
            there.tick()
    return incident.id, was_killed


def live_through(there: Office, incident: Incident) -> None:
    there.engine.incidents.acknowledge(incident.id, ANA)
    there.engine.updates.post(incident.id, "Rolling back", ANA)
    there.engine.incidents.resolve(incident.id, ANA)


def fuse(there: Office, at: int) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            raise Killed

    tickets: Any = there.engine.tickets
    store = tickets._store
    tickets._store = _Fused(store.read, store.write, step)
    web: Any = tickets._desks["ops"]._web
    answer = web.answer

    def cut(*given: Any, **more: Any) -> Any:
        step()
        answered = answer(*given, **more)
        step()
        return answered

    web.answer = cut


class _Fused:
    def __init__(self, read: Callable[[], Any], write: Callable[[], Any], step: Callable[[], None]) -> None:
        self.read, self._write, self._step = read, write, step

    @contextmanager
    def write(self) -> Iterator[Any]:
        self._step()
        with self._write() as tx:
            yield tx
        self._step()
