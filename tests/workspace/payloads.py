"""Which payloads does the property-based generator try? What the table of rules allows, with one fault put in."""

import copy
from typing import Any

from hypothesis import strategies as st

from bot.workspace.block_rules import BLOCKS, ELEMENTS
from bot.workspace.object_rules import SHAPES, VIEWS
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

Json = dict[str, Any]
Unknown = frozenset[
    tuple[str, str]
]  # (shape, field) an oracle does not know; ("*", field) anywhere; (shape, "") altogether

_WORDS = st.text("abc é✓*_<&", min_size=1, max_size=12)
_FIXED: dict[str, Any] = {
    "initial_date": "2026-11-21",
    "initial_time": "09:30",
    "initial_date_time": 1_795_000_000,
    "min_value": "1",
    "max_value": "9.5",
    "min_length": 2,
    "max_length": 30,
    "min_lines": 1,
    "max_lines": 3,
    "row_header_column_index": 0,
    "url": "https://example.com/a",
    "image_url": "https://example.com/a.png",
    "video_url": "https://example.com/v",
    "title_url": "https://example.com/t",
    "thumbnail_url": "https://example.com/t.png",
    "provider_icon_url": "https://example.com/p.png",
    "timezone": "Europe/Berlin",
    "icon_name": "bot",
}


def blocks(unknown: Unknown) -> st.SearchStrategy[Json]:
    """One block of any type that the oracle knows."""
    names = [name for name in BLOCKS if (name, "") not in unknown]
    return st.sampled_from(sorted(names)).flatmap(lambda name: _shape(name, BLOCKS[name], unknown))


def views(unknown: Unknown) -> st.SearchStrategy[Json]:
    """A modal or home with one or two blocks."""
    holder = st.lists(blocks(unknown), min_size=1, max_size=2)
    return st.sampled_from(sorted(VIEWS)).flatmap(
        lambda name: st.tuples(_shape(name, VIEWS[name], unknown | {(name, "blocks")}), holder).map(
            lambda made: {**made[0], "blocks": made[1]}
        )
    )


def _shape(name: str, shape: Shape, unknown: Unknown) -> st.SearchStrategy[Json]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for key, kind in shape.fields.items():
        field = key.removesuffix("!")
        if (name, field) in unknown or ("*", field) in unknown:
            continue
        made = st.just(name) if field == "type" and name != "slack_icon" else _field(field, kind, unknown)
        (required if key.endswith("!") else optional)[field] = made
    if name == "slack_icon":
        required.update(type=st.just("icon"), name=st.just("bot"))
    return st.fixed_dictionaries(required, optional=optional)


def _field(field: str, kind: Kind, unknown: Unknown) -> st.SearchStrategy[Any]:
    if field in _FIXED and not isinstance(kind, Text | Shaped):
        return st.just(_FIXED[field])
    return _value(kind, unknown)


def _value(kind: Kind, unknown: Unknown) -> st.SearchStrategy[Any]:
    match kind:
        case String():
            longest = st.just("x" * kind.longest) if kind.longest else st.just("x")
            return st.one_of(_WORDS, longest)
        case Number():
            low = kind.smallest if kind.smallest is not None else 1
            high = kind.largest if kind.largest is not None else low + 20
            return st.integers(int(low), int(high))
        case Flag():
            return st.booleans()
        case Word():
            return st.sampled_from(kind.values)
        case Text():
            return _text(kind)
        case Many():
            fewest = max(1, kind.fewest)
            return st.lists(_value(kind.item, unknown), min_size=fewest, max_size=fewest + 1)
        case Typed():
            return _typed(kind, unknown)
        case Shaped():
            return _shape(kind.name, SHAPES[kind.name], unknown)
        case Nullable():
            return _value(kind.kind, unknown)
        case Anything():
            return st.just("anything")


def _typed(kind: Typed, unknown: Unknown) -> st.SearchStrategy[Json]:
    table = BLOCKS if kind.is_block else {**SHAPES, **ELEMENTS}
    names = [name for name in kind.types if (name, "") not in unknown]
    return st.sampled_from(names).flatmap(lambda name: _shape(name, table[name], unknown))


def _text(kind: Text) -> st.SearchStrategy[Json]:
    words = st.one_of(_WORDS, st.just("x" * kind.longest))
    return st.builds(lambda name, text: {"type": name, "text": text}, st.sampled_from(kind.types), words)


@st.composite
def spoiled(draw: st.DrawFn, sound: st.SearchStrategy[Json]) -> Json:
    """A sound payload with one thing wrong in it (or harmless: the oracles say)."""
    payload = copy.deepcopy(draw(sound))
    places = list(_places(payload))
    holder, key = draw(st.sampled_from(places))
    how = draw(st.sampled_from(("drop", "add", "long", "longer", "empty", "many", "type", "wrong", "null")))
    value = holder[key]
    match how:
        case "drop":
            del holder[key]
        case "add" if isinstance(value, dict):
            value["bogus"] = 1
        case "long" if isinstance(value, str):
            holder[key] = value + "x" * draw(st.sampled_from((20, 75, 150, 255, 300)))
        case "longer" if isinstance(value, str):
            holder[key] = "x" * 12_001
        case "empty" if isinstance(value, str | list):
            holder[key] = type(value)()
        case "many" if isinstance(value, list) and value:
            holder[key] = [copy.deepcopy(value[0]) for _ in range(draw(st.sampled_from((4, 6, 11, 26, 101, 202))))]
        case "type" if isinstance(value, dict) and "type" in value:
            value["type"] = draw(
                st.sampled_from(("nonsense", "button", "section", "plain_text_input", "mrkdwn", "image"))
            )
        case "wrong":
            holder[key] = draw(st.sampled_from((7, True, "a word", [], {}, ["a"], {"a": 1})))
        case "null":
            holder[key] = None
    return payload


def _places(value: Any) -> Any:
    """Every (holder, key) inside a payload."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, item in items:
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)
