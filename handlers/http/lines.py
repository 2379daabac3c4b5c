"""Which lines does a body hold?

A body is lines of text, lines of JSON (ndjson), or one JSON array of objects; its content type says which, or else its
first bytes. A line is at most `bytes_max` long: what is longer is cut, and its whole length is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import msgspec
from starlette.exceptions import HTTPException

from bot.stream.split import BOM, Block, blocks

NDJSON_TYPES = frozenset(
    f"application/{name}"
    for name in ("x-ndjson", "ndjson", "jsonl", "x-jsonlines", "jsonlines", "json-lines", "x-jsonl")
)
UNTOLD_TYPES = frozenset(("", "*/*", "application/octet-stream", "application/x-www-form-urlencoded"))
"""What clients send when nobody chose a type (`curl -d`)."""
UTF8_NAMES = frozenset(("", "utf-8", "utf8", "us-ascii", "ascii"))
ARRAY_STARTS = (b"{", b"]")

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_WHOLE = msgspec.json.Decoder(msgspec.Raw)


class Form(Enum):
    TEXT = "text"
    """Each line is what it is: a line of text, or one that is JSON."""
    NDJSON = "ndjson"
    """Each line must be a JSON object."""
    JSON = "json"
    """The whole is a JSON array of objects, or one object, or it is ndjson all the same."""


@dataclass(frozen=True, slots=True)
class Line:
    """`number` starts at 1 (for an array: the element); `size` is the length before it was cut."""

    number: int
    data: bytes
    size: int


def form_of(content_type: str, head: bytes) -> Form:
    """The form a body is in. Raises `HTTPException` 415 when its type is none that holds lines."""
    name, _, options = content_type.partition(";")
    name = name.strip().lower()
    charset = options.partition("charset=")[2].partition(";")[0].strip().strip('"').lower()
    if charset not in UTF8_NAMES or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise HTTPException(415, "the text must be UTF-8")
    if name in NDJSON_TYPES:
        return Form.NDJSON
    start = head.removeprefix(BOM).lstrip()
    if name == "application/json":
        return Form.JSON
    if name in UNTOLD_TYPES:
        is_array = start.startswith(b"[") and start[1:].lstrip().startswith(ARRAY_STARTS)
        return Form.JSON if is_array else Form.TEXT
    if name.startswith("text/"):
        return Form.TEXT
    raise HTTPException(
        415, f"the content type {name!r} holds no lines; send text/plain, application/x-ndjson or application/json"
    )


def lines(pieces: Iterable[bytes], form: Form, bytes_max: int) -> Iterator[Line]:
    """The lines of a body, empty ones left out. Raises `HTTPException` 400 when a JSON array is not one."""
    for block in blocks_of(pieces, form, bytes_max):
        yield from lines_of(block)


def lines_of(block: Block) -> Iterator[Line]:
    for place, data in enumerate(block.lines):
        if data.strip():
            yield Line(block.number + place, data, block.cut.get(place, len(data)))


def blocks_of(pieces: Iterable[bytes], form: Form, bytes_max: int) -> Iterator[Block]:
    """As `lines`, many at once, empty ones too."""
    if form is not Form.JSON:
        return blocks(pieces, bytes_max)
    body = b"".join(pieces).removeprefix(BOM)
    return iter([_elements(body, bytes_max)]) if body.lstrip().startswith(b"[") else _one_or_more(body, bytes_max)


def _one_or_more(body: bytes, bytes_max: int) -> Iterator[Block]:
    try:
        _WHOLE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return blocks([body], bytes_max)
    return iter([Block(1, [body.strip()], {0: len(body)} if len(body) > bytes_max else {})])


def _elements(body: bytes, bytes_max: int) -> Block:
    try:
        elements = list(map(bytes, _ELEMENTS.decode(body)))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HTTPException(400, f"the body is not a JSON array of objects: {error}") from error
    except RecursionError:
        raise HTTPException(400, "the body is nested too deeply") from None
    return Block(1, elements, {place: len(one) for place, one in enumerate(elements) if len(one) > bytes_max})
