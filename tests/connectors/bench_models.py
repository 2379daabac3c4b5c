"""The connectors of servers of models, with something to act on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bot.actions.model import Action, ActionKind
from bot.connectors import torchserve
from tests.connectors import fake_torchserve
from tests.connectors.bench import Bench, Opened, opened


def _torchserve(kind: ActionKind, parameters: Mapping[str, str], disturb: Callable[[Any], object]) -> Opened:
    made = opened(
        torchserve,
        fake_torchserve.FakeTorchserve,
        Action(f"{kind}-churn", kind, "churn", "torchserve", {"model": "churn"}),
        parameters,
        (fake_torchserve.TOKEN,),
        disturb=disturb,
        goes_on=kind is ActionKind.SCALE,
        state=lambda fake: [fake.default, fake.asked_for, fake.effects],
    )

    @contextmanager
    def open_() -> Iterator[Bench]:
        with made() as bench:
            yield replace(bench, knows_by_world=True, can_be_stopped=False)

    return open_


def _defaulted(fake: fake_torchserve.FakeTorchserve) -> None:
    fake.default = "3.0"


BENCHES: dict[str, Opened] = {
    "torchserve-rollback": _torchserve(ActionKind.MODEL_ROLLBACK, {}, _defaulted),
    "torchserve-promote": _torchserve(ActionKind.MODEL_PROMOTE, {"version": "2.0"}, _defaulted),
    "torchserve-scale": _torchserve(
        ActionKind.SCALE, {"workers": "4"}, lambda fake: fake.asked_for.update({"1.10": 7})
    ),
}
