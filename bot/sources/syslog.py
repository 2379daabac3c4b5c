"""What does a syslog message say, and where does the next one begin on a TCP connection?

RFC 5424 and the older 3164, over UDP, TCP (RFC 6587: by count or by line, told apart by the first byte) and TLS (RFC
5425).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bot.logs.columns import some_are_blank, times_of_iso
from bot.logs.parse import LINE_CHARACTERS_MAX, clean
from bot.logs.record import LogRecord
from bot.logs.structured import ATTRIBUTE_CHARACTERS_MAX, ATTRIBUTES_MAX
from bot.logs.timestamps import nearest_year, parse_words
from bot.sources.model import LATE_MAX, Example, Heard, Kind, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE, moment, service_like

MESSAGE_BYTES_MAX = 64 << 10
LEVELS = ("critical", "critical", "critical", "error", "warning", "notice", "info", "debug")
_NEW = re.compile(
    r"<(\d{1,3})>1 (\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) "
    r"(-|(?:\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*\])+)(?: (.*))?",
    re.DOTALL,
)
_OLD = re.compile(
    r"<(\d{1,3})>(?:([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)|(\d{4}-\d\d-\d\dT\S{8,32})) (\S{1,255}) (.*)", re.DOTALL
)
_TAG = re.compile(r"([A-Za-z0-9_./@-]{1,100})(?:\[(\d{1,10})\])?:\s?(.*)", re.DOTALL)
_PRI = re.compile(r"<(\d{1,3})>\s*(.*)", re.DOTALL)
_PARAM = re.compile(r"([^\s=\]\"]{1,32})=\"((?:[^\"\\]|\\.)*)\"")
_COUNT = re.compile(rb"[1-9][0-9]{0,6} ")
_A_COUNT = re.compile(rb"\n[0-9]")


def parse(line: str, now: datetime, service: str = "") -> LogRecord | None:
    """The record of one message; None when it is blank. What is no syslog at all is a line of `service`, logged now."""
    found = _NEW.fullmatch(line)
    if found is not None:
        return _new(found, now, service)
    found = _OLD.fullmatch(line)
    if found is not None:
        return _old(found, now, service)
    bare = _PRI.fullmatch(line)
    text = clean(bare[2] if bare else line)
    level = _level(bare[1]) if bare else ""
    return LogRecord(now, service or UNKNOWN_SERVICE, text, level) if text.strip() else None


def _new(found: re.Match[str], now: datetime, service: str) -> LogRecord | None:
    pri, stamp, host, app, _, _, data, message = found.groups()
    text = clean((message or "").removeprefix("\ufeff"))
    attributes = {"host": host} if host != "-" else {}
    if data != "-":
        attributes |= _structured(data)
    if not text.strip():
        text = data if data != "-" else ""
    at = moment(stamp) or now
    named = service or (app if app != "-" else "") or UNKNOWN_SERVICE
    return LogRecord(at, service_like(named), text, _level(pri), attributes) if text else None


def _old(found: re.Match[str], now: datetime, service: str) -> LogRecord | None:
    pri, words, stamp, host, rest = found.groups()
    at = moment(stamp) if stamp else nearest_year(lambda year: parse_words(words, year=year), now)
    tagged = _TAG.fullmatch(rest)
    app, text = (tagged[1].rpartition("/")[2], tagged[3]) if tagged else ("", rest)
    text = clean(text)
    named = service_like(service or app or host)
    return LogRecord(at or now, named, text, _level(pri), {"host": host}) if text.strip() else None


def _level(pri: str) -> str:
    return LEVELS[int(pri) & 7]


def _structured(data: str) -> dict[str, str]:
    pairs = [(match[1], match[2]) for match in _PARAM.finditer(data)]
    return {name: value[:ATTRIBUTE_CHARACTERS_MAX] for name, value in pairs[:ATTRIBUTES_MAX]}


class Framer:
    """The messages of one TCP connection. Holds no more than one message, cut to `bytes_max`."""

    def __init__(self, bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._rest = b""
        self._skip = 0
        """Bytes of a counted message that are still to come and are not kept."""
        self._drop_line = False

    def feed(self, data: bytes) -> Iterable[bytes]:
        """The whole messages."""
        rest = self._rest + data
        if not self._skip and not self._drop_line and _A_COUNT.search(b"\n" + rest) is None:
            *lines, last = rest.split(b"\n")
            if max(map(len, lines), default=0) <= self._bytes_max and len(last) < self._bytes_max:
                self._rest = last
                return [line for line in lines if line.strip(b"\x00\r\n ")]
        return self.feed_each(data)

    def feed_each(self, data: bytes) -> Iterator[bytes]:
        """As `feed`, message by message."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip, data = self._skip - skipped, data[skipped:]
        rest = self._rest + data
        start = 0
        while start < len(rest):
            taken = self._next(rest, start)
            if taken is None:
                break
            message, start = taken
            if message.strip(b"\x00\r\n "):
                yield message
        self._rest = rest[start:]

    def end(self) -> bytes:
        """What stands after the last line end when the connection closes."""
        rest, self._rest = self._rest, b""
        return b"" if self._drop_line or _COUNT.match(rest) else rest.strip(b"\x00\r\n ")

    def _next(self, rest: bytes, start: int) -> tuple[bytes, int] | None:
        """A message and where the next begins; None when more must come."""
        first = rest[start : start + 1]
        if first.isdigit() and not self._drop_line:
            return self._counted(rest, start)
        return self._line(rest, start)

    def _counted(self, rest: bytes, start: int) -> tuple[bytes, int] | None:
        found = _COUNT.match(rest, start)
        if found is None:
            if len(rest) - start < 9 and rest[start:].isdigit():
                return None
            return self._line(rest, start)
        size, begin = int(rest[start : found.end() - 1]), found.end()
        end = begin + size
        if len(rest) >= end:
            return rest[begin : min(end, begin + self._bytes_max)], end
        if size <= self._bytes_max:
            return None
        if len(rest) - begin < self._bytes_max:
            return None
        self._skip = end - len(rest)
        return rest[begin : begin + self._bytes_max], len(rest)

    def _line(self, rest: bytes, start: int) -> tuple[bytes, int] | None:
        end = rest.find(b"\n", start)
        if end >= 0:
            dropped, self._drop_line = self._drop_line, False
            return (b"" if dropped else rest[start : min(end, start + self._bytes_max)]), end + 1
        if len(rest) - start < self._bytes_max:
            return None
        dropped, self._drop_line = self._drop_line, True
        return (b"" if dropped else rest[start : start + self._bytes_max]), len(rest)


def decode(posted: Posted) -> Heard:
    """Messages that stand one after the other, as on a TCP connection."""
    heard, framer = Heard(), Framer()
    hear_all(heard, [*framer.feed(posted.body), framer.end()], posted)
    return heard


def decode_each(posted: Posted) -> Heard:
    """As `decode`, message by message."""
    heard, framer = Heard(), Framer()
    for message in [*framer.feed_each(posted.body), framer.end()]:
        if message:
            hear(heard, message, posted)
    return heard


def hear_all(heard: Heard, messages: Sequence[bytes], posted: Posted) -> None:
    """As `hear` of each that is not empty, in order; all at once when they are of RFC 5424 and plain."""
    records = _plain(messages, posted)
    if records is not None:
        heard.records += records
        heard.lines += len(records)
        return
    for message in messages:
        if message:
            hear(heard, message, posted)


def _plain(messages: Sequence[bytes], posted: Posted) -> list[LogRecord] | None:
    """The records of messages that have all their parts, no structured data, an ISO time, and a text of one line."""
    whole = _printable(b"\n".join(filter(None, messages)))
    if whole is None:
        return None
    lines = [line.split(" ", 7) for line in whole.split("\n")]
    if len(lines) != len(messages) - messages.count(b"") or set(map(len, lines)) != {8}:
        return None
    pris, stamps, hosts, apps, ids, kinds, data, texts = zip(*lines, strict=True)
    levels = {pri: level for pri in set(pris) if (level := _plain_level(pri)) is not None}
    if (
        len(levels) != len(set(pris))
        or set(data) != {"-"}
        or some_are_blank(texts)
        or not _fit(hosts, apps, ids, kinds)
    ):
        return None
    if max(map(len, stamps)) > 40 or max(map(len, texts)) > LINE_CHARACTERS_MAX:
        return None
    times = times_of_iso(stamps)
    if times is None or posted.now - min(times) > LATE_MAX or min(times).year < 2:
        return None
    services = {app: service_like(posted.service or (app if app != "-" else UNKNOWN_SERVICE)) for app in set(apps)}
    attributes = {host: {"host": host} if host != "-" else {} for host in set(hosts)}
    return list(
        map(
            LogRecord,
            times,
            map(services.__getitem__, apps),
            texts,
            map(levels.__getitem__, pris),
            map(attributes.__getitem__, hosts),
        )
    )


_UNPRINTABLE = bytes(set(range(128)) - set(range(32, 127)) - {10})
_LENGTHS_MAX = (255, 48, 128, 32)
"""Of the host, the program, its id, and the kind of message."""


def _printable(messages: bytes) -> str | None:
    """The text of lines in which nothing needs cleaning, and no white space stands but blanks."""
    whole = messages.rstrip(b"\n")
    if whole.isascii():
        return whole.decode("ascii") if len(whole.translate(None, _UNPRINTABLE)) == len(whole) else None
    text = whole.decode("utf-8", "replace")
    return text if text.replace("\n", "").isprintable() else None


def _fit(*parts: Sequence[str]) -> bool:
    """Are the names of the header there, and no longer than they may be?"""
    return all("" not in part and max(map(len, part)) <= most for part, most in zip(parts, _LENGTHS_MAX, strict=True))


def _plain_level(pri: str) -> str | None:
    number = pri.removeprefix("<").removesuffix(">1")
    is_one = pri == f"<{number}>1" and number.isdecimal() and len(number) <= 3
    return _level(number) if is_one else None


def hear(heard: Heard, message: bytes, posted: Posted) -> None:
    record = parse(message.decode("utf-8", "replace").rstrip("\r\n\x00"), posted.now, posted.service)
    if record is None:
        return
    if posted.now - record.at > LATE_MAX:
        heard.reject(
            f"message {heard.lines + heard.rejected_count + 1}", f"it is over {LATE_MAX.days} days late", message
        )
        return
    heard.records.append(record)
    heard.lines += 1


_RSYSLOG = """\
# /etc/rsyslog.d/60-tocsin.conf
*.* action(type="omfwd" target="tocsin.example.org" port="5514" protocol="tcp" TCP_Framing="octet-counted"
           template="RSYSLOG_SyslogProtocol23Format" queue.type="LinkedList"
           action.resumeRetryCount="-1" action.resumeInterval="2")
"""
_RSYSLOG_TLS = """\
# /etc/rsyslog.d/60-tocsin.conf (needs rsyslog-openssl)
global(DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="/etc/ssl/tocsin-ca.pem")
*.* action(type="omfwd" target="tocsin.example.org" port="6514" protocol="tcp" TCP_Framing="octet-counted"
           StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name"
           StreamDriverPermittedPeers="tocsin.example.org" template="RSYSLOG_SyslogProtocol23Format")
"""
_SYSLOG_NG = """\
destination d_tocsin {
  syslog("tocsin.example.org" port(5514) transport("tcp") time-reopen(2));
};
log { source(s_src); destination(d_tocsin); };
"""

_LISTENING = """\
[syslog]
tcp = "127.0.0.1:5514"                 # 0.0.0.0 for other machines
udp = "127.0.0.1:5514"
"""

SOURCE = Source(
    name="syslog",
    title="Syslog (RFC 5424, RFC 3164)",
    kind=Kind.LOGS,
    decode=decode,
    routes=(Route("UDP", "[syslog] udp"), Route("TCP", "[syslog] tcp"), Route("TLS", "[syslog] tls")),
    content_types=(),
    fixture="syslog.txt",
    about="The service is the program's name. There are no tokens in syslog: listen on addresses that only your "
    "machines reach, or use TLS with client certificates (`client_ca`).",
    examples=(
        Example("first, in tocsin.toml", "toml", _LISTENING, Proof.REAL, "Without it nobody listens to syslog."),
        Example("logger", "sh", "logger --server 127.0.0.1 --port 5514 --tcp --octet-count --rfc5424 "
                "--tag checkout 'order 1 failed'\n", Proof.REAL),
        Example("rsyslog, TCP", "rsyslog", _RSYSLOG, Proof.REAL),
        Example("rsyslog, TLS", "rsyslog", _RSYSLOG_TLS, Proof.REAL),
        Example("syslog-ng", "syslog-ng", _SYSLOG_NG, Proof.REAL),
    ),
)  # fmt: skip
