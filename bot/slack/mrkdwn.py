"""How is any text shown harmlessly, in Slack's markup or on a terminal?

Log text is hostile: it may hold Slack's own markup, back-ticks, terminal escapes, NULs, or marks that turn the reading
direction. Only `& < >` are special to Slack (docs.slack.dev/messaging/formatting-message-text); everything invisible is
made visible here, for every surface.
"""

import re
from collections.abc import Iterable

PLAIN_MAX = 3_000
"""No single value in a message is longer."""


class Mrkdwn(str):
    """Text that is Slack markup already: it is not escaped again."""

    __slots__ = ()


_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_TURNING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_INVISIBLE = (0x00AD, 0x200B, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0xFEFF, *range(0xFFF9, 0xFFFC))
_SHOWN: dict[int, str] = {
    **{number: chr(0x2400 + number) for number in range(32) if number not in (9, 10)},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys((0x2028, 0x2029), " "),
    **{number: f"\\u{number:04x}" for number in (*_TURNING, *_INVISIBLE)},
    **{number: f"\\u{{{number:x}}}" for number in range(0xE0000, 0xE0080)},
}
_INCOMPLETE = re.compile(r"(?:&[a-z]{0,3}|<[^<>]*)$")


def visible(text: str) -> str:
    """Colours are dropped, other control, direction and invisible characters shown as what they are."""
    return _ANSI.sub("", text.replace("\r\n", "\n")).translate(_SHOWN)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters; the last one is "…" when something was left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(value: object) -> Mrkdwn:
    """Any value as text that Slack shows as it is. Raises TypeError for what has no one obvious form."""
    if isinstance(value, Mrkdwn):
        return value
    if value is None:
        return Mrkdwn("")
    if isinstance(value, str | int | float):
        return Mrkdwn(escape(visible(clip(str(value), PLAIN_MAX))))
    raise TypeError(f"a template must say how to show a {type(value).__name__}")


def code(value: object, limit: int = 200) -> Mrkdwn:
    """One line in a code span that its text cannot leave."""
    if isinstance(value, Mrkdwn):
        raise TypeError(f"markup cannot be shown as code: {value!r}")
    shown = _one_line(value, limit)
    return Mrkdwn(f"`{_inside_code(shown)}`") if shown else Mrkdwn("")


def codeblock(lines: object, line_limit: int = 240, lines_max: int = 12, limit: int = 1_500) -> Mrkdwn:
    """Lines (a string, or several strings of which each may have line breaks) in a code block."""
    shown = _inside_code("\n".join(shown_lines(lines, line_limit, lines_max, limit)))
    return Mrkdwn(f"```\n{shown}\n```") if shown else Mrkdwn("")


def shown_lines(lines: object, line_limit: int, lines_max: int, limit: int) -> list[str]:
    """The lines that fit, each made visible and clipped; empty ones are left out."""
    parts = [lines] if isinstance(lines, str) else lines if isinstance(lines, Iterable) else [str(lines)]
    split = [line for part in parts for line in visible(str(part)[: 4 * limit]).split("\n") if line.strip()]
    kept = [clip(line.replace("\t", "    ").rstrip(), line_limit) for line in split[:lines_max]]
    if len(split) > lines_max:
        kept.append("…")
    while kept and sum(len(line) + 1 for line in kept) > limit:
        kept = [*kept[:-2], "…"] if len(kept) > 1 else [clip(kept[0], limit - 1)]
    return kept


def cut(text: str, limit: int) -> str:
    """Markup of at most `limit` characters: never in the middle of an entity or a link, and code is closed again."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 5]
    if text[len(kept)] == "`":
        kept = kept.rstrip("`")
    kept = _INCOMPLETE.sub("", kept)
    fences = kept.count("```")
    if fences % 2:
        return kept + "…\n```"
    return kept + ("…`" if (kept.count("`") - 3 * fences) % 2 else "…")


def link(url: str, label: object) -> Mrkdwn:
    """A link when `url` is one to the web, else only its label."""
    shown = escaped(label)
    if not url.startswith(("https://", "http://")) or any(c.isspace() for c in url):
        return shown
    target = escape(visible(url)).replace("|", "%7C")
    return Mrkdwn(f"<{target}|{shown.replace('|', '¦')}>")


def one_line(value: object, limit: int = 200) -> str:
    """One visible line without markup, for a terminal or a plain text."""
    return _one_line(value, limit)


def _one_line(value: object, limit: int) -> str:
    text = visible(clip(str(value).strip(), limit))
    return text.replace("\n", " ").replace("\t", " ").strip()


def _inside_code(text: str) -> str:
    """Slack has no escape for a back-tick inside code; a look-alike stands for it."""
    return escape(text.replace("`", "\u02cb"))
