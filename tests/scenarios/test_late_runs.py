"""Are runs of pipelines that do not start, or take far too long, told by their own history, and over when they run?"""

from datetime import timedelta

from bot.incidents.model import Resolution
from bot.signals.model import Measured, Signal
from bot.slack.render import Renderer
from bot.sources.model import Heard, PipelineRun, RunState
from tests.scenarios.world import World

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def ran(world: World, number: int, minutes: float | None = 10, *, after: timedelta = HOUR) -> None:
    """The next run starts an hour after the last one; with `minutes=None` it does not end."""
    world.clock.advance(after)
    started = world.clock.now()
    if minutes is not None:
        world.clock.advance(minutes * MINUTE)
    ended_at = world.clock.now() if minutes is not None else None
    state = RunState.SUCCEEDED if minutes is not None else RunState.RUNNING
    run = PipelineRun(
        f"run-{number}",
        "orders",
        "orders",
        state,
        world.clock.now(),
        f"{number}",
        started_at=started,
        ended_at=ended_at,
    )
    world.engine.events.hear("airflow", Heard(runs=[run]))


def look(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.clock.advance(MINUTE)
        world.engine.pipelines.run()
        world.engine.events.keep()


def an_hourly_pipeline(runs: int = 80) -> World:
    world = World(services={})
    for number in range(runs):
        ran(world, number, 9 + number % 3, after=HOUR - (9 + (number - 1) % 3) * MINUTE)
    world.engine.pipelines.run()
    return world


def loose(world: World) -> list[Signal]:
    with world.engine.store.read() as tx:
        return tx.signals.loose(world.clock.now() - HOUR)


def test_a_run_that_does_not_start_is_told_once_and_over_when_it_starts() -> None:
    world = an_hourly_pipeline()
    look(world, 45)
    assert world.incidents() == []
    look(world, 40)
    [incident] = world.incidents()
    page = world.engine.reading.incident(incident.id)
    said = str(Renderer().render("incident", page).blocks)
    assert "runs every hour and has not started" in said
    assert "it ran 80 times in a row" in said
    ran(world, 99, None, after=MINUTE)
    look(world, 1)
    [incident] = world.incidents()
    assert incident.resolution is Resolution.RECOVERED


def test_a_run_that_takes_far_longer_is_evidence_and_one_that_hangs_a_message() -> None:
    world = an_hourly_pipeline()
    ran(world, 99, None, after=49 * MINUTE)
    look(world, 12)
    assert loose(world) == []
    look(world, 8)
    [signal] = loose(world)
    measure = signal.evidence.measure
    assert measure is not None
    assert measure.what is Measured.SLOW
    assert measure.low is not None
    assert 9 <= measure.low <= 11
    assert world.incidents() == []
    look(world, 20)
    [incident] = world.incidents()
    said = str(Renderer().render("incident", world.engine.reading.incident(incident.id)).blocks)
    assert "takes far longer than its runs do" in said
    assert "50 runs before it took 9 to 11 min" in said
    ran(world, 100, 10, after=HOUR)
    look(world, 1)
    assert world.incidents()[0].resolution is Resolution.RECOVERED


def test_what_was_due_while_tocsin_was_away_is_not_late() -> None:
    world = an_hourly_pipeline()
    world.clock.advance(3 * HOUR)
    look(world, 30)
    assert world.incidents() == []


def test_a_pipeline_without_a_rhythm_is_never_late() -> None:
    world = World(services={})
    for number in range(20):
        ran(world, number, 5, after=timedelta(minutes=(number * 37) % 300 + 1))
    world.engine.pipelines.run()
    look(world, 600)
    assert world.incidents() == []


def tried(world: World, number: int, attempts: int, *, task: str = "load") -> None:
    """A run whose task succeeds at its last attempt."""
    world.clock.advance(HOUR)
    for attempt in range(1, attempts + 1):
        state = RunState.SUCCEEDED if attempt == attempts else RunState.RUNNING
        run = PipelineRun(
            f"{number}:{task}:{attempt}",
            "orders",
            "orders",
            state,
            world.clock.now(),
            f"{number}",
            task,
            attempt=attempt,
        )
        world.engine.events.hear("airflow", Heard(runs=[run]))


def test_a_run_that_needed_more_tries_than_usual_is_evidence_until_the_next_one() -> None:
    world = World(services={})
    for number in range(12):
        tried(world, number, 2 if number == 5 else 1)
    tried(world, 12, 4)
    look(world, 2)
    assert world.incidents() == []
    (signal,) = loose(world)
    measure = signal.evidence.measure
    assert measure is not None
    assert (measure.what, measure.now, measure.high) == (Measured.RETRIED, 3.0, 0.0)
    page = {"signal": signal, "now": world.clock.now(), "incident": None}
    said = Renderer().render("plot", page).text
    assert (
        "orders needed more tries than its runs do; tried again 3 times, mostly `load`; nine in ten of the 12 runs"
        in said
    )
    with world.engine.store.read() as tx:
        assert [row.fingerprint for row in tx.sources.standing()] == [signal.fingerprint]
    tried(world, 13, 1)
    look(world, 2)
    with world.engine.store.read() as tx:
        assert tx.sources.standing() == []


def test_runs_that_are_always_tried_again_are_no_news() -> None:
    world = World(services={})
    for number in range(13):
        tried(world, number, 1 + number % 3)
    tried(world, 13, 3)
    look(world, 2)
    assert loose(world) == []
