"""How fast does the demo go?"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Self

from bot.errors import SettingsError

PREFIX = "TOCSIN_DEMO_"


@dataclass(frozen=True, slots=True)
class Pace:
    """`window_s` is Tocsin's detection window. Three of them are the shop's minute, in which its lines, its hours and
    its past are counted: with a shorter window the same story happens in less time."""

    window_s: int = 20
    bad_deploy_after_s: float = 40
    next_bad_deploy_after_s: float = 900
    tick_s: float = 1.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """With `TOCSIN_DEMO_WINDOW_S=5` and the like; not for people, who would not know what is usual any more."""
        given: dict[str, float | int] = {}
        for field in fields(cls):
            variable = PREFIX + field.name.upper()
            if variable in environment:
                given[field.name] = _positive(variable, environment[variable], whole=field.name == "window_s")
        return cls(**given)  # type: ignore[arg-type]

    @property
    def minute_s(self) -> float:
        return 3.0 * self.window_s

    @property
    def past(self) -> timedelta:
        """How much of its past the shop sends at the first start: two of its hours."""
        return timedelta(seconds=120 * self.minute_s)

    @property
    def hour_s(self) -> float:
        return 60 * self.minute_s

    @property
    def rollout(self) -> timedelta:
        """How long a roll-out takes."""
        return timedelta(seconds=min(3.0, self.window_s / 5))

    @property
    def calm(self) -> timedelta:
        """After a fault went away nothing new is broken for so long, whatever else is due."""
        return timedelta(seconds=self.minute_s)


def _positive(variable: str, text: str, *, whole: bool) -> float | int:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = 0
    if value <= 0:
        raise SettingsError([f"{variable}: {text!r} is not a {'whole ' if whole else ''}number of seconds above 0"])
    return value
