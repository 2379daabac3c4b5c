"""What does a runbook say, and which ones are for this incident?

    ---
    title: Checkout refuses cards
    services: [checkout]
    templates: ["Payment declined for order * is not supported"]
    severity: major
    actions:
      - rollback-checkout
      - action: deploy-checkout
        label: Back to the version before
        with: {version: "{previous}"}
    ---
    Text for people, in Markdown.

Aliases of YAML are not taken: a few lines of them can stand for gigabytes. Neither is what is nested deeply.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from bot.actions.fitting import Fitting, Trouble, unknown_places
from bot.errors import InputError
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

TEXT_KB_MAX = 64
OFFERED_MAX = 3
"""So many runbooks are offered on an incident, the most exact ones."""

BUTTONS_MAX = 3
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?(.*)\Z", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_PATTERN_MAX = 300
_DEPTH_MAX = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A button: an action by its name, what the button says ('' = the action's own words), and what is filled in."""

    action: str
    label: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Runbook:
    """`name`: its path in the folder without the ending, as people type it. `text` is Markdown."""

    name: str
    title: str
    fitting: Fitting
    steps: tuple[Step, ...]
    text: str

    @property
    def key(self) -> str:
        """Short, and another one for every name."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:12]

    @property
    def digest(self) -> str:
        """Another one when anything in it changes."""
        facts = [self.title, self.text, *(f"{s.action}|{s.label}|{s.parameters}" for s in self.steps)]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:12]


def parse(name: str, content: str) -> Runbook:
    """Raises `InputError` that names the runbook and what is wrong in it."""
    found = _FRONT.match(content)
    if found is None:
        raise InputError("it has to begin with a line ---, what it is for in YAML, and a line ---", place=name)
    front = _front(name, found[1])
    text = found[2].strip()
    heading = _HEADING.search(text)
    title = front.title or (heading[1] if heading else name.rsplit("/", 1)[-1].replace("-", " ").capitalize())
    if heading and heading.start() == 0 and title == heading[1]:
        text = text[heading.end() :].strip()
    fitting = Fitting(front.services, front.templates, front.fingerprints, front.kinds, front.severity)
    steps = tuple(Step(s.action, s.label, tuple(s.with_.items())) for s in front.actions)
    return Runbook(name, " ".join(title.split())[:150], fitting, steps, text)


def fitting_ones(runbooks: Iterable[Runbook], trouble: Trouble) -> list[Runbook]:
    """Those for this incident, the most exact first."""
    fitting = [runbook for runbook in runbooks if runbook.fitting.fits(trouble)]
    return sorted(fitting, key=lambda runbook: (-runbook.fitting.exactness, runbook.name))[:OFFERED_MAX]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    action: str = Field(min_length=1, max_length=200)
    label: str = Field(default="", max_length=75)
    with_: Mapping[str, str] = Field(default_factory=dict, alias="with", max_length=20)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        return {"action": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _knows_its_places(self) -> "_Step":
        for value in self.with_.values():
            for place in unknown_places(value):
                raise ValueError(f"{{{place[:40]}}} is nothing that an incident knows")
        return self


class _Front(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = ""
    services: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    kinds: tuple[SignalKind, ...] = ()
    severity: Severity | None = None
    actions: tuple[_Step, ...] = Field(default=(), max_length=BUTTONS_MAX)

    @model_validator(mode="after")
    def _is_for_something(self) -> "_Front":
        patterns = [*self.services, *self.templates, *self.fingerprints]
        if not patterns and not self.kinds:
            raise ValueError("say what it is for: services, templates, fingerprints or kinds")
        if any(not pattern or len(pattern) > _PATTERN_MAX for pattern in patterns):
            raise ValueError(f"a pattern has 1 to {_PATTERN_MAX} characters")
        return self


def _front(name: str, text: str) -> _Front:
    try:
        _must_be_flat(name, text)
        given = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        lines = str(error).split("\n")
        raise InputError(f"what stands between the --- is no YAML: {lines[0][:200]}", place=name) from error
    if not isinstance(given, dict):
        raise InputError("between the --- there have to be names with values", place=name)
    try:
        return _Front.model_validate(given)
    except ValidationError as error:
        raise InputError("; ".join(_problem(detail) for detail in error.errors()[:3]), place=name) from error


def _must_be_flat(name: str, text: str) -> None:
    """Looked at event by event: a deep one would take the loader minutes."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, AliasEvent):
            raise InputError("aliases (*name) are not taken in a runbook", place=name)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEPTH_MAX:
            raise InputError("what stands between the --- is no YAML for this: it is too deep", place=name)


def _problem(detail: Mapping[str, object]) -> str:
    place = detail["loc"]
    where = ".".join(str(part) for part in place) if isinstance(place, Sequence) else ""
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "there is no such setting"
    return f"{where}: {message}" if where else message
