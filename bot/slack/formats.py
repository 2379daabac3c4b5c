"""How are times, people and figures written? Filters for templates: in Slack's markup, for a terminal, and in HTML."""

import html
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.people import REMEDY, TOCSIN
from bot.slack import markdown
from bot.slack.mrkdwn import Mrkdwn, clip, code, codeblock, escaped, link, one_line, shown_lines, visible

_PERSON = re.compile(r"[TE]?[A-Z0-9]*/([UW][A-Z0-9]+)", re.ASCII)
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{8,}", re.ASCII)
_RECENT = timedelta(hours=12)
_LEFT_OPEN = re.compile(r"<(?:\*|[A-Z]{2,12})>")
_UNSTYLED = str.maketrans({"`": "\u02cb", "*": "\u2217", "~": "\u223c"})
NAMES: ContextVar[Mapping[str, str]] = ContextVar("names", default={})  # noqa: B039 - never changed, only replaced
"""Where Slack does not put names to ids: `Person.key` → name, while a page or a document is drawn."""


def duration(length: timedelta) -> str:
    """ "45 s", "4 min", "2 h 5 min", "3 d 4 h"; never negative."""
    seconds = abs(round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return _pair(minutes // 60, "h", minutes % 60, "min")
    hours = round(minutes / 60)
    return _pair(hours // 24, "d", hours % 24, "h")


def number(value: float) -> str:
    """ "0", "0.4", "3.5", "84", "12,345": no more figures than one reads."""
    if value == 0:
        return "0"
    if abs(value) < 0.1:
        return f"{value:.2g}"
    if abs(value) < 10 and round(value, 1) != round(value):
        return f"{value:.1f}"
    return f"{round(value):,}"


def rate(lines_per_minute: float) -> str:
    return f"{number(lines_per_minute)} a minute"


def times(now: float, before: float) -> str:
    """How many times as much: "12 ×"."""
    return f"{number(now / before)} ×"


def percent(share: float) -> str:
    """Of a share of 0..1: "92 %". All and nothing are only said when it is so."""
    if 0.99 < share < 1:
        return "99 %"
    if 0 < share < 0.01:
        return "below 1 %"
    return f"{round(100 * share)} %"


def plural(count: int, one: str, many: str) -> str:
    return f"{number(count)} {one if count == 1 else many}"


def shortly(value: object) -> str:
    """A few words of a text, in one line: "…" for what a template leaves open, and nothing that Slack takes for a mark
    of style, which it has no escape for."""
    return one_line(_LEFT_OPEN.sub("…", str(value)), 80).translate(_UNSTYLED)


def person(key: str) -> Mrkdwn:
    """A mention for "T…/U…"; other names (a change's author elsewhere) as they are."""
    found = _PERSON.fullmatch(key)
    if found:
        return Mrkdwn(f"<@{found[1]}>")
    return escaped(_other_name(key))


def channel(name: str) -> Mrkdwn:
    """A link for an id ("C…"); a name as it is."""
    return Mrkdwn(f"<#{name}>") if _CHANNEL.fullmatch(name) else escaped(name)


def date(at: datetime) -> Mrkdwn:
    return _slack_date(at, "{date_short_pretty} at {time}", "%Y-%m-%d %H:%M UTC")


def time(at: datetime) -> Mrkdwn:
    return _slack_date(at, "{time}", "%H:%M UTC")


def when(at: datetime, now: datetime) -> Mrkdwn:
    """The time alone when it was not long ago."""
    return time(at) if abs(now - at) < _RECENT else date(at)


def _slack_date(at: datetime, form: str, fallback: str) -> Mrkdwn:
    utc = at.astimezone(UTC)
    return Mrkdwn(f"<!date^{int(utc.timestamp())}^{form}|{utc.strftime(fallback)}>")


def _pair(whole: int, unit: str, rest: int, lesser: str) -> str:
    return f"{whole} {unit} {rest} {lesser}" if rest else f"{whole} {unit}"


def _other_name(key: str) -> str:
    """Of what acts by itself, or for a pager: its name."""
    if key.startswith(f"{REMEDY}/"):
        return key.replace("/", " ", 1)
    if key.startswith("pager/"):
        return key.removeprefix("pager/")
    return TOCSIN.user.title() if key in (TOCSIN.key, TOCSIN.user) else key


# -- the same for a terminal


def _plain_code(value: object, limit: int = 200) -> str:
    return one_line(value, limit)


def _plain_codeblock(lines: object, line_limit: int = 240, lines_max: int = 12, limit: int = 1_500) -> str:
    return "\n".join(f"    {line}" for line in shown_lines(lines, line_limit, lines_max, limit))


def _plain_person(key: str) -> str:
    """By name where names are shown and this one is known, else by id."""
    found = _PERSON.fullmatch(key)
    return one_line(NAMES.get().get(key) or (found[1] if found else _other_name(key)))


def _plain_date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _plain_when(at: datetime, now: datetime) -> str:
    return _plain_date(at)


def _plain_link(url: str, label: object) -> str:
    return f"{one_line(label)} ({one_line(url, 2_000)})"


# -- the same for a page in a browser


def web_text(value: object) -> Mrkdwn:
    """Any text as HTML that shows it as it is."""
    return Mrkdwn(html.escape(visible(str(value))))


def _web_code(value: object, limit: int = 200) -> Mrkdwn:
    shown = one_line(value, limit)
    return Mrkdwn(f"<code>{web_text(shown)}</code>") if shown else Mrkdwn("")


def _web_codeblock(lines: object, line_limit: int = 400, lines_max: int = 20, limit: int = 4_000) -> Mrkdwn:
    shown = "\n".join(shown_lines(lines, line_limit, lines_max, limit))
    return Mrkdwn(f"<pre>{web_text(shown)}</pre>") if shown else Mrkdwn("")


def _web_person(key: str) -> Mrkdwn:
    return Mrkdwn(f'<span class="person">{web_text(_plain_person(key))}</span>')


def _web_date(at: datetime) -> Mrkdwn:
    return _web_time(at, "%Y-%m-%d %H:%M:%S UTC")


def _web_clock(at: datetime) -> Mrkdwn:
    return _web_time(at, "%H:%M UTC")


def _web_when(at: datetime, now: datetime) -> Mrkdwn:
    return _web_clock(at) if abs(now - at) < _RECENT else _web_date(at)


def _web_time(at: datetime, form: str) -> Mrkdwn:
    utc = at.astimezone(UTC)
    return Mrkdwn(f'<time datetime="{utc.isoformat(timespec="seconds")}">{utc.strftime(form)}</time>')


def _web_link(url: str, label: object) -> Mrkdwn:
    shown = label if isinstance(label, Mrkdwn) else web_text(label)
    if not url.startswith(("https://", "http://")):
        return Mrkdwn(shown)
    return Mrkdwn(f'<a href="{html.escape(url)}" rel="noreferrer">{shown}</a>')


# -- the same for a Markdown document

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~])")


def markdown_text(value: object) -> Mrkdwn:
    """Any text as Markdown that shows it as it is: neither its own marks nor HTML take effect."""
    return Mrkdwn(_MARKDOWN.sub(r"\\\1", html.escape(visible(str(value)), quote=False)))


def _markdown_code(value: object, limit: int = 200) -> Mrkdwn:
    shown = one_line(value, limit).replace("`", "\u02cb")
    return Mrkdwn(f"`{shown}`") if shown else Mrkdwn("")


def _markdown_codeblock(lines: object, line_limit: int = 400, lines_max: int = 20, limit: int = 4_000) -> Mrkdwn:
    shown = "\n".join(shown_lines(lines, line_limit, lines_max, limit)).replace("`", "\u02cb")
    return Mrkdwn(f"```\n{shown}\n```") if shown else Mrkdwn("")


def _markdown_person(key: str) -> Mrkdwn:
    return markdown_text(_plain_person(key))


def _markdown_link(url: str, label: object) -> Mrkdwn:
    shown = label if isinstance(label, Mrkdwn) else markdown_text(label)
    if not url.startswith(("https://", "http://")) or any(c in url for c in " <>()\n\t"):
        return Mrkdwn(shown)
    return Mrkdwn(f"[{shown}]({url})")


def _markdown_date(at: datetime) -> Mrkdwn:
    return Mrkdwn(_plain_date(at))


def _markdown_when(at: datetime, now: datetime) -> Mrkdwn:
    return _markdown_date(at)


_SHARED: Mapping[str, Callable[..., Any]] = {
    "duration": duration,
    "number": number,
    "rate": rate,
    "times": times,
    "percent": percent,
    "shortly": shortly,
    "shortened": clip,
}
FOR_SLACK: Mapping[str, Callable[..., Any]] = {
    **_SHARED,
    "code": code,
    "codeblock": codeblock,
    "person": person,
    "channel": channel,
    "date": date,
    "time": time,
    "when": when,
    "link": link,
    "markdown": markdown.for_slack,
}
FOR_TERMINAL: Mapping[str, Callable[..., Any]] = {
    **_SHARED,
    "code": _plain_code,
    "codeblock": _plain_codeblock,
    "person": _plain_person,
    "channel": one_line,
    "date": _plain_date,
    "time": _plain_date,
    "when": _plain_when,
    "link": _plain_link,
}
FOR_WEB: Mapping[str, Callable[..., Any]] = {
    **_SHARED,
    "code": _web_code,
    "codeblock": _web_codeblock,
    "person": _web_person,
    "channel": web_text,
    "date": _web_date,
    "time": _web_clock,
    "when": _web_when,
    "link": _web_link,
    "markdown": markdown.for_web,
}
FOR_MARKDOWN: Mapping[str, Callable[..., Any]] = {
    **_SHARED,
    "code": _markdown_code,
    "codeblock": _markdown_codeblock,
    "person": _markdown_person,
    "channel": markdown_text,
    "date": _markdown_date,
    "time": _markdown_date,
    "when": _markdown_when,
    "link": _markdown_link,
}
