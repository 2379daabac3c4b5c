"""What is a subscription, and what is ordered when its hour has come?"""

from dataclasses import dataclass
from datetime import date, datetime

from bot.digests.rhythm import DigestSlot, Rhythm


@dataclass(frozen=True, slots=True)
class Subscription:
    """A digest that somebody wants. `to` is a channel's id, or a person's for a direct message. It is about `services`,
    or about all when none is named."""

    to: str
    by: str
    rhythm: Rhythm
    services: tuple[str, ...]
    since: datetime
    id: int = 0

    @property
    def is_personal(self) -> bool:
        return is_person(self.to)


def is_person(to: str) -> bool:
    """The id of a person, not of a channel."""
    return to[:1] in ("U", "W")


@dataclass(frozen=True, slots=True)
class Order:
    """One digest to be written. `person` is whose it is (a `Person.key`), or ''. On `missed` days none was sent;
    `is_first`: none was sent before it. One that somebody asks for in between is not `is_sent`."""

    slot: DigestSlot
    rhythm: Rhythm
    services: tuple[str, ...] = ()
    person: str = ""
    missed: tuple[date, ...] = ()
    is_first: bool = False
    is_sent: bool = False

    def is_about(self, service: str) -> bool:
        return not self.services or service in self.services
