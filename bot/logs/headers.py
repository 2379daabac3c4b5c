# ruff: noqa: E501 - a rule a line reads better than a rule wrapped
"""Where does a plain line's message begin, and what does its header say?

A header is known by its time. Each `Form` is one shape of line; `split` tries the form that fitted last first, so that a
stream of one shape costs one match a line.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bot.logs.headed import headed_alone
from bot.logs.masks import fold
from bot.logs.timestamps import compact, nearest_year, parse_epoch, parse_iso, parse_words

LEVELS = {
    "trace": "debug", "debug": "debug", "dbg": "debug", "fine": "debug", "finer": "debug", "finest": "debug", "verbose": "debug",
    "info": "info", "information": "info", "notice": "info", "config": "info", "log": "info",
    "warn": "warning", "warning": "warning", "error": "error", "err": "error", "severe": "error", "failure": "error", "failed": "error",
    "fatal": "critical", "critical": "critical", "crit": "critical", "alert": "critical", "emerg": "critical", "emergency": "critical",
    "panic": "critical", "dpanic": "critical", "t": "debug", "d": "debug", "v": "debug", "i": "info", "w": "warning", "e": "error", "f": "critical",
}  # fmt: skip
LEVEL_WORDS = ("trace", "debug", "dbg", "fine", "finer", "finest", "verbose", "info", "information", "notice", "config", "warn",
               "warning", "error", "err", "severe", "failure", "fatal", "critical", "crit", "alert", "emerg", "emergency",
               "panic")  # fmt: skip
_LEVEL = rf"(?P<level>(?i:{'|'.join(LEVEL_WORDS)}))"
_ISO = r"\d{4}[-/]\d{2}[-/]\d{2}[T _-]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
_SYSLOG = r"[A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2}"
LOGGER = r"(?P<logger>[A-Za-z_][\w.$/\-]{0,200}(?:\[[^\]\s]{0,80}\])?(?:#\d+)?)"
_APP = r"(?P<app>[^\s:\[\]]{1,64}(?: [^\s:\[\]]{1,40}){0,2}?)(?:\[(?P<pid>[^\]]{0,40})\])?"
_REST = r"(?P<message>.*)"

Clocked = Callable[[str, datetime], datetime | None]


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One shape of line: an expression with the groups `time` and `message`, and how to read its time."""

    name: str
    expression: re.Pattern[str]
    clock: Clocked


class Header(msgspec.Struct, frozen=True, gc=False):
    """What stood before the message. `level` is one of debug, info, warning, error, critical or ''."""

    at: datetime
    message: str
    level: str
    app: str
    attributes: dict[str, str]


def _form(name: str, pattern: str, clock: Clocked) -> Form:
    return Form(name, re.compile(pattern, re.DOTALL), clock)


def _iso(text: str, near: datetime) -> datetime | None:
    return parse_iso(text)


def _compact(text: str, near: datetime) -> datetime | None:
    return compact(text)


def _epoch(text: str, near: datetime) -> datetime | None:
    return parse_epoch(text)


def _words(text: str, near: datetime) -> datetime | None:
    return nearest_year(lambda year: parse_words(text, year=year), near)


def _month_first(text: str, near: datetime) -> datetime | None:
    """`03-17 16:13:38.811`, `10.30 16:49:06`, `0129 08:45:03.1`: no year."""
    month, day, clock = text[:2], text[-len(text) + 2 :].lstrip("-.")[:2], text.split()[-1]
    return nearest_year(lambda year: parse_iso(f"{year}-{month}-{day} {clock}"), near)


def _two_digit_year(text: str, near: datetime) -> datetime | None:
    return parse_iso(f"20{text}")


def _bgl(text: str, near: datetime) -> datetime | None:
    date, clock = text[:10], text[11:]
    hour, minute, second, *fraction = clock.split(".")
    return parse_iso(f"{date} {hour}:{minute}:{second}" + (f".{fraction[0]}" if fraction else ""))


FORMS: tuple[Form, ...] = (
    _form("hdfs", rf"(?P<time>\d{{6}} \d{{6}}) (?P<pid>\d{{1,10}}) (?P<level>[A-Z]{{4,8}}) {LOGGER}: {_REST}", _compact),
    _form("bgl", rf"(?P<alert>\S{{1,40}}) \d{{9,10}} \d{{4}}\.\d\d\.\d\d (?P<node>\S{{1,80}}) (?P<time>\d{{4}}-\d\d-\d\d-\d\d\.\d\d\.\d\d(?:\.\d{{1,6}})?) \S{{1,80}} (?P<kind>[A-Z_]{{1,20}}) (?P<component>[A-Z_]{{1,20}}) (?P<level>[A-Z]{{1,12}}) ?{_REST}", _bgl),
    _form("thunderbird", rf"(?P<alert>\S{{1,40}}) (?P<time>\d{{9,10}}) \d{{4}}\.\d\d\.\d\d (?P<node>\S{{1,80}}) {_SYSLOG} \S{{1,80}} {_APP}: ?{_REST}", _epoch),
    _form("syslog-5424", rf"<\d{{1,3}}>1 (?P<time>\S{{10,40}}) (?P<host>\S{{1,255}}) (?P<app>\S{{1,48}}) (?P<pid>\S{{1,128}}) \S{{1,32}} (?:-|(?:\[(?:[^\]\\\"]|\"(?:[^\"\\]|\\.){{0,2048}}\"){{0,64}}\])+)(?: |$)\ufeff?{_REST}", _iso),
    _form("syslog", rf"(?:<\d{{1,3}}>)?(?P<time>{_SYSLOG}) (?P<host>[^\s:]{{1,255}}) (?:{_APP}|(?P<daemon>[^\s:\[\]]{{1,64}})\([^\s:]{{1,64}}?\)(?:\[\d{{1,10}}\])?): ?{_REST}", _words),
    _form("syslog-bare", rf"(?:<\d{{1,3}}>)?(?P<time>{_SYSLOG}) (?P<host>[^\s:]{{1,255}}) {_REST}", _words),
    _form("syslog-iso", rf"(?:<\d{{1,3}}>)?(?P<time>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{{1,9}})?(?:Z|[+-]\d\d:?\d\d)) (?P<host>[A-Za-z][\w.\-]{{0,254}}) (?P<app>[\w.\-/()]{{1,64}})\[(?P<pid>\d{{1,10}})\]: {_REST}", _iso),
    _form("openstack", rf"(?:(?P<file>\S{{1,200}}) )?(?P<time>{_ISO}) (?P<pid>\d{{1,10}}) (?P<level>[A-Z]{{4,8}}) {LOGGER} (?P<context>\[[^\]]{{0,300}}\]) {_REST}", _iso),
    _form("zookeeper", rf"(?P<time>{_ISO}) - {_LEVEL} {{1,4}}\[(?P<thread>.{{1,200}}?)\] - {_REST}", _iso),
    _form("log4j-thread", rf"\[?(?P<time>{_ISO})\]? {{1,4}}\[?{_LEVEL}\]? {{1,4}}(?:\d{{1,10}} --- )?\[(?P<thread>[^\]]{{0,200}})\]:? {{0,4}}{LOGGER} {{0,60}}: {_REST}", _iso),
    _form("logback", rf"\[?(?P<time>{_ISO})\]? {{1,4}}\[(?P<thread>[^\]]{{0,200}})\] {{1,4}}{_LEVEL} {{1,4}}{LOGGER} {{0,60}}(?:-|:) {_REST}", _iso),
    _form("spring", rf"(?P<time>{_ISO}) {{1,4}}{_LEVEL} {{1,4}}(?P<pid>\d{{1,10}}) --- \[(?P<thread>[^\]]{{0,200}})\] {LOGGER} {{0,60}}: {_REST}", _iso),
    _form("python", rf"\[?(?P<time>{_ISO})\]? - {LOGGER} - {_LEVEL} - {_REST}", _iso),
    _form("windows", rf"(?P<time>{_ISO}), {_LEVEL} {{1,40}}(?P<component>[A-Z][A-Za-z]{{1,20}}) {{1,20}}{_REST}", _iso),
    _form("log4j", rf"\[?(?P<time>{_ISO})\]?:? {{1,4}}\[?{_LEVEL}\]? {{1,8}}{LOGGER} {{0,4}}: {_REST}", _iso),
    _form("nginx", rf"(?P<time>\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d) \[{_LEVEL}\] (?P<pid>\d{{1,10}})#\d{{1,10}}: {_REST}", _iso),
    _form("cri", rf"(?P<time>{_ISO}) (?P<stream>stdout|stderr) [FP] {_REST}", _iso),
    _form("iso-level", rf"\[?(?P<time>{_ISO})\]?[:,]? {{1,4}}(?:[-|] {{1,2}})?[\[<(]?{_LEVEL}(?:[\])>]:?|:)?(?: {{1,8}}[-|])? {{1,8}}{_REST}", _iso),
    _form("iso", rf"\[?(?P<time>{_ISO})\]?[:,]? {{1,4}}(?:- )?{_REST}", _iso),
    _form("spark", rf"(?P<time>\d\d/\d\d/\d\d \d\d:\d\d:\d\d) (?P<level>[A-Z]{{4,8}}) {LOGGER}: {_REST}", _two_digit_year),
    _form("apache", rf"\[(?P<time>[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} {{1,2}}\d{{1,2}} \d\d:\d\d:\d\d(?:\.\d{{1,6}})? \d{{4}})\] \[(?:(?P<logger>[\w\-]{{1,40}}):)?(?P<level>[a-z]{{4,8}}\d?)\](?: \[pid [^\]]{{1,40}}\])? {_REST}", _words),
    _form("access", r"(?P<message>(?:\S{1,255} ){3}\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] \".*)", _words),
    _form("klog", rf"(?P<level>[IWEF])(?P<time>\d{{4}} \d\d:\d\d:\d\d\.\d{{1,9}}) {{1,8}}(?P<pid>\d{{1,10}}) (?P<logger>[\w.\-]{{1,100}}:\d{{1,6}})\] {_REST}", _month_first),
    _form("android", rf"(?P<time>\d\d-\d\d \d\d:\d\d:\d\d\.\d{{3}}) {{1,6}}(?P<pid>\d{{1,7}}) {{1,6}}\d{{1,7}} (?P<level>[VDIWEF]) (?P<logger>[^\s:](?:[^:]{{0,100}}?)?) {{0,20}}: {_REST}", _month_first),
    _form("proxifier", rf"\[(?P<time>\d\d\.\d\d \d\d:\d\d:\d\d)\] (?P<program>\S{{1,100}}(?: \*\d\d)?) - {_REST}", _month_first),
    _form("health", rf"(?P<time>\d{{8}}-\d{{1,2}}:\d{{1,2}}:\d{{1,2}}:\d{{1,3}})\|(?P<component>[\w.\-]{{1,80}})\|(?P<pid>\d{{1,12}})\|{_REST}", lambda text, near: _health(text)),
    _form("hpc", rf"\d{{1,9}} (?P<node>\S{{1,80}}) (?P<component>[a-z_.]{{1,40}}) (?P<state>\S{{1,80}}) (?P<time>\d{{9,10}}) (?P<flag>-?\d) {_REST}", _epoch),
    _form("epoch", rf"\[?(?P<time>1\d{{9}}(?:\.\d{{1,9}}|\d{{3}}|\d{{6}}|\d{{9}})?)\]?:? (?:\[?{_LEVEL}\]?:? )?{_REST}", _epoch),
    _form("words", rf"\[?(?P<time>(?:[A-Z][a-z]{{2}} )?[A-Z][a-z]{{2}} {{1,2}}\d{{1,2}} \d\d:\d\d:\d\d(?: \d{{4}})?|(?:[A-Z][a-z]{{2}}, )?\d{{1,2}}[ /-][A-Z][a-z]{{2}}[ /-]\d{{4}}[ :]\d\d:\d\d:\d\d)\]?:? (?:\[?{_LEVEL}\]?:? )?{_REST}", _words),
)  # fmt: skip

_INNER = re.compile(
    rf"(?:\[?(?:{_ISO}|\d{{2}}:\d{{2}}:\d{{2}}[.,]\d{{1,9}})\]? {{1,4}})(?:\[(?P<thread>[^\]]{{0,200}})\] {{1,4}})?\[?{_LEVEL}\]? {{1,8}}"
    rf"(?:\[(?P<thread2>[^\]]{{0,200}})\] {{1,4}})?(?:{LOGGER}(?: {{0,60}}[:\-])? {{1,4}})?{_REST}",
    re.DOTALL,
)
_TRACED = re.compile(
    r"[\[,]?(?P<name>(?i:trace|span)[_-]?(?i:id))(?:=|: ?+)(?P<id>[0-9A-Fa-f-]{8,64}|)(?:[\],] ?| |$)(?=\S)"
)
TIMES_MAX = 10_000
SHAPE_MAX = 1_000  # characters of a shape that is remembered
PLANS_MAX = 50_000  # shapes remembered, at about 1 kB each; then the memory starts again


def _health(text: str) -> datetime | None:
    date, clock = text.split("-", 1)
    hour, minute, second, milli = clock.split(":")
    return parse_iso(f"{date[:4]}-{date[4:6]}-{date[6:]} {hour}:{minute.zfill(2)}:{second.zfill(2)}.{milli.zfill(3)}")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Where the parts of a line stand, for every line of its shape (its digits written 0)."""

    form: Form
    time: slice
    message: int
    level: str
    app: slice | None
    attributes: tuple[tuple[str, slice], ...]
    times: dict[str, datetime | None]  # read so far, of this form

    @property
    def year_is_guessed(self) -> bool:
        return self.form.clock in (_words, _month_first)


class Splitter:
    """Takes headers off lines; remembers where they end by the lines' shape, and which times it has read."""

    def __init__(self) -> None:
        self._forms = list(FORMS)
        self._promoted: Form | None = None
        self._times: dict[str, dict[str, datetime | None]] = {form.name: {} for form in FORMS}
        self._plans: dict[str, Plan] = {}
        self._bare: set[str] = set()
        """Shapes of lines that no form fits."""

    def split(self, line: str, near: datetime, shape: str | None = None) -> Header | None:
        """The line's header, or None when it has none. `near` dates a time without a year; `shape` is the folded line."""
        shape = fold(line) if shape is None else shape
        plan = self._plans.get(shape)
        if plan is not None:
            at = self.time(plan, line[plan.time], near)
            if at is not None:
                attributes = {name: line[place] for name, place in plan.attributes}
                return Header(at, line[plan.message :], plan.level, line[plan.app] if plan.app else "", attributes)
        if shape in self._bare:
            return None
        if not headed_alone(line):
            self._remember_bare(shape)
            return None
        fits = False
        for index, form in enumerate(self._forms):
            found = form.expression.fullmatch(line)
            if found is None:
                continue
            fits = True
            plan = _plan(form, found, self._times[form.name])
            at = self.time(plan, found["time"], near)
            if at is None:
                continue
            if index:
                self._promote(form)
            if form.name not in _COUNTED and _COUNTED_SHAPE.match(shape) is None:
                self._remember(shape, plan)
            return _header(found, at)
        if not fits and _COUNTED_SHAPE.match(shape) is None:
            self._remember_bare(shape)
        return None

    def plan(self, shape: str) -> Plan | None:
        """The plan of a shape that was met before."""
        return self._plans.get(shape)

    def time(self, plan: Plan, text: str, near: datetime) -> datetime | None:
        times = plan.times
        if text not in times:
            if len(times) >= TIMES_MAX:
                times.clear()
            times[text] = plan.form.clock(text, near)
        return times[text]

    def _remember(self, shape: str, plan: Plan) -> None:
        if len(self._plans) >= PLANS_MAX:
            self._plans.clear()
        if len(shape) <= SHAPE_MAX:
            self._plans[shape] = plan

    def _remember_bare(self, shape: str) -> None:
        if len(self._bare) >= PLANS_MAX:
            self._bare.clear()
        if len(shape) <= SHAPE_MAX:
            self._bare.add(shape)

    def _promote(self, form: Form) -> None:
        """Try this form first, unless a more particular one must be asked before it."""
        if form is self._promoted:
            return
        self._promoted = form
        rest = [other for other in FORMS if other is not form]
        place = FORMS.index(form)
        general = form.name in _GENERAL
        self._forms = [*FORMS[:place], form, *FORMS[place + 1 :]] if general else [form, *rest]


def _plan(form: Form, found: re.Match[str], times: dict[str, datetime | None]) -> Plan:
    app = "app" if "app" in found.re.groupindex and found["app"] is not None else "daemon"
    places = {name: slice(*found.span(name)) for name in found.re.groupindex if found[name]}
    level = LEVELS.get((found["level"] if "level" in places else "").lower(), "")
    attributes = tuple((name, place) for name, place in places.items() if name not in _NO_ATTRIBUTES)
    return Plan(form, slice(*found.span("time")), found.start("message"), level, places.get(app), attributes, times)


_NO_ATTRIBUTES = frozenset({"time", "message", "level", "daemon"})
_COUNTED = frozenset({"syslog-5424", "thunderbird", "hpc", "epoch"})  # forms that look at the digits themselves
_COUNTED_SHAPE = re.compile(r"<|\[?0{10}")  # shapes that such a form might claim
_GENERAL = frozenset({"syslog-bare", "iso-level", "iso", "log4j", "epoch", "words"})


def strip_inner(text: str) -> tuple[str, str, dict[str, str]]:
    """The message, level and attributes of a text whose time is already known but which has a header of its own.

    The ids of a trace in front of the message are attributes: left in it, they make different lines look alike."""
    found = _INNER.fullmatch(text)
    if found is None:
        return text, "", {}
    attributes = {"logger": found["logger"]} if found["logger"] else {}
    message = found["message"]
    while traced := _TRACED.match(message):
        if traced["id"]:
            attributes["span_id" if traced["name"].lower().startswith("span") else "trace_id"] = traced["id"]
        message = message[traced.end() :]
    return message, LEVELS.get(found["level"].lower(), ""), attributes


def _header(found: re.Match[str], at: datetime) -> Header:
    groups = found.groupdict()
    level = LEVELS.get((groups.get("level") or "").lower(), "")
    app = groups.get("app") or groups.get("daemon") or ""
    attributes = {
        name: text for name, text in groups.items() if text and name not in ("time", "message", "level", "daemon")
    }
    return Header(at, groups["message"], level, app, attributes)
