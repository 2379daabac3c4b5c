"""Are the usual mixes of templates learnt on a schedule, from quiet hours only, and by whoever looks next?"""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.anomalies.mix_model import unpack
from bot.engine import mixes
from bot.engine.quiet import is_quiet, unquiet
from bot.signals.model import Signal, SignalKind
from tests.scenarios.traffic import Line, Service
from tests.scenarios.world import World


def busy(name: str = "desk", rate: float = 40) -> Service:
    texts = ("ticket {n} opened", "ticket {n} answered", "reply {n} sent", "ticket {n} closed", "search for {n} done")
    return Service(name, [Line(text, rate) for text in texts])


def world_of(*services: Service, **more: str) -> World:
    return World(services={service.name: service for service in services}, **more)  # type: ignore[arg-type]


def packed(world: World, service: str = "desk") -> bytes:
    with world.engine.store.read() as tx:
        return tx.mixes.packed(service)


def unusual(world: World) -> list[Signal]:
    now = world.clock.now()
    with world.engine.store.read() as tx:
        signals = tx.signals.between(now - timedelta(hours=12), now + timedelta(minutes=1))
    return [signal for _, signal in signals if signal.kind is SignalKind.UNUSUAL_MIX]


def shifted(service: Service) -> None:
    """Twice and a half as many of two lines, a third of two others: the service writes as much as before."""
    for line, times in zip(service.lines, (2.5, 2.5, 0.25, 0.25, 0.5), strict=True):
        line.per_minute *= times


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    is_sqlite = request.param == "sqlite"
    return f"sqlite:///{tmp_path}/tocsin.db" if is_sqlite else str(request.getfixturevalue("empty_postgres_url"))


def test_a_changed_mix_is_evidence_that_names_its_templates_also_after_a_restart(url: str) -> None:
    desk = busy()
    world = world_of(desk, database_url=url)
    world.run(minutes=62)
    assert packed(world) == b""
    world.run(minutes=28)
    learnt = packed(world)
    assert unpack(learnt) is not None
    assert unusual(world) == []
    world.engine.store.close()  # type: ignore[attr-defined]
    world.restart()
    assert packed(world) == learnt
    shifted(desk)
    world.run(minutes=3)
    found = unusual(world)
    assert found
    named = {text for text, _ in found[0].evidence.contributions[:3]}
    assert any("opened" in text or "answered" in text for text in named)
    assert found[0].evidence.score is not None
    assert found[0].evidence.threshold is not None
    assert found[0].evidence.score >= found[0].evidence.threshold
    assert world.incidents() == []
    world.engine.store.close()  # type: ignore[attr-defined]


def test_it_is_fitted_by_the_hour_and_services_that_write_little_have_none() -> None:
    small = Service("small", [Line("tick {n} done", 0.2), Line("tock {n} done", 0.2)])
    world = world_of(busy(rate=5), small)
    world.run(minutes=70)
    first = packed(world)
    world.run(minutes=40)
    assert packed(world) == first
    world.run(minutes=30)
    assert packed(world) != first
    assert packed(world, "small") == b""


def test_trouble_and_silences_teach_nothing() -> None:
    desk = busy(rate=10)
    world = world_of(desk)
    world.run(minutes=100)
    began_at = world.clock.now()
    desk.faults = [Line("reply {n} lost", 90, "error")]
    world.run(minutes=10)
    desk.faults = []
    world.run(minutes=30)
    until = world.clock.now()
    [incident] = world.incidents()
    with world.engine.store.read() as tx:
        spans = unquiet(tx, "desk", until - timedelta(hours=3), until)
        assert unquiet(tx, "web", until - timedelta(hours=3), until) == []
    assert not is_quiet(began_at + timedelta(minutes=5), world.window, spans)
    assert not is_quiet(incident.began_at, world.window, spans)
    assert is_quiet(began_at - timedelta(minutes=20), world.window, spans)
    assert is_quiet(until - timedelta(minutes=10), world.window, spans)
    world.run(minutes=70)
    model = unpack(packed(world))
    assert model is not None
    assert len(model.templates) == len(desk.lines)


def test_ten_services_a_run_are_fitted_those_that_waited_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixes, "SERVICES_A_RUN", 2)
    world = world_of(*(busy(f"desk-{i}", 3) for i in range(5)))
    world.run(minutes=62)
    counts = []
    for _ in range(6):
        world.run(minutes=1)
        with world.engine.store.read() as tx:
            counts.append(len(tx.mixes.fitted()))
    assert counts[-1] == 5
    assert max(after - before for before, after in pairwise([0, *counts])) == 2


def test_a_damaged_row_is_no_model_and_the_next_fit_mends_it() -> None:
    world = world_of(busy(rate=5))
    world.run(minutes=70)
    with world.engine.store.write() as tx:
        tx.mixes.save("desk", world.clock.now(), b"\x80\x04damaged")
    world.run(minutes=5)
    assert unusual(world) == []
    world.run(minutes=60)
    assert unpack(packed(world)) is not None


def test_of_many_windows_some_are_spread_over_all_minutes_of_the_hour(url: str) -> None:
    world = world_of(busy(rate=5), database_url=url)
    world.run(minutes=10)
    assert [mixes.each_of(n) for n in (10, 720, 1_700, 1_792, 5_040, 5_041)] == [1, 1, 1, 7, 7, 11]
    assert mixes.each_of(10**9) == mixes.EACH[-1]
    now = world.clock.now()
    with world.engine.store.read() as tx:
        whole = tx.mixes.counts("desk", now - timedelta(hours=1), now, 60, 1, 64)
        seventh = tx.mixes.counts("desk", now - timedelta(hours=1), now, 60, 7, 64)
        two = tx.mixes.counts("desk", now - timedelta(hours=1), now, 60, 1, 2)
    assert len(whole) == 5
    assert len(two) == 2
    lines = {i: sum(counts.values()) for i, counts in whole.items()}
    assert min(lines[i] for i in two) >= max(n for i, n in lines.items() if i not in two)
    assert {start % 420 for counts in seventh.values() for start in counts} == {0}
    for i, counts in seventh.items():
        assert counts == {start: n for start, n in whole[i].items() if start % 420 == 0}
    world.engine.store.close()  # type: ignore[attr-defined]
