"""Who is it? Identity is a team id and a user id, never a name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in Slack. `is_bot` people may read and never act. `groups`: ids of the user groups they are in, of those
    that the settings speak of."""

    team: str
    user: str
    is_bot: bool = False
    groups: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.team}/{self.user}"

    @classmethod
    def of(cls, key: str) -> "Person":
        team, _, user = key.partition("/")
        return cls(team, user)


def remedy(name: str) -> Person:
    """A rule that asks by itself. Of no Slack workspace, and like a bot: it can say yes to nothing."""
    return Person(REMEDY, name, is_bot=True)


REMEDY = "remedy"


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody (`Person.key`) is called, and an IANA time zone, or ''."""

    key: str
    name: str
    timezone: str = ""


TOCSIN = Person("", "tocsin", is_bot=True)
"""Tocsin itself, when it acts by the clock."""
