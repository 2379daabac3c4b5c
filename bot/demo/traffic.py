"""Which lines does a service write when?

Everything follows from a seed and the number of the minute, so that what was written between two moments is the same
however often and in whatever pieces it is asked for: a restart continues in the middle of a minute and repeats nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from bot.demo.lines import PODS, ROLLOUT, TEMPLATES, pod, render
from bot.demo.shop import FAULTS, SERVICES, Fault

DAY_MINUTES = 1440
KNOCK_ON_AFTER = 0.3
"""Of a minute: so much later do other services suffer."""


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    service: str
    level: str
    text: str
    host: str


@dataclass(frozen=True, slots=True)
class Spell:
    """`fault` shows since then."""

    fault: Fault
    since: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """`minute_s` is how long the shop's minute takes. In the minutes after `first` each template is sure to come
    twice, so that a rare one is not taken for news later."""

    minute_s: float
    seed: int
    first: datetime

    def between(self, service: str, since: datetime, until: datetime, spells: tuple[Spell, ...] = ()) -> list[Line]:
        """What `service` wrote after `since`, up to `until`, in order."""
        lines = [
            line
            for number in range(self._minute(since), self._minute(until) + 1)
            for line in self._in_minute(service, number, spells)
            if since < line.at <= until
        ]
        return sorted(lines, key=lambda line: line.at)

    def rollout(self, service: str, version: str, previous: str, revision: str, at: datetime) -> list[Line]:
        """What `service` writes while it goes from one version to the next."""
        random = Random(f"{self.seed} {service} {revision}")
        steps = [(text, number) for text in ROLLOUT[1:4] for number in PODS]
        return [
            Line(
                at + timedelta(milliseconds=position),
                service,
                "info",
                render(
                    text,
                    random,
                    service,
                    pod=pod(service, number),
                    version=version,
                    previous=previous,
                    revision=revision[:8],
                ),
                pod(service, number),
            )
            for position, (text, number) in enumerate([(ROLLOUT[0], 0), *steps, (ROLLOUT[4], 0)])
        ]

    def _in_minute(self, service: str, number: int, spells: tuple[Spell, ...]) -> Iterator[Line]:
        own = next((spell for spell in spells if spell.fault.service == service), None)
        yield from self._usual(service, number, own)
        for spell in spells:
            if spell.fault.service == service:
                yield from self._errors(spell, number)
            if spell.fault.knock_on.service == service:
                yield from self._knock_on(spell, number)

    def _usual(self, service: str, number: int, own: Spell | None) -> Iterator[Line]:
        random = self._random(service, number)
        templates = TEMPLATES[service]
        chosen = random.choices(templates, [t.weight for t in templates], k=self._amount(service, number, random))
        introduced = number - self._minute(self.first)
        if 0 <= introduced < 2 * len(templates):
            chosen.append(templates[introduced % len(templates)])
        for template in chosen:
            at = self._moment(number, random)
            suffers = own is not None and at >= own.since
            slow, lost = random.random(), random.random()
            slows = own.fault.slow if own and suffers else 0.02
            text = render(template.text, random, service, slow=5.0 if slow < slows else 1.0)
            line = Line(at, service, template.level, text, pod(service, random.randrange(3)))
            if not (own and suffers and lost < own.fault.lost):
                yield line

    def _errors(self, spell: Spell, number: int) -> Iterator[Line]:
        fault = spell.fault
        random = self._random(f"{fault.service} {fault.name}", number)
        for _ in range(_about(fault.lines, random)):
            at = self._moment(number, random)
            value = fault.value if random.random() < fault.share else random.choice(fault.others)
            text = render(fault.error, random, fault.service, slow=5.0, parameter=value)
            if at >= spell.since:
                yield Line(at, fault.service, "error", text, pod(fault.service, random.randrange(3)))

    def _knock_on(self, spell: Spell, number: int) -> Iterator[Line]:
        knock_on = spell.fault.knock_on
        random = self._random(f"{knock_on.service} {spell.fault.name} knock-on", number)
        begins = spell.since + timedelta(seconds=self.minute_s * KNOCK_ON_AFTER)
        for _ in range(_about(knock_on.lines, random)):
            at = self._moment(number, random)
            text = render(knock_on.template, random, knock_on.service, slow=20.0)
            if at >= begins:
                yield Line(at, knock_on.service, "warn", text, pod(knock_on.service, random.randrange(3)))

    def _amount(self, service: str, number: int, random: Random) -> int:
        """More by day than by night, and never the same twice."""
        turn = math.sin(2 * math.pi * (number % DAY_MINUTES - 540) / DAY_MINUTES)
        return _about(SERVICES[service].lines * (1 + 0.25 * turn), random)

    def _moment(self, number: int, random: Random) -> datetime:
        return datetime.fromtimestamp((number + random.random()) * self.minute_s, UTC)

    def _minute(self, at: datetime) -> int:
        return math.floor(at.timestamp() / self.minute_s)

    def _random(self, what: str, number: int) -> Random:
        return Random(f"{self.seed} {what} {number}")


def _about(mean: float, random: Random) -> int:
    """A number of independent things of which `mean` are expected."""
    return max(0, round(random.gauss(mean, math.sqrt(mean))))


def fault_named(name: str) -> Fault:
    return next(fault for fault in FAULTS if fault.name == name)
