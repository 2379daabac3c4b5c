"""What kinds of rule can a field of Slack's JSON have? The small vocabulary in which `block_rules` is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PLAIN, MRKDWN = "plain_text", "mrkdwn"


@dataclass(frozen=True, slots=True)
class String:
    """Lengths count Unicode code points, as Slack does (`mb_strlen` in slackhq/hack-json-schema)."""

    longest: int | None = None
    shortest: int = 0
    pattern: str | None = None
    format: str | None = None  # "date"


@dataclass(frozen=True, slots=True)
class Number:
    smallest: float | None = None
    largest: float | None = None
    whole: bool = True
    above: float | None = None  # exclusive


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Word:
    """One of a few values."""

    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text object of one of these types."""

    longest: int
    types: tuple[str, ...] = (PLAIN, MRKDWN)
    shortest: int = 1


@dataclass(frozen=True, slots=True)
class Many:
    item: "Kind"
    most: int | None = None
    fewest: int = 0
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """An object whose `type` names its shape."""

    types: tuple[str, ...]
    default: str | None = None  # what an object without a type is taken for
    is_block: bool = False  # `image` and `card` differ as blocks and as elements


@dataclass(frozen=True, slots=True)
class Shaped:
    """An object of one shape, by its name in the table."""

    name: str


@dataclass(frozen=True, slots=True)
class Nullable:
    """null, or else this."""

    kind: "Kind"


@dataclass(frozen=True, slots=True)
class Anything:
    """Not looked at."""


Kind = String | Number | Flag | Word | Text | Many | Typed | Shaped | Nullable | Anything


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: its fields by name (`name!` is required) and where Slack says so."""

    source: str
    fields: Mapping[str, Kind] = field(default_factory=dict)

    def kind_of(self, name: str) -> Kind | None:
        found = self.fields.get(name)
        return found if found is not None else self.fields.get(f"{name}!")

    @property
    def required(self) -> list[str]:
        return [name[:-1] for name in self.fields if name.endswith("!")]
