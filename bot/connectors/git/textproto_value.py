"""How is one value of a protobuf text file (as TensorFlow Serving's models.config) read and changed so that nothing
else in the file moves?

As with YAML, only the characters of the value are replaced; comments, quotes and spaces stay. A key is a path of
fields, `config[name=churn]` is the one whose `name` is churn, `versions.0` the first of several. Read by protobuf's
text format language specification, as far as it goes without the messages' definitions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

FILE_BYTES_MAX = 1_000_000
DEPTH_MAX = 100

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<number>[-+]?\.?[0-9][\w.+-]*)
      | (?P<word>-?[A-Za-z_]\w*)
      | (?P<mark>[{}<>:;,\[\]./])""",
    re.VERBOSE,
)
_STEP = re.compile(r"(?:([A-Za-z_]\w*)(?:\[([A-Za-z_]\w*)=([^\]]*)\])?|([0-9]{1,4}))(?:\.(?!$)|$)")
_CLOSING = {"{": "}", "<": ">"}


class TextprotoProblem(ValueError):
    """The file, or the way to the value in it, is not as the configuration says. The message names the place."""


@dataclass(frozen=True, slots=True)
class _Scalar:
    """Where a value stands. `kind`: "string", "number", "word", or "strings" for one put together of several."""

    text: str
    start: int
    end: int
    kind: str

    @property
    def value(self) -> str:
        return re.sub(r"\\(.)", r"\1", self.text[1:-1]) if self.kind == "string" else self.text


@dataclass(slots=True)
class _Message:
    fields: list[tuple[str, "_Scalar | _Message"]] = field(default_factory=list)

    def of(self, name: str) -> list["_Scalar | _Message"]:
        return [value for known, value in self.fields if known == name]


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    field: str = ""
    value: str = ""
    index: int = -1


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def read_value(content: bytes, key: str) -> str:
    """The value at `key`, without quotes. Raises `TextprotoProblem`."""
    return _find(_text(content), key).value


def replace_value(content: bytes, key: str, value: str) -> bytes:
    """`content` with the value at `key` replaced: a number by a number, a text in the quotes that stood there. Raises
    `TextprotoProblem`."""
    text = _text(content)
    place = _find(text, key)
    changed = text[: place.start] + _written(place, value, key) + text[place.end :]
    result = changed.encode()
    if read_value(result, key) != value:
        raise TextprotoProblem(f"{key} cannot hold {value!r}")
    return result


def split_key(key: str) -> list[_Step]:
    """Raises `TextprotoProblem`."""
    steps, position = list[_Step](), 0
    while position < len(key) and (match := _STEP.match(key, position)):
        name, field_, value, index = match.groups()
        steps.append(_Step("", index=int(index)) if index else _Step(name, field_ or "", value or ""))
        position = match.end()
    if not steps or position < len(key) or steps[0].index >= 0:
        raise TextprotoProblem(f"{key!r} is not a path like config[name=churn].version_policy.versions")
    return steps


def _text(content: bytes) -> str:
    if len(content) > FILE_BYTES_MAX:
        raise TextprotoProblem(f"the file is larger than {FILE_BYTES_MAX:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise TextprotoProblem(f"the file is not UTF-8 (byte {error.start})") from error


def _find(text: str, key: str) -> _Scalar:
    steps = split_key(key)
    found: list[_Scalar | _Message] = [_Reader(text).message()]
    so_far = ""
    for step in steps:
        if step.index >= 0:
            found = found[step.index : step.index + 1]
            so_far += f".{step.index}"
        else:
            inside = _one(found, so_far)
            if not isinstance(inside, _Message):
                raise TextprotoProblem(f"{so_far} is a value, and has no {step.name}")
            found = [one for one in inside.of(step.name) if _fits(one, step)]
            chosen = f"[{step.field}={step.value}]" if step.field else ""
            so_far = f"{so_far}.{step.name}{chosen}".lstrip(".")
        if not found:
            raise TextprotoProblem(f"there is no {so_far}")
    place = _one(found, so_far)
    if not isinstance(place, _Scalar) or place.kind == "strings":
        raise TextprotoProblem(f"{key} is not a single value")
    return place


def _one(found: list[_Scalar | _Message], so_far: str) -> _Scalar | _Message:
    if len(found) > 1:
        words = f"{so_far} stands {len(found)} times; say which, as {so_far}.0 or {so_far}[name=…]"
        raise TextprotoProblem(words)
    return found[0]


def _fits(one: _Scalar | _Message, step: _Step) -> bool:
    if not step.field:
        return True
    values = one.of(step.field) if isinstance(one, _Message) else []
    return any(isinstance(value, _Scalar) and value.value == step.value for value in values)


def _written(place: _Scalar, value: str, key: str) -> str:
    if place.kind == "string":
        quote = place.text[0]
        return quote + value.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote
    pattern = r"-?[0-9]+(\.[0-9]+)?" if place.kind == "number" else r"[A-Za-z_]\w*"
    if not re.fullmatch(pattern, value, re.ASCII):
        what = "a number" if place.kind == "number" else "a name without quotes"
        raise TextprotoProblem(f"{key} holds {what}; {value[:50]!r} is none")
    return value


class _Reader:
    """The fields of a file, with where their values stand."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens = text, list(self._split(text))
        self._at = 0

    def message(self, closing: str = "", depth: int = 0) -> _Message:
        if depth > DEPTH_MAX:
            raise TextprotoProblem("the file is nested too deeply")
        made = _Message()
        while (token := self._peek()) is not None and token.text != closing:
            name = self._name()
            is_scalar = self._took(":")
            self._values(made, name, is_scalar, depth)
            if not self._took(","):
                self._took(";")
        if closing and not self._took(closing):
            raise self._wrong(f"{closing} is missing")
        return made

    def _values(self, made: _Message, name: str, has_colon: bool, depth: int) -> None:
        """One value, or a list of them, which is the same as the field several times."""
        if not self._took("["):
            made.fields.append((name, self._value(has_colon, depth)))
            return
        while not self._took("]"):
            made.fields.append((name, self._value(has_colon, depth)))
            if not self._took(",") and (token := self._peek()) is not None and token.text != "]":
                raise self._wrong("a comma or ] is missing")

    def _value(self, has_colon: bool, depth: int) -> _Scalar | _Message:
        token = self._next()
        if token.text in _CLOSING:
            return self.message(_CLOSING[token.text], depth + 1)
        if not has_colon:
            self._at -= 1
            raise self._wrong("a colon is missing")
        if token.kind == "mark":
            self._at -= 1
            raise self._wrong("a value is missing")
        end, kind = token.end, token.kind
        while kind in ("string", "strings") and (after := self._peek()) is not None and after.kind == "string":
            end, kind = self._next().end, "strings"
        return _Scalar(self._text[token.start : end], token.start, end, kind)

    def _name(self) -> str:
        token = self._next()
        if token.kind in ("word", "number"):
            return token.text
        if token.text != "[":
            self._at -= 1
            raise self._wrong("the name of a field is missing")
        parts = list[str]()
        while (token := self._next()).text != "]":
            parts.append(token.text)
        return f"[{''.join(parts)}]"

    def _split(self, text: str) -> Iterator[_Token]:
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                line = text.count("\n", 0, position) + 1
                raise TextprotoProblem(f"the file is not protobuf's text format (line {line}: {text[position]!r})")
            if match.lastgroup != "space":
                yield _Token(str(match.lastgroup), match[0], position)
            position = match.end()

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> _Token:
        token = self._peek()
        if token is None:
            raise self._wrong("it ends too early")
        self._at += 1
        return token

    def _took(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "mark" or token.text != text:
            return False
        self._at += 1
        return True

    def _wrong(self, what: str) -> TextprotoProblem:
        token = self._peek()
        line = self._text.count("\n", 0, token.start if token else len(self._text)) + 1
        return TextprotoProblem(f"the file is not protobuf's text format (line {line}: {what})")
