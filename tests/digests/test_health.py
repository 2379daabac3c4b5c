"""Is trouble counted as one would by hand, and does the most urgent thing stand first?"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.digests.health import ROWS_MAX, HealthTable, Trouble, health_table
from bot.digests.rhythm import local_days
from bot.digests.todo import TodoKind, todos
from bot.incidents.model import Incident, Resolution
from bot.signals.severity import Severity
from bot.slack.health_plot import plot_of_health
from bot.slack.render import Renderer
from bot.sources.model import Measured, PipelineRun, RunState

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = local_days(NOON, 3, "UTC")


def incident(service: str, hours_ago: float, lasted: float | None, **changes: object) -> Incident:
    at = NOON - hours_ago * HOUR
    made = Incident(service, "t", Severity.MAJOR, at, at, at)
    if lasted is not None:
        made = made.resolve("", at + lasted * HOUR, Resolution.QUIET)
    return replace(made, **changes)  # type: ignore[arg-type]


def table(*incidents: Incident, runs: tuple[PipelineRun, ...] = (), seen: tuple[Measured, ...] = ()) -> HealthTable:
    return health_table((NOON - 24 * HOUR, NOON), DAYS, ["web"], incidents, runs, seen)


def test_hours_in_trouble_are_split_over_midnight_and_counted_once() -> None:
    one, two = incident("web", 20, 4), incident("web", 18, 10)  # 16:00 to 20:00, 18:00 to 04:00
    (web,) = table(one, two).rows
    assert web.now.lasted == 12 * HOUR
    assert [day.lasted / HOUR for day in web.days] == [0, 8, 4]


def test_what_is_still_open_counts_until_now_and_what_was_no_problem_not_at_all() -> None:
    still = incident("web", 2, None)
    harmless = incident("mail", 5, 3, resolution=Resolution.NOT_A_PROBLEM)
    merged = incident("mail", 5, 3, resolution=Resolution.MERGED)
    (web,) = table(still, harmless, merged).rows
    assert web.now.lasted == 2 * HOUR


def test_whole_runs_count_where_they_are_told_of_else_their_tasks() -> None:
    def run(key: str, state: RunState, task: str = "", pipeline: str = "orders") -> PipelineRun:
        return PipelineRun(key, pipeline, "dw", state, NOON - HOUR, task=task)

    runs = (
        run("a", RunState.FAILED),
        run("b", RunState.SUCCEEDED),
        run("c", RunState.RUNNING),
        run("d", RunState.FAILED, "load"),
        run("e", RunState.FAILED, "load", "tasks"),
    )
    rows = {row.name: row.now for row in table(runs=runs).of("pipeline")}
    assert rows == {"orders": Trouble(failed=1, of=2), "tasks": Trouble(failed=1, of=1)}


def test_only_figures_that_were_judged_count_for_a_model() -> None:
    seen = tuple(
        Measured(str(n), "rec", "churn", "drift", NOON - HOUR, 0.1, passed)
        for n, passed in enumerate((True, False, None))
    )
    (churn,) = table(seen=seen).of("model")
    assert churn.now == Trouble(failed=1, of=2)


def test_local_days_follow_the_clock_of_the_place() -> None:
    days = local_days(datetime(2026, 10, 26, 8, tzinfo=UTC), 3, "Europe/Berlin")
    assert [day for day, _, _ in days] == [date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26)]
    assert [(end - start) / HOUR for _, start, end in days] == [24, 25, 9]


def test_the_plot_has_a_row_for_the_worst_and_nothing_when_there_is_nothing() -> None:
    many = table(*(incident(f"s{n}", 44, n + 1) for n in range(40)))
    assert len(many.drawn) == ROWS_MAX
    assert many.drawn[0].name == "s39"
    words = Renderer().plot_words()
    assert plot_of_health(many, words).startswith(b"\x89PNG")
    assert plot_of_health(HealthTable((), ()), words) == b""


def test_the_most_urgent_stands_first() -> None:
    minor = replace(incident("mail", 9, None), severity=Severity.MINOR, id=1)
    major, critical = (
        replace(incident("web", 1, None), id=2),
        incident("pay", 1, None, severity=Severity.CRITICAL, id=3),
    )
    taken = replace(incident("db", 5, None).acknowledge("T1/UANA", NOON - HOUR), id=4)
    fresh = replace(incident("dns", 1, None).acknowledge("T1/UANA", NOON), id=5)
    over = replace(incident("etl", 8, 1), id=6)
    found = todos(NOON, (minor, major, critical, taken, fresh), (), (), (), (over,))
    assert [(one.kind, one.incident.id) for one in found if one.incident] == [
        (TodoKind.TAKE, 3),
        (TodoKind.TAKE, 2),
        (TodoKind.TAKE, 1),
        (TodoKind.HELP, 4),
        (TodoKind.LOOK, 6),
    ]
