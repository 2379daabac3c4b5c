"""What does Slack's markup say, in plain words? For a screen reader, and for whatever shows a text as it is."""

import html
import re
from collections.abc import Mapping

_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_MARKED = re.compile(
    r"<(!date\^[^|>]*\|(?P<date>[^>]*)|@(?P<person>[^|>]+)(?:\|[^>]*)?|(?P<target>[^|>]+)(?:\|(?P<label>[^>]*))?)>"
)
_STYLED = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*_~])")


def plain_words(markup: str, names: Mapping[str, str] = {}) -> str:
    """Dates as their fallback, links as their label, people by `names` (user id → name) or id; nothing is marked."""
    said, reached = "", 0
    for span in _CODE.finditer(markup):
        said += _unmarked(markup[reached : span.start()], names) + html.unescape(span[2]).strip("\n")
        reached = span.end()
    return said + _unmarked(markup[reached:], names)


def _unmarked(text: str, names: Mapping[str, str]) -> str:
    shown = _MARKED.sub(lambda found: _said(found, names), text)
    return html.unescape(_STYLED.sub(r"\2", shown))


def _said(found: re.Match[str], names: Mapping[str, str]) -> str:
    if found["date"] is not None:
        return found["date"]
    if found["person"]:
        return names.get(found["person"], f"@{found['person']}")
    return str(found["label"] or found["target"].removeprefix("#"))
