"""The connectors of data pipelines, with something to act on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import dagster, databricks, highbyte, prefect, testgen
from tests.connectors import fake_dagster, fake_databricks, fake_highbyte, fake_prefect, fake_testgen
from tests.connectors.bench import Bench, Opened, opened

_DAY = (Parameter("day"),)


def _prefect(kind: ActionKind, parameters: Mapping[str, str], disturb: Callable[[Any], object] | None = None) -> Opened:
    action = Action("orders", kind, "orders", "prefect", {"deployment": "orders/hourly"}, parameters=_DAY)
    return opened(prefect, fake_prefect.FakePrefect, action, parameters, (fake_prefect.TOKEN,), disturb=disturb)


def _dagster(kind: ActionKind, disturb: Callable[[Any], object] | None = None) -> Opened:
    target = {"job": "orders_hourly", "location": "shop.py"}
    action = Action("orders", kind, "orders", "dagster", target)
    return opened(dagster, fake_dagster.FakeDagster, action, {}, (fake_dagster.TOKEN,), disturb=disturb)


def _databricks(
    kind: ActionKind, parameters: Mapping[str, str], disturb: Callable[[Any], object] | None = None
) -> Opened:
    action = Action("orders", kind, "orders", "databricks", {"job": "512"}, parameters=_DAY)
    made = opened(
        databricks, fake_databricks.FakeDatabricks, action, parameters, (fake_databricks.TOKEN,), disturb=disturb
    )

    @contextmanager
    def open_() -> Iterator[Bench]:
        with made() as bench:
            yield replace(bench, knows_by_world=kind is ActionKind.RERUN)

    return open_


def _highbyte() -> Opened:
    target, parameters = {"pipeline": "RefillLine7", "find": "RefilledLine7"}, (Parameter("hours"),)
    action = Action("refill", ActionKind.TRIGGER, "line-7", "highbyte", target, parameters=parameters)
    secrets, values = (fake_highbyte.TOKEN,), {"hours": "12"}
    return opened(highbyte, fake_highbyte.FakeHighbyte, action, values, secrets, goes_on=False)


def _testgen() -> Opened:
    action = Action("tests", ActionKind.TRIGGER, "orders", "testgen", {"suite": "default-suite-1"})
    return opened(testgen, fake_testgen.FakeTestgen, action, {}, (fake_testgen.TOKEN,))


def _retried(fake: fake_prefect.FakePrefect) -> None:
    fake._set(next(iter(fake.runs)), "FAILED", "Failed", "somebody tried again")


def _run_again(fake: fake_dagster.FakeDagster) -> None:
    fake._add({"dagster/parent_run_id": next(iter(fake.runs))}, "QUEUED")


def _repaired(fake: fake_databricks.FakeDatabricks) -> None:
    fake.runs[800]["repair_history"].append({"type": "REPAIR", "id": 1, "start_time": 5_000})


BENCHES: dict[str, Opened] = {
    "prefect-trigger": _prefect(ActionKind.TRIGGER, {"day": "3"}),
    "prefect-rerun": _prefect(ActionKind.RERUN, {}, _retried),
    "dagster-trigger": _dagster(ActionKind.TRIGGER),
    "dagster-rerun": _dagster(ActionKind.RERUN, _run_again),
    "databricks-trigger": _databricks(ActionKind.TRIGGER, {"day": "3"}),
    "highbyte-trigger": _highbyte(),
    "testgen-trigger": _testgen(),
    "databricks-rerun": _databricks(ActionKind.RERUN, {}, _repaired),
}
