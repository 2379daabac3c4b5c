"""How is one value of a YAML file read and changed so that nothing else in the file moves?

The file is never written by a YAML library: ruamel.yaml says where the value stands, and only those characters are
replaced. Comments, quotes, indentation, anchors, line ends and a byte order mark stay as they are, so that the
difference is the one line a reviewer expects.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

FILE_BYTES_MAX = 1_000_000
"""A deployment file is a few kilobytes; composing a megabyte of YAML already takes seconds."""

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_PART = re.compile(r"((?:\\.|[^.\\])+)(?:\.|$)")
_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"


class YamlProblem(ValueError):
    """The file, or the way to the value in it, is not as the configuration says. The message names the place."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the value's own characters stand, and how they are quoted ('' when plain)."""

    node: ScalarNode
    start: int
    end: int

    @property
    def quote(self) -> str:
        return self.node.style or ""


def read_value(content: bytes, key: str) -> str:
    """The value at the dotted `key` as it is written, without quotes: `1.10` is "1.10". Raises `YamlProblem`."""
    return str(_find(_text(content), key).node.value)


def replace_value(content: bytes, key: str, value: str) -> bytes:
    """`content` with the value at `key` replaced, in the quotes that stood there. Raises `YamlProblem`."""
    text = _text(content)
    place = _find(text, key)
    changed = text[: place.start] + _written(place, value) + text[place.end :]
    mark = "\ufeff" if content.startswith(b"\xef\xbb\xbf") else ""
    result = (mark + changed).encode()
    if read_value(result, key) != value:
        raise YamlProblem(f"{key} cannot hold {value!r}")
    return result


def split_key(key: str) -> list[str]:
    """`image.tag` → ["image", "tag"]; a backslash takes the next dot as part of a name. Raises `YamlProblem`."""
    parts, position = [], 0
    while position < len(key) and (match := _PART.match(key, position)):
        parts.append(re.sub(r"\\(.)", r"\1", match.group(1)))
        position = match.end()
    if not parts or position < len(key) or re.search(r"(?<!\\)\.$", key):
        raise YamlProblem(f"{key!r} is not a dotted path like image.tag")
    return parts


def _text(content: bytes) -> str:
    if len(content) > FILE_BYTES_MAX:
        raise YamlProblem(f"the file is larger than {FILE_BYTES_MAX:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlProblem(f"the file is not UTF-8 (byte {error.start})") from error


def _find(text: str, key: str) -> _Place:
    """The one scalar at `key`; a file of several documents must have the key in just one of them."""
    parts = split_key(key)
    problems: list[YamlProblem] = []
    places: list[_Place] = []
    for root in _documents(text):
        try:
            places.append(_place(text, _walk(root, parts, key), key))
        except YamlProblem as problem:
            problems.append(problem)
    if len(places) > 1:
        raise YamlProblem(f"{key} is in {len(places)} documents of the file")
    if not places:
        raise problems[0] if problems else YamlProblem("the file is empty")
    return places[0]


def _documents(text: str) -> Iterator[Node]:
    try:
        yield from (root for root in YAML(typ="rt").compose_all(text) if root is not None)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise YamlProblem(f"the file is not valid YAML{where}: {what}") from error
    except RecursionError as error:
        raise YamlProblem("the file is nested too deeply") from error


def _walk(root: Node, parts: list[str], key: str) -> Node:
    node, so_far = root, ""
    for part in parts:
        so_far = f"{so_far}.{part}" if so_far else part
        child, after = _child(node, part)
        if child is None:
            raise YamlProblem(f"there is no {so_far}")
        if child.start_mark.index < after:
            raise YamlProblem(f"{so_far} is an alias (*name): point the key at the value it stands for")
        node = child
    if not isinstance(node, ScalarNode):
        raise YamlProblem(f"{key} is not a single value")
    return node


def _child(node: Node, part: str) -> tuple[Node | None, int]:
    """The node under `part`, and where it stands at the earliest: an alias is the node of its anchor, further up."""
    if isinstance(node, MappingNode):
        found = [
            (value, name.end_mark.index) for name, value in node.value if name.tag != _MERGE and name.value == part
        ]
        if len(found) > 1:
            raise YamlProblem(f"{part} stands {len(found)} times in one mapping (line {node.start_mark.line + 1})")
        if found:
            return found[0]
    elif isinstance(node, SequenceNode) and part.isdecimal() and int(part) < len(node.value):
        before = node.value[: int(part)]
        return node.value[int(part)], max((item.end_mark.index for item in before), default=node.start_mark.index)
    return None, 0


def _place(text: str, node: Node, key: str) -> _Place:
    assert isinstance(node, ScalarNode)
    if node.style in ("|", ">"):
        raise YamlProblem(f"{key} is a block of text, not a single value")
    start, end = node.start_mark.index, node.end_mark.index
    properties = _PROPERTIES.match(text, start, end)
    start = properties.end() if properties else start
    if not text[start:end].strip() or "\n" in text[start:end] or "\r" in text[start:end]:
        raise YamlProblem(f"{key} is empty or longer than a line")
    return _Place(node, start, end)


def _written(place: _Place, value: str) -> str:
    """A plain value stays plain as long as it means the same kind of thing: `1.4.1` → `1.10` needs quotes, because
    a plain 1.10 would be read as the number 1.1."""
    if place.quote == "'":
        return "'" + value.replace("'", "''") + "'"
    if place.quote == '"' or _kind_when_plain(value) != place.node.tag:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value


def _kind_when_plain(value: str) -> str:
    """What YAML takes an unquoted `value` for; '' when it cannot stand unquoted."""
    try:
        node = YAML(typ="rt").compose(f"[{value}]")
    except YAMLError:
        return ""
    if not isinstance(node, SequenceNode) or len(node.value) != 1:
        return ""
    scalar = node.value[0]
    if not isinstance(scalar, ScalarNode) or scalar.value != value or scalar.style or scalar.anchor:
        return ""
    return str(scalar.tag)
