# ruff: noqa: E501 - one expression, a part a line
"""Which records do the lines of a text hold, block by block? The lines of a stack trace are one record.

Most programs begin a line with an ISO time, a level and perhaps a logger. Where the first lines look so, all lines of a
block are matched by one expression; those that differ go one by one, with what they continue. It gives what `Joiner` and
`LineParser` give line by line (tests/logs/test_texts.py).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import compress, groupby, repeat
from operator import and_

from bot.logs.columns import printable, times_of_iso
from bot.logs.headers import LEVEL_WORDS, LEVELS, LOGGER
from bot.logs.multiline import Joiner
from bot.logs.parse import LINE_CHARACTERS_MAX, UNKNOWN_SERVICE, LineParser
from bot.logs.record import LogRecord

_USUAL = re.compile(
    r"([0-9]{4}-[0-9-]{5}[T ][0-9:]{8}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9:]{4,5})?) {1,4}"  # `datetime` looks closer
    r"([A-Za-z]{3,11}) {1,8}+"
    # what other forms claim: a dash, a thread in brackets, a host's program with its number, a line of an access log
    r"(?![-|] |\[|\d{1,10} --- \[|[\w.\-/()]{1,64}+\[\d{1,10}\]: |[^ \n]{1,255}+ \[\d\d/)"
    r"([^\n]*)\n|[^\n]*\n"
)
"""The forms "log4j" and "iso-level" of `headers.FORMS` as they mostly stand: time, level, and the logger and message. Any
other line leaves the three empty."""
_LOGGED = re.compile(rf"{LOGGER} {{0,4}}: (?P<message>.*)", re.DOTALL)
_LOOKED_AT = 3
_NOTHING: Mapping[str, str] = {}


class Texts:
    """One stream. `service` and `fallback_at` as for `LineParser`."""

    def __init__(self, service: str | None, *, fallback_at: datetime | None = None) -> None:
        self._service = service
        self._parser = LineParser(service, fallback_at=fallback_at)
        self._joiner = Joiner()

    def feed(self, lines: Sequence[str]) -> list[LogRecord]:
        """The records that are complete; the lines are without their ends."""
        if not any(_USUAL.match(line + "\n")[1] for line in lines[:_LOOKED_AT]):  # type: ignore[index]
            return self.feed_each(lines)
        whole = "\n".join(lines) + "\n"
        stamps, words, texts = zip(*_USUAL.findall(whole), strict=True)
        if len(stamps) != len(lines):  # a line with a line end in it
            return self.feed_each(lines)
        usual = _usual(stamps, words, lines, whole)
        if not all(usual):
            stamps, words, texts = (tuple(compress(column, usual)) for column in (stamps, words, texts))
        records = self._records(stamps, words, texts)
        return self.feed_each(lines) if records is None else self._in_order(lines, usual, records)

    def feed_each(self, lines: Iterable[str]) -> list[LogRecord]:
        """As `feed`, line by line."""
        return [record for line in lines for text in self._joiner.feed(line) for record in self._parsed(text)]

    def flush(self) -> list[LogRecord]:
        """What is still held, at the end of the stream."""
        return [record for text in self._joiner.flush() for record in self._parsed(text)]

    def _parsed(self, text: str) -> Iterable[LogRecord]:
        record = self._parser.parse(text).record
        return () if record is None else (record,)  # blank once its control characters had gone

    def _records(self, stamps: Sequence[str], words: Sequence[str], rest: Sequence[str]) -> list[LogRecord] | None:
        times = times_of_iso(stamps)
        if times is None:
            return None
        service = self._service or UNKNOWN_SERVICE
        levels = {word: LEVELS[word.lower()] for word in set(words)}
        attributes: list[Mapping[str, str]] = [_NOTHING] * len(rest)
        texts = list(rest)
        for place, text in enumerate(texts):
            if ": " in text and (found := _LOGGED.match(text)):
                attributes[place], texts[place] = {"logger": found["logger"]}, found["message"]
        return list(map(LogRecord, times, repeat(service), texts, map(levels.__getitem__, words), attributes))

    def _in_order(self, lines: Sequence[str], usual: Sequence[bool], records: Sequence[LogRecord]) -> list[LogRecord]:
        """A usual line continues nothing. One that another follows is complete; the rest goes one by one."""
        complete = [*map(and_, usual, usual[1:]), False]
        done: list[LogRecord] = []
        taken = 0
        for is_complete, group in groupby(range(len(lines)), complete.__getitem__):
            places = list(group)
            if is_complete:
                done += self.flush()
                done += records[taken : taken + len(places)]
                taken += len(places)
                self._parser.saw(done[-1].at)
            else:
                done += self.feed_each(lines[places[0] : places[-1] + 1])
                taken += sum(usual[places[0] : places[-1] + 1])
        return done


def _usual(stamps: Sequence[str], words: Sequence[str], lines: Sequence[str], whole: str) -> list[bool]:
    """Which lines were matched, with a level, and need no cleaning."""
    usual = list(map(bool, stamps))
    told = {word: word.lower() in LEVEL_WORDS for word in set(words)}
    if not all(told.values()):
        usual = list(map(told.__getitem__, words))
    if not printable(whole) or max(map(len, lines)) > LINE_CHARACTERS_MAX:
        clean = [line.isprintable() and len(line) <= LINE_CHARACTERS_MAX for line in lines]
        usual = list(map(and_, usual, clean))
    return usual
