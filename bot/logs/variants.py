"""Which log template of its cluster is a line? drain3 groups `VM Started` with `VM Paused`; here they are two again.

At a place where a cluster's lines differ there stand either values (a user, a host: any word may come) or one of a few
words that tell events apart. While the words there are few and plain they tell apart, and each combination is a
template of its own. Once they are more, or look like values, the place holds values: the templates that differ only
there become one, the oldest, and the others its aliases. So templates are only ever joined, and a name once given
stays.

Templates of other clusters are joined too when they differ only in where and how values stand (`canonical`).
"""

import re
from collections.abc import Sequence

from bot.logs.masks import WILDCARD
from bot.logs.tree import Cluster, Leaf, Words

WORDS_MAX = 4  # so many words at one place tell events apart; more are values
HEAD_WORDS = 128  # a longer line is told from others by its first words
PERIOD_MAX = 12  # words of a group that is repeated in a list
VARIANTS_MAX = 64  # templates of one cluster: beyond it every place that varies holds values

_PLAIN = re.compile(r"[\[(\"'<]{0,3}[A-Za-z][A-Za-z_\-/']{0,60}[\])\"'>.,:;!?]{0,3}")
_NAMES = frozenset(
    [
        "user",
        "username",
        "users",
        "login",
        "account",
        "host",
        "hostname",
        "node",
        "server",
        "file",
        "filename",
        "device",
        "interface",
        "dir",
        "directory",
        "path",
        "address",
        "id",
        "name",
        "named",
        "password",
        "port",
        "uid",
        "pid",
        "process",
        "thread",
        "session",
        "job",
        "task",
        "queue",
        "topic",
        "table",
        "database",
        "container",
        "pod",
        "image",
        "key",
        "client",
        "peer",
    ]
)
_EDGES = "[](){}<>,;:=\"'"
_MARK = re.compile(r"<(?:\*|[A-Z_]+)>")
_ASSIGNED = re.compile(r"(?<=[=:(\[{,])(?:\"[^\"]{0,300}\"|'[^']{0,300}')")
_EMPTY = re.compile(r"(?<=[A-Za-z0-9_])=(?=[\s,;)\]}]|$)")
_JOINED = re.compile(r"<\*>(?:[^\sA-Za-z<>]{0,4}<\*>)+|[+\-#]<\*>")
_UNIT = re.compile(
    r"(<\*>) (?:[KMGTkmgt]i?[Bb]|[Bb]ytes?|bits?|ns|us|ms|s|secs?|seconds?|minutes?|mins?|hours?|days?)(?=[\s,;.)\]]|$)"
)
_ASIDE = re.compile(r"(<\*>) \(<\*>\)")
_RUN = re.compile(r"<\*>(?:[,;]? <\*>)+")
_LESS = re.compile(r"[<>~]<\*>")


class Variant:
    """One template: words with `<*>` at the places that hold values."""

    __slots__ = ("alias", "cluster", "id", "is_in_rows", "literals", "number", "size", "touched", "words")

    def __init__(self, id: str, number: int, cluster: "Kind", words: Words) -> None:
        self.id = id
        self.number = number
        self.cluster = cluster
        self.words = words
        self.alias: Variant | None = None
        self.size = 0
        self.touched = 0
        self.is_in_rows = False  # someone was given its row, and is told when it goes
        self.literals: dict[int, str] | None = None  # place → the raw word, while it was the same in every line

    def root(self) -> "Variant":
        """The template this one was joined to, or itself."""
        at = self
        while at.alias is not None:
            at = at.alias
        if self.alias is not None and self.alias is not at:
            self.alias = at
        return at

    def display(self) -> list[str]:
        if not self.literals:
            return list(self.words)
        return [self.literals.get(place, word) for place, word in enumerate(self.words)]


class Kind(Cluster):
    """A cluster with its templates; `places`: the words that tell apart at a place, or None where values stand."""

    __slots__ = ("_telling", "joined", "places", "variants")

    def __init__(self, words: Sequence[str], number: int, leaf: Leaf) -> None:
        super().__init__(words, number, leaf)
        self.places: dict[int, frozenset[str] | None] = {}
        self.variants: dict[Words, Variant] = {}
        self.joined: list[Variant] = []  # templates that became aliases of others here
        self._telling: tuple[int, ...] = ()  # the places whose words tell apart

    def words_of(self, words: Words) -> Words:
        """The line's words as its template has them."""
        template: Words = self.log_template_tokens
        if not self._telling:
            return template
        found = list(template)
        for place in self._telling:
            found[place] = words[place]
        return tuple(found)

    def learn(self, before: Words, words: Words) -> bool:
        """Take these words into account; `before` is the cluster's template until now. True when a place varies that
        did not, or became one of values, so that templates have to be brought in line."""
        template = self.log_template_tokens
        joined = False
        if before is not template:
            for place, (old, now) in enumerate(zip(before, template, strict=True)):
                if now != old:
                    self._hear(place, frozenset(), old)
                    joined = True
        for place in self._telling:
            told = self.places[place]
            if told is not None and words[place] not in told:
                joined |= not self._hear(place, told, words[place])
        return joined

    def _hear(self, place: int, told: frozenset[str], word: str) -> bool:
        """Whether the place still tells events apart with this word among its words."""
        before = self.log_template_tokens[place - 1].strip(_EDGES).lower() if place else ""
        apart = len(told) < WORDS_MAX and before not in _NAMES and _PLAIN.fullmatch(word) is not None
        self.places[place] = told | {word} if apart else None
        self._note_telling()
        return apart

    def _note_telling(self) -> None:
        self._telling = tuple(place for place, told in self.places.items() if told is not None)

    def restore_places(self, places: dict[int, frozenset[str] | None]) -> None:
        self.places = places
        self._note_telling()

    def give_up(self) -> None:
        """Every place that varies holds values from now on."""
        self.places = dict.fromkeys(self.places)
        self._telling = ()

    def rejoin(self) -> list[Variant]:
        """Bring the templates in line with the places; gives back those that changed, aliases among them."""
        changed: list[Variant] = []
        kept: dict[Words, Variant] = {}
        for variant in sorted(self.variants.values(), key=lambda variant: variant.number):
            words = self.words_of(variant.words)
            if words != variant.words:
                variant.words = words
                if variant.literals:
                    variant.literals = {p: w for p, w in variant.literals.items() if words[p] != WILDCARD}
                changed.append(variant)
            older = kept.setdefault(words, variant)
            if older is not variant:
                variant.alias = older
                self.joined.append(variant)
                if variant not in changed:
                    changed.append(variant)
        self.variants = kept
        return changed


def canonical(words: Sequence[str]) -> str:
    """The template's text without how and how many values stand at a place: units, lists, quotes, remarks in
    brackets."""
    text = _ASSIGNED.sub(WILDCARD, " ".join(words[:HEAD_WORDS]))
    text = _EMPTY.sub("=<*>", text)
    text = _MARK.sub(WILDCARD, text)
    text = _LESS.sub(WILDCARD, _JOINED.sub(WILDCARD, text))
    text = _UNIT.sub(r"\1", text)
    text = _ASIDE.sub(r"\1", text)
    return _RUN.sub(WILDCARD, " ".join(_once(text.split())))


def _once(words: list[str]) -> list[str]:
    """The words with what is repeated (`Ticket(no=<*>, to=<*>), Ticket(no=<*>, to=<*>)]`) said once."""
    if len(set(words)) == len(words):
        return words
    kept: list[str] = []
    bare: list[str] = []
    for word in words:
        kept.append(word)
        bare.append(word.rstrip(",;)]}"))
        last = bare[-1]
        for period in range(1, min(PERIOD_MAX, len(bare) // 2) + 1):
            if bare[-1 - period] == last and bare[-period:] == bare[-2 * period : -period]:
                if any(WILDCARD in said for said in bare[-period:]):
                    del kept[-period:], bare[-period:]
                break
    return kept
