"""Does a log template speak of a failure? By the level of its lines, or by unmistakable words."""

import functools
import re

from bot.logs.level import level_rank

_FAILING_RANK = level_rank("error")
_WARNING_RANK = level_rank("warning")
_TEXT_MAX = 2_000

_UNMISTAKABLE = re.compile(
    r"\b[A-Za-z.$]*[a-z](?:Exception|Error)\b|\b(?:exception|traceback|panic|panicked|fatal|failed|failure|refused"
    r"|unreachable|corrupt(?:ed)?|deadlock|segfault|segmentation fault|out of memory|oom|unable to|could not|cannot"
    r"|timed out|no space left|permission denied|access denied|has expired|unhandled|core dumped|broken pipe)\b",
    re.IGNORECASE,
)
_SUSPICIOUS = re.compile(
    r"\b(?:errors?|failing|fails|denied|aborted|timeout|unavailable|invalid|lost|rejected|crash(?:ed)?)\b",
    re.IGNORECASE,
)
_NOUNS = r"(?:errors?|failures?|failed|exceptions?|timeouts?|refused)"
_HARMLESS = re.compile(
    rf"\b(?:no|without|0|zero|any)\s+{_NOUNS}\b|<NUM>\s+{_NOUNS}\b|\b{_NOUNS}\s*[=:]\s*(?:0\b|none|null|false|<NUM>|<\*>)",
    re.IGNORECASE,
)


def looks_failing(level: str, text: str) -> bool:
    """True for error levels and worse. Below, the words decide: at info only unmistakable ones, at warning or without a
    level also suspicious ones; never at debug and trace. "0 errors" and "failed=<NUM>" are counts, not failures."""
    rank = level_rank(level)
    if rank >= _FAILING_RANK:
        return True
    if rank < level_rank("info"):
        return False
    return _words_fail(text[:_TEXT_MAX], is_doubtful=not level or rank >= _WARNING_RANK)


def is_warning(level: str) -> bool:
    return level_rank(level) >= _WARNING_RANK


def is_error(level: str) -> bool:
    return level_rank(level) >= _FAILING_RANK


def is_fatal(level: str) -> bool:
    return level_rank(level) > _FAILING_RANK


@functools.lru_cache(maxsize=20_000)
def _words_fail(text: str, *, is_doubtful: bool) -> bool:
    words = _HARMLESS.sub(" ", text)
    return bool(_UNMISTAKABLE.search(words)) or (is_doubtful and bool(_SUSPICIOUS.search(words)))
