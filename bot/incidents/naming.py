"""Whom does a text name? Services called by their names in log lines and titles: whoever complains says of whom."""

import re
from collections.abc import Collection
from functools import lru_cache

from bot.signals.model import Signal

_TEXT_MAX = 600
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"\d+")
_LENGTH_MIN = 3


def named_in(signal: Signal, services: Collection[str]) -> frozenset[str]:
    """Those of `services`, other than its own, that the signal's template, title or last example line names."""
    found: set[str] = set()
    for text in _texts(signal):
        found.update(word for word in _words(text[:_TEXT_MAX]) if word in services)
    return frozenset(found - {signal.service})


def words_of(signal: Signal) -> frozenset[str]:
    """The constant words of its log lines, for comparing two signals. Titles of alerts say nothing: one rule watches
    many services."""
    return _plain_words(signal.evidence.template[:_TEXT_MAX])


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's: 1 when the same words, 0 when none is shared or there are too few to tell."""
    if min(len(one), len(other)) < 4:
        return 0.0
    return len(one & other) / len(one | other)


def _texts(signal: Signal) -> tuple[str, ...]:
    return (signal.evidence.template, signal.title, *signal.evidence.examples[-1:])


@lru_cache(maxsize=20_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text) if len(word) >= _LENGTH_MIN)


@lru_cache(maxsize=20_000)
def _plain_words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text) if not _NUMBER.fullmatch(word))
