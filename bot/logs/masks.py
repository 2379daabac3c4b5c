# ruff: noqa: E501 - tables of patterns and cases, one a line
"""Which parts of a line are values? Masks write them as named marks: `<IP>`, `<NUM>`, `<UUID>` …

A mask never sees or removes white space, so a line keeps its words' places, and it sees every digit as 0, so that lines
which differ in digits only are one line from here on. After the masks no digit is left, and no `<*>` of the line's own:
a log cannot pretend to be a wildcard.
"""

import functools
import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from bot.errors import InputError

WILDCARD = "<*>"
MEMO_LIMIT = 200_000  # words remembered; at about 150 bytes each this is 30 MB, then it starts again
SPANS_LIMIT = 20_000  # words whose values' places are remembered
WORD_LIMIT = 512  # a longer word is a value: no pattern is run on it


class Mask(NamedTuple):
    """`pattern` is a regular expression over one word in which every digit is written 0."""

    name: str
    pattern: str


class Span(NamedTuple):
    """A value inside one word: `word[start:end]`, and the mask that found it."""

    start: int
    end: int
    name: str


_HEX = "[0a-fA-F]"
_EDGE = r"(?<![A-Za-z0])"
_END = r"(?![A-Za-z0])"
_UNITS = "ns|us|µs|ms|s|secs?|seconds?|mins?|m|h|hrs?|hours?|d|days?|[KMGTPkmgtp]i?[Bb]?(?:ps|/s)?|[Bb](?:ps|/s)?|bytes?|[kMG]?Hz|%|C|F|V|W"

_TLDS = (
    "com|net|org|edu|gov|mil|info|biz|local|internal|lan|localdomain|arpa|cloud|hk|cn|jp|kr|tw|uk|de|fr|nl|ru|br|au|ca|us|eu|mx"
    "|ua|tr|se|ch|es|io|svc"
)
_SOURCES = "java|py|go|c|cc|cpp|cxx|h|hpp|js|mjs|ts|rb|rs|cs|scala|kt|php|pl|swift|m|ex|erl|lua|sh|sql|cu|f90"

DEFAULT_MASKS: tuple[Mask, ...] = (
    Mask("ANY", r"<\*>"),
    Mask("URL", _EDGE + r"[A-Za-z][A-Za-z0+.\-]{1,20}://[^\s\"'<>)\]},;]+"),
    Mask("EMAIL", r"(?<![\w.+\-])[\w.+\-]{1,64}@[A-Za-z0\-]{1,63}(?:\.[A-Za-z0\-]{1,63}){1,8}" + _END),
    Mask("UUID", _EDGE + rf"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}" + _END),
    Mask("MAC", _EDGE + rf"(?:{_HEX}{{2}}[:\-]){{5}}{_HEX}{{2}}" + r"(?![A-Za-z0:\-])"),
    Mask(
        "TIME",
        _EDGE
        + r"(?:0{4}[\-/.]0{2}[\-/.]0{2}(?:[T_\-]0{2}[:.]0{2}[:.]0{2}(?:[.,]0+)?(?:Z|[+\-]0{2}:?0{2})?)?"
        + r"|0{1,2}/[A-Z][a-z]{2}/0{4}(?::0{2}){3}|0{4}/0{1,2}/0{1,2}:0{1,2}:0{2}:0{2}(?:\.0+)?|0{1,2}[/\-]0{1,2}[/\-]0{2,4}"
        + r"|0{1,3}:0{2}:0{2}(?:[.,]0+)?Z?|0{1,2}:0{2}(?![:0]))"
        + _END,
    ),
    Mask("IP", _EDGE + r"0{1,3}(?:\.0{1,3}){3}(?:/0{1,2})?" + r"(?![A-Za-z0]|\.0)"),
    Mask(
        "IP",
        r"(?<![A-Za-z0:.])(?:"
        + rf"(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}|(?:{_HEX}{{1,4}}:){{1,6}}(?::{_HEX}{{1,4}}){{1,6}}|::(?:{_HEX}{{1,4}}:){{0,5}}{_HEX}{{1,4}}"
        + r")(?:%[A-Za-z0]{1,15})?"
        + _END,
    ),
    Mask("HOST", _EDGE + rf"(?:[A-Za-z0][A-Za-z0\-]{{0,62}}\.){{1,8}}(?:{_TLDS})" + r"(?![A-Za-z0]|\.[A-Za-z])"),
    Mask(
        "HOST",
        _EDGE
        + rf"(?:[A-Za-z0][A-Za-z0\-]{{0,62}}\.){{1,8}}(?!(?:{_SOURCES}):)[A-Za-z][A-Za-z0\-]{{1,62}}(?=:0{{1,5}}(?![A-Za-z0]))",
    ),
    Mask("HEX", _EDGE + rf"0x{_HEX}+" + _END),
    Mask("HEX", _EDGE + rf"(?=[a-fA-F]{{0,40}}0)(?=0{{0,40}}[a-fA-F]){_HEX}{{8,}}" + _END),
    Mask("PATH", r"(?<![\w.\-/<>])(?:[A-Za-z]:\\[^\s\"'<>|,;]+|~?(?:/[\w.@%+=~$:\-]+){2,}/?)"),
    Mask("VAL", r"(?<=[A-Za-z0_\-.)\]]=)(?![=>\"'\[({])[^\s,;&\"'()\[\]{}]+"),
    Mask("STR", r"(?<![A-Za-z0])(?:\"[^\"\s]*\"|'[^'\s]*')" + _END),
    Mask("BLOB", _EDGE + r"(?=[A-Za-z+/]{0,60}0)[A-Za-z0+/]{40,}={0,2}"),
    Mask("NUM", _EDGE + rf"(?:(?<![A-Za-z0)\]])[+\-])?0+(?:[.,]0+)*(?:[eE][+\-]?0+)?(?:{_UNITS})?" + _END),
    Mask("ID", r"(?<![A-Za-z0_])[A-Za-z]{1,30}_0+(?:_[A-Za-z0]{1,40}){1,8}(?![A-Za-z0_])"),
    Mask("BOOL", r"(?<![\w.\-/])(?:true|false|True|False|TRUE|FALSE|null|NULL|None|nil)(?![\w\-/(]|\.\w)"),
    Mask(
        "TIME",
        r"(?<![\w.\-/])(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?![\w\-/(]|\.\w)",
    ),
    Mask("ID", _EDGE + r"[A-Za-z]{0,8}0+[A-Za-z]{1,8}0[A-Za-z0]*" + _END),
)
_FLOOR = Mask("NUM", r"0+(?:\.0+)*")

_FOLD = bytes.maketrans(b"123456789", b"000000000")


@functools.cache
def _foreign_digits() -> Mapping[int, str]:
    """Every character outside ASCII that drain3 would take for a digit, as 0."""
    return {code: "0" for code in range(128, 0x20000) if chr(code).isdigit()} | {ord(d): "0" for d in "123456789"}


def fold(text: str) -> str:
    """The text with every digit written 0; its length stays."""
    if text.isascii():
        return text.encode("ascii").translate(_FOLD).decode("ascii")
    return text.translate(_foreign_digits())


def fold_all(texts: Sequence[str]) -> list[str]:
    """`fold` of each, in one go."""
    batch = "\n".join(texts)
    if not batch.isascii():
        return [fold(text) for text in texts]
    folded = fold(batch).split("\n")
    return folded if len(folded) == len(texts) else [fold(text) for text in texts]


def from_toml(text: str) -> "Masks":
    """Masks from a file: `off = ["PATH"]` and tables `[[mask]]` with `name` and `pattern`, tried before the built-in
    ones.

    Raises `InputError` that names the mask.
    """
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", place="masks") from error
    unknown = set(read) - {"off", "mask"}
    if unknown:
        raise InputError(f"unknown key {sorted(unknown)[0]!r} (known: off, mask)", place="masks")
    rows, off = read.get("mask", []), read.get("off", [])
    if not isinstance(rows, list) or not isinstance(off, list):
        raise InputError("off is a list of names, [[mask]] a table", place="masks")
    for row in rows:
        if (
            not isinstance(row, dict)
            or set(row) != {"name", "pattern"}
            or not all(isinstance(v, str) for v in row.values())
        ):
            raise InputError("a [[mask]] has a name and a pattern", place="masks")
    known = {mask.name for mask in DEFAULT_MASKS}
    for name in off:
        if name not in known:
            raise InputError(
                f"there is no mask {name!r} to switch off (known: {', '.join(sorted(known))})", place="masks"
            )
    return Masks([Mask(row["name"], row["pattern"]) for row in rows], off=off)


class _Memory(dict[str, str]):
    """Words and what became of them; it starts again when it is full."""

    def __init__(self, of: Callable[[str], str]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, word: str) -> str:
        if len(word) > WORD_LIMIT:
            return self._of(word)
        if len(self) >= MEMO_LIMIT:
            self.clear()
        masked = self[word] = self._of(word)
        return masked


class Masks:
    """One set of masks, compiled into one expression. `extra` masks come before the built-in ones."""

    def __init__(self, extra: Iterable[Mask] = (), *, off: Iterable[str] = ()) -> None:
        dropped = frozenset(off)
        self.rules = (
            *extra,
            *(mask for mask in DEFAULT_MASKS if mask.name not in dropped or mask.name == "ANY"),
            _FLOOR,
        )
        self._names = {f"m{i}": mask.name for i, mask in enumerate(self.rules)}
        self._marks = {group: f"<{name}>" for group, name in self._names.items()}
        for mask in self.rules:
            _check(mask)
        self._expression = re.compile("|".join(_alternatives(self.rules)))
        self._words = _Memory(self._masked)
        self._spans: dict[str, tuple[Span, ...]] = {}

    def mask(self, text: str) -> str:
        """The text with every value as `<NAME>`; its white space stays as it is."""
        return self.mask_folded(fold(text))

    def mask_folded(self, text: str) -> str:
        """As `mask`, of a text that was folded already."""
        words = self._words
        return " ".join([words[word] for word in text.split(" ")])

    def words(self, folded: str) -> tuple[str, ...]:
        """The words of a folded text, masked."""
        words = self._words
        return tuple([words[word] for word in folded.split()])

    def word(self, word: str) -> str:
        """One folded word, masked."""
        return self._words[word]

    def spans(self, word: str) -> tuple[Span, ...]:
        """Where the values of one word stand (the word as it was in the line)."""
        if len(word) > WORD_LIMIT:
            return (Span(0, len(word), "LONG"),)
        shape = fold(word)
        found = self._spans.get(shape)
        if found is None:
            found = tuple(
                Span(match.start(), match.end(), self._names[match.lastgroup or ""])
                for match in self._expression.finditer(shape)
            )
            if len(self._spans) >= SPANS_LIMIT:
                self._spans.clear()
            self._spans[shape] = found
        return found

    def plain(self, text: str) -> str:
        """As `mask`, by the expression alone and without memory: what drain3's own masking would do with these
        masks."""
        if len(text) <= WORD_LIMIT or max(map(len, text.split()), default=0) <= WORD_LIMIT:
            return self._expression.sub(self._mark, fold(text))
        return _WORD.sub(lambda found: self._mask_word(found[0]), fold(text))

    def _masked(self, word: str) -> str:
        if word.isspace() or len(word.split()) > 1 or word != word.strip():
            return _WORD.sub(lambda found: self._mask_word(found[0]), word)
        return self._mask_word(word)

    def _mask_word(self, word: str) -> str:
        if len(word) > WORD_LIMIT:
            return "<LONG>"
        return self._expression.sub(self._mark, word)

    def _mark(self, found: re.Match[str]) -> str:
        return self._marks[found.lastgroup or ""]


_WORD = re.compile(r"\S+")


def _alternatives(rules: Sequence[Mask]) -> Iterable[str]:
    """One alternative a rule, ended by an empty group that tells which; rules in a row that begin at an edge share
    it."""
    numbered = [(f"(?P<m{number}>)", mask.pattern) for number, mask in enumerate(rules)]
    for at_edge, run in itertools.groupby(numbered, key=lambda item: item[1].startswith(_EDGE)):
        if at_edge:
            yield _EDGE + "(?:" + "|".join(f"(?:{pattern[len(_EDGE) :]}){end}" for end, pattern in run) + ")"
        else:
            yield from (f"(?:{pattern}){end}" for end, pattern in run)


def _check(mask: Mask) -> None:
    if not re.fullmatch(r"[A-Z][A-Z_]*", mask.name):
        raise InputError("a mask's name is made of capital letters", place=mask.name)
    try:
        compiled = re.compile(mask.pattern)
    except re.error as error:
        raise InputError(f"not a regular expression: {error}", place=mask.name) from error
    if compiled.match("") is not None:
        raise InputError("it matches the empty text, which is everywhere", place=mask.name)
    if compiled.groupindex:
        raise InputError("named groups are not allowed in a mask", place=mask.name)
