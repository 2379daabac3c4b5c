"""How is a Markdown document shown in Slack and in a browser, without any of it taking effect as something else?

Headings, paragraphs, lists, quotes, code, bold, italic, links; what is not understood stands as it was written. HTML is
text. Every text is escaped; only links to the web are links.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.slack.mrkdwn import Mrkdwn, code, codeblock, escape, link, shown_lines, visible

PARTS_MAX = 30
_DEPTH_MAX = 3
_PIECE_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """`kind`: "heading", "paragraph", "item", "quote" or "code". `depth` of an item, `mark` before it ("•", "1.")."""

    kind: str
    lines: tuple[str, ...]
    depth: int = 0
    mark: str = ""


def parts_of(text: str) -> list[Part]:
    """What a document is made of, in its order."""
    found: list[Part] = []
    lines = visible(text).split("\n")
    place = 0
    while place < len(lines):
        part, used = _part(lines, place)
        place += used
        if part is not None:
            found.append(part)
    return found


def for_slack(text: str) -> list[Mrkdwn]:
    """The document as texts in Slack's markup: a heading goes with what follows it, a list is one."""
    grouped: list[list[Part]] = []
    for part in parts_of(text):
        before = grouped[-1][-1].kind if grouped else ""
        goes_on = before == "heading" or (before == part.kind == "item")
        if goes_on:
            grouped[-1].append(part)
        else:
            grouped.append([part])
    shown = [Mrkdwn("\n".join(_slack_part(part) for part in group)) for group in grouped[:PARTS_MAX]]
    return shown if len(grouped) <= PARTS_MAX else [*shown, Mrkdwn("…")]


def for_web(text: str) -> Mrkdwn:
    """The document as HTML, its headings below those of the page."""
    found = parts_of(text)
    shown = []
    for place, part in enumerate(found):
        opens = part.kind == "item" and (place == 0 or found[place - 1].kind != "item")
        closes = part.kind == "item" and (place + 1 == len(found) or found[place + 1].kind != "item")
        shown.append(("<ul>" if opens else "") + _web_part(part) + ("</ul>" if closes else ""))
    return Mrkdwn("\n".join(shown))


# -- what a document is made of

_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*\s*")
_ITEM = re.compile(r"( *)([-*+]|\d{1,3}[.)])\s+(\[[ xX]\]\s+)?(.*)")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_RULE = re.compile(r" {0,3}([-*_])( *\1){2,} *")
_DASHES = re.compile(r":?-+:?")
_TABLE = re.compile(r" {0,3}\|.*")


def _part(lines: Sequence[str], place: int) -> tuple[Part | None, int]:
    """The part that begins in this line, and how many lines it takes."""
    line = lines[place]
    fence = _FENCE.match(line)
    if fence:
        return _fenced(lines, place, fence[1])
    if not line.strip() or _RULE.fullmatch(line):
        return None, 1
    heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
    if heading:
        return Part("heading", (heading[1],)), 1
    if item:
        mark = {"[x]": "☑", "[ ]": "☐"}.get((item[3] or "").strip().lower(), item[2] if item[2][0].isdigit() else "•")
        more = list(_while(lines, place + 1, lambda one: one.startswith("  ") and _is_plain(one)))
        return Part("item", (item[4], *(one.strip() for one in more)), min(len(item[1]) // 2, 4), mark), 1 + len(more)
    if _TABLE.fullmatch(line):
        rows = list(_while(lines, place, lambda one: _TABLE.fullmatch(one) is not None))
        return Part("code", _columns(rows)), len(rows)
    if line.startswith(">"):
        quoted = list(_while(lines, place, lambda one: one.startswith(">")))
        return Part("quote", tuple(one[1:].strip() for one in quoted)), len(quoted)
    plain = list(_while(lines, place, _is_plain))
    return Part("paragraph", tuple(one.strip() for one in plain)), len(plain)


def _columns(rows: Sequence[str]) -> tuple[str, ...]:
    """A table as lines whose columns stand below each other; the line of dashes under its head is left out."""
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows]
    kept = [row for row in cells if not all(_DASHES.fullmatch(cell) for cell in row)]
    widths = [max(len(row[i]) for row in kept if i < len(row)) for i in range(max(map(len, kept), default=0))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=False)] for row in kept]
    return tuple("  ".join(row).rstrip() for row in padded)


def _fenced(lines: Sequence[str], place: int, fence: str) -> tuple[Part, int]:
    inside = list(_while(lines, place + 1, lambda one: not one.strip().startswith(fence)))
    return Part("code", tuple(inside)), len(inside) + 2


def _while(lines: Sequence[str], place: int, holds: Callable[[str], bool]) -> Iterator[str]:
    while place < len(lines) and holds(lines[place]):
        yield lines[place]
        place += 1


def _is_plain(line: str) -> bool:
    others = (_HEADING, _ITEM, _RULE, _TABLE)
    starts = _FENCE.match(line) or line.startswith(">")
    return bool(line.strip()) and not starts and not any(other.fullmatch(line) for other in others)


# -- inside a line

_INSIDE = re.compile(
    r"`(?P<code>[^`\n]{1,500})`"
    r"|!?\[(?P<label>[^\[\]\n]{0,300})\]\((?P<target>[^()\s]{1,2000})(?:\s+\"[^\"\n]{0,200}\")?\)"
    r"|<(?P<auto>https?://[^<>|\s]{1,2000})>"
    r"|(?<!\S)(?P<bare>https?://[^\s<>()\[\]`*|]{1,2000}[^\s<>()\[\]`*|.,;:!?'\"])"
    r"|\*\*(?P<bold>[^*\n]{1,1000})\*\*"
    r"|(?<!\w)__(?P<bold2>[^_\n]{1,1000})__(?!\w)"
    r"|\*(?P<italic>[^*\s][^*\n]{0,1000})\*"
    r"|(?<!\w)_(?P<italic2>[^_\s][^_\n]{0,1000})_(?!\w)"
    r"|\\(?P<itself>[!-/:-@\[-`{-~])"
)


@dataclass(frozen=True, slots=True)
class _Marks:
    """How the kinds of text inside a line are written."""

    text: Callable[[str], str]
    code: Callable[[str], str]
    link: Callable[[str, str], str]
    bold: Callable[[str], str]
    italic: Callable[[str], str]


def _inside(text: str, marks: _Marks, depth: int = 0) -> str:
    shown, place = [], 0
    for found in _INSIDE.finditer(text[:_PIECE_MAX]):
        shown += [marks.text(text[place : found.start()]), _one(found, marks, depth)]
        place = found.end()
    return "".join([*shown, marks.text(text[place:])])


def _one(found: re.Match[str], marks: _Marks, depth: int) -> str:
    bold, italic = found["bold"] or found["bold2"], found["italic"] or found["italic2"]
    if found["code"]:
        return marks.code(found["code"])
    if found["target"]:
        return marks.link(found["target"], found["label"] or found["target"])
    if found["auto"] or found["bare"]:
        url = found["auto"] or found["bare"]
        return marks.link(url, url)
    if found["itself"]:
        return marks.text(found["itself"])
    if depth >= _DEPTH_MAX:
        return marks.text(found[0])
    inner = _inside(bold or italic, marks, depth + 1)
    return marks.bold(inner) if bold else marks.italic(inner)


# -- in Slack


def _slack_text(text: str) -> str:
    """A back-tick alone would begin code that ends anywhere."""
    return escape(text.replace("`", "\u02cb"))


_SLACK = _Marks(
    text=_slack_text,
    code=lambda text: code(text, 500),
    link=lambda url, label: link(url, _slack_text(label) if url == label else label),
    bold=lambda inner: f"*{inner}*",
    italic=lambda inner: f"_{inner}_",
)


def _slack_part(part: Part) -> str:
    if part.kind == "code":
        return codeblock(list(part.lines), 400, 60, 2_500)
    inner = [_inside(line, _SLACK) for line in part.lines]
    if part.kind == "heading":
        return f"*{inner[0].replace('*', '')}*"
    if part.kind == "quote":
        return "\n".join(f">{line}" for line in inner)
    if part.kind == "item":
        return f"{'    ' * part.depth}{part.mark} {' '.join(inner)}"
    return " ".join(inner)


# -- in a browser


def _web_text(text: str) -> str:
    return escape(text).replace('"', "&quot;").replace("'", "&#39;")


def _web_link(url: str, label: str) -> str:
    if not url.startswith(("https://", "http://")):
        return _web_text(label)
    return f'<a href="{_web_text(url)}" rel="noreferrer">{_web_text(label)}</a>'


_WEB = _Marks(
    text=_web_text,
    code=lambda text: f"<code>{_web_text(text)}</code>",
    link=_web_link,
    bold=lambda inner: f"<strong>{inner}</strong>",
    italic=lambda inner: f"<em>{inner}</em>",
)


def _web_part(part: Part) -> str:
    if part.kind == "code":
        return f"<pre>{_web_text(chr(10).join(shown_lines(list(part.lines), 400, 200, 20_000)))}</pre>"
    inner = [_inside(line, _WEB) for line in part.lines]
    if part.kind == "heading":
        return f"<h3>{inner[0]}</h3>"
    if part.kind == "quote":
        return f"<blockquote>{'<br>'.join(inner)}</blockquote>"
    if part.kind == "item":
        return f'<li class="deep-{part.depth}">{_web_text(part.mark)} {" ".join(inner)}</li>'
    return f"<p>{' '.join(inner)}</p>"
