"""Does a value have the shape that the table asks for? The walk over a payload; problems in Slack's own words.

The words are the templates of slackhq/hack-json-schema, the engine behind Slack's own checks; strings found in the wild
(`must be less than 3001 characters [json-pointer:/blocks/0/text/text]`) are exactly these.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from bot.workspace.block_rules import BLOCKS, ELEMENTS
from bot.workspace.object_rules import SHAPES
from bot.workspace.refusal import Json
from bot.workspace.rule_kinds import (
    Anything,
    Flag,
    Kind,
    Many,
    Nullable,
    Number,
    Shape,
    Shaped,
    String,
    Text,
    Typed,
    Word,
)

_INSIDE = {**SHAPES, **ELEMENTS}
_PROBLEMS_MAX = 50  # a hopeless payload is told this much


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is missing_field, invalid_type or failed_constraint; `constraint` is {type, expected, got}."""

    message: str
    pointer: str
    code: str = "failed_constraint"
    constraint: Json | None = None

    @property
    def field(self) -> str:
        """The last part of the pointer."""
        return self.pointer.rpartition("/")[2]

    @property
    def line(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


def check(value: Any, kind: Kind, at: str) -> list[Problem]:
    """All problems of a value, at most 50, in the order of the payload."""
    return _check(value, kind, at)[:_PROBLEMS_MAX]


def _check(value: Any, kind: Kind, at: str) -> list[Problem]:
    match kind:
        case String():
            return _string(value, kind, at)
        case Number():
            return _number(value, kind, at)
        case Flag():
            return [] if isinstance(value, bool) else [_wrong_type("must be a boolean", at, "boolean", value)]
        case Word():
            return _word(value, kind, at)
        case Text():
            return _text(value, kind, at)
        case Many():
            return _many(value, kind, at)
        case Typed():
            return _typed(value, kind, at)
        case Shaped():
            return check_shape(value, SHAPES[kind.name], at)
        case Nullable():
            return [] if value is None else _check(value, kind.kind, at)
        case Anything():
            return []


def check_shape(value: Any, shape: Shape, at: str) -> list[Problem]:
    if not isinstance(value, dict):
        return [_wrong_type("must provide an object", at, "object", value)]
    problems = [
        Problem(f"missing required field: {name}", at, "missing_field") for name in shape.required if name not in value
    ]
    for name, item in value.items():
        kind = shape.kind_of(name)
        if kind is None:
            constraint = {"type": "additional_properties", "expected": False, "got": name}
            problems.append(Problem(f"invalid additional property: {name}", at, constraint=constraint))
        else:
            problems += _check(item, kind, f"{at}/{name}")
    return problems


def _string(value: Any, kind: String, at: str) -> list[Problem]:
    if not isinstance(value, str):
        return [_wrong_type("must provide a string", at, "string", value)]
    length = len(value)
    if kind.longest is not None and length > kind.longest:
        return [_failed(f"must be less than {kind.longest + 1} characters", at, "max_length", kind.longest, length)]
    if length < kind.shortest:
        return [_failed(f"must be more than {kind.shortest - 1} characters", at, "min_length", kind.shortest, length)]
    if kind.pattern is not None and not re.search(kind.pattern, value):
        return [_failed(f"input must match regex pattern: {kind.pattern}", at, "pattern", kind.pattern, value)]
    if kind.format == "date" and not _is_date(value):
        return [_failed("input must be a valid: date", at, "format", "date", value)]
    return []


def _is_date(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)) and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _number(value: Any, kind: Number, at: str) -> list[Problem]:
    name = "integer" if kind.whole else "number"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (kind.whole and value != int(value)):
        article = "an" if kind.whole else "a"
        return [_wrong_type(f"must provide {article} {name}", at, name, value)]
    if kind.smallest is not None and value < kind.smallest:
        return [_failed(f"must be greater than {kind.smallest:g}", at, "minimum", kind.smallest, value)]
    if kind.above is not None and value <= kind.above:
        return [_failed(f"must be greater than {kind.above:g}", at, "minimum", kind.above, value)]
    if kind.largest is not None and value > kind.largest:
        return [_failed(f"must be less than {kind.largest:.15g}", at, "maximum", kind.largest, value)]
    return []


def _word(value: Any, kind: Word, at: str) -> list[Problem]:
    if any(value == known and type(value) is type(known) for known in kind.values):
        return []
    return [_failed("must be a valid enum value", at, "enum", list(kind.values), value)]


def _text(value: Any, kind: Text, at: str) -> list[Problem]:
    if not isinstance(value, dict):
        return [_wrong_type("must provide an object", at, "object", value)]
    name = value.get("type")
    if name not in kind.types:
        return [_unsupported(value, at)]
    return check_shape(value, _text_shape(str(name), kind.longest, kind.shortest), at)


@lru_cache(maxsize=256)
def _text_shape(name: str, longest: int, shortest: int) -> Shape:
    shape = ELEMENTS[name]
    return Shape(shape.source, {**shape.fields, "text!": String(longest, shortest)})


def _many(value: Any, kind: Many, at: str) -> list[Problem]:
    if not isinstance(value, list):
        return [_wrong_type("must provide an array", at, "array", value)]
    if kind.most is not None and len(value) > kind.most:
        return [_failed(f"no more than {kind.most} items allowed", at, "max_items", kind.most, len(value))]
    if len(value) < kind.fewest:
        return [_failed(f"must provide at least {kind.fewest} items", at, "min_items", kind.fewest, len(value))]
    return [problem for i, item in enumerate(value) for problem in _check(item, kind.item, f"{at}/{i}")]


def _typed(value: Any, kind: Typed, at: str) -> list[Problem]:
    if not isinstance(value, dict):
        return [_wrong_type("must provide an object", at, "object", value)]
    name = value.get("type", kind.default)
    if not isinstance(name, str) or name not in kind.types:
        return [_unsupported(value, at)]
    shape = shape_of(name, is_block=kind.is_block)
    if "type" not in value and kind.default is not None:
        return check_shape({"type": name, **value}, shape, at)
    return check_shape(value, shape, at)


def shape_of(name: str, *, is_block: bool) -> Shape:
    """`image` is a block at the top of a surface and an element elsewhere."""
    return BLOCKS[name] if is_block else _INSIDE[name]


def unsupported(value: Json, at: str) -> Problem:
    return _unsupported(value, at)


def _unsupported(value: Json, at: str) -> Problem:
    if "type" not in value:
        return Problem("missing required field: type", at, "missing_field")
    if not isinstance(value["type"], str):
        return _wrong_type("must provide a string", f"{at}/type", "string", value["type"])
    constraint = {"type": "any_of", "expected": None, "got": value["type"]}
    return Problem(f"unsupported type: {value['type']}", f"{at}/type", constraint=constraint)


def _wrong_type(message: str, at: str, expected: str, got: Any) -> Problem:
    return Problem(message, at, "invalid_type", {"type": "type", "expected": expected, "got": type(got).__name__})


def _failed(message: str, at: str, kind: str, expected: Any, got: Any) -> Problem:
    return Problem(message, at, "failed_constraint", {"type": kind, "expected": expected, "got": got})
