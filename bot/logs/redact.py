# ruff: noqa: E501 - a rule a line reads better than a rule wrapped
"""Which parts of a line are secrets? They are replaced before anything is learnt, stored or shown.

Every rule runs in linear time. A rule that cannot be compiled or named refuses to start, and a line on which the rules
fail is withheld as a whole: it fails closed.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.errors import SettingsError
from bot.logs.masks import fold, fold_all

WITHHELD = "[redacted:withheld]"
_START = r"(?<![A-Za-z0-9_\-])"
_SECRET_KEY = (
    r"(?:[A-Za-z0-9_.\-]{0,40}(?:passwo?r?d|passwd|passphrase|pwd|secret|api[_\-]?key|apikey|access[_\-]?key|private[_\-]?key"
    r"|client[_\-]?secret|credentials?|connection[_\-]?string|auth[_\-]?token|token|authorization|x-api-key|session[_\-]?id|cookie))"
)
_CARD = r"(?:\d{13,19}|\d{4}[ \-]\d{4}[ \-]\d{4}[ \-]\d{1,7}|\d{4}[ \-]\d{6}[ \-]\d{4,5})"
_KEY_START = r"(?<![A-Za-z0-9_.\-])"
_OPEN_VALUE = r"[^\s\"'\\,;&)}\]>]{1,2048}"


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs`: the rule runs only where one of these lower-case texts stands; `group` is the part that is secret,
    -1 whichever of them matched."""

    name: str
    expression: re.Pattern[str]
    needs: tuple[str, ...]
    group: int = 0
    accepts: Callable[[str], bool] | None = None


def _rule(name: str, pattern: str, *needs: str, group: int = 0, accepts: Callable[[str], bool] | None = None) -> Rule:
    return Rule(name, re.compile(pattern), needs, group, accepts)


def is_card_number(text: str) -> bool:
    """Luhn's check over a number of an issuer's length and beginning (ISO/IEC 7812)."""
    digits = "".join(c for c in text if c.isdigit())
    if not _ISSUERS.fullmatch(digits) or len(set(digits)) < 2:
        return False
    doubled = [
        int(d) if i % 2 == 0 else (int(d) * 2 - 9 if int(d) > 4 else int(d) * 2) for i, d in enumerate(digits[::-1])
    ]
    return sum(doubled) % 10 == 0


_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)


def _looks_secret(value: str) -> bool:
    """`token: unexpected` names a word, `token: 9f8e7d6c5b4a` gives a secret away."""
    kinds = sum((any(c.isdigit() for c in value), any(c.islower() for c in value), any(c.isupper() for c in value)))
    return len(value) >= 8 and not value.startswith("0x") and (kinds >= 2 or len(value) >= 32)


_NOT_SECRET = frozenset(
    [
        "null",
        "none",
        "true",
        "false",
        "undefined",
        "nil",
        "empty",
        "required",
        "missing",
        "invalid",
        "incorrect",
        "expired",
        "changed",
        "redacted",
        "no",
        "yes",
        "on",
        "off",
    ]
)


def _is_mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.islower() for c in value) and any(c.isupper() for c in value)


def _is_value(value: str) -> bool:
    bare = value.strip(".*<>").lower()
    return (
        bool(bare)
        and not bare.startswith("0x")
        and bare not in _NOT_SECRET
        and not value.startswith(("[redacted", "${", "{{"))
    )


DEFAULT_RULES: tuple[Rule, ...] = (
    _rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END )[\s\S]){0,20000}(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
        "private key",
    ),
    _rule("key-material", r"(?m)^[ \t]{0,64}([A-Za-z0-9+/]{60,76}={0,2})[ \t]{0,64}$", group=1, accepts=_is_mixed),
    _rule("jwt", _START + r"eyJ[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]{4,8192}(?:\.[A-Za-z0-9_\-]{0,2048}){0,3}", "eyj"),
    _rule("aws-key", _START + r"(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
          "akia", "asia", "agpa", "aida", "aroa", "aipa", "anpa", "anva", "abia", "acca"),
    _rule("github-token", _START + r"(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    _rule("gitlab-token", _START + r"gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_\-.]{16,255}", "glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-"),
    _rule("slack-token", _START + r"(?:xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{8,255}|xapp-[A-Za-z0-9\-]{8,255})", "xox", "xapp-"),
    _rule("slack-webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9_/\-]{8,255}", "hooks.slack.com"),
    _rule("stripe-key", _START + r"(?:[srp]k_(?:live|test)_[A-Za-z0-9]{10,255}|whsec_[A-Za-z0-9+/=]{16,255})", "k_live_", "k_test_", "whsec_"),
    _rule("google-key", _START + r"(?:AIza[0-9A-Za-z_\-]{35}|ya29\.[0-9A-Za-z_\-]{20,2048}|GOCSPX-[0-9A-Za-z_\-]{20,64})", "aiza", "ya29.", "gocspx-"),
    _rule("api-key", _START + r"(?:sk-[A-Za-z0-9_\-]{20,255}|npm_[A-Za-z0-9]{30,64}|pypi-[A-Za-z0-9_\-]{40,512}|hf_[A-Za-z0-9]{30,64}"
          r"|dop_v1_[a-f0-9]{40,64}|SG\.[A-Za-z0-9_\-]{16,64}\.[A-Za-z0-9_\-]{16,64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|dapi[a-f0-9]{32}"
          r"|hv[sb]\.[A-Za-z0-9_\-]{20,512}|tfp_[A-Za-z0-9_]{20,255}|NRAK-[A-Z0-9]{20,40}|AGE-SECRET-KEY-[A-Z0-9]{20,100})",
          "sk-", "npm_", "pypi-", "hf_", "dop_v1_", "sg.", "shp", "dapi", "hvs.", "hvb.", "tfp_", "nrak-", "age-secret"),
    _rule("bearer", r"(?i)\bbearer[ \t]{1,4}(?:token[ \t=:]{1,3})?([A-Za-z0-9._~+/\-]{6,4096}={0,3})", "bearer", group=1, accepts=lambda v: _looks_secret(v) or len(v) >= 20),
    _rule("authorization", r"(?i)\bauthorization[\"'\\]{0,3}[ \t]{0,4}[:=][ \t]{0,4}[\"'\\]{0,3}((?!bearer\b)[A-Za-z]{2,16}[ \t]{1,4}[^\s\"'\\,;]{4,4096}|(?!bearer\b)[^\s\"'\\,;]{4,4096})",
          "authorization", group=1, accepts=_is_value),
    _rule("url-password", r"://[^\s:/@\"']{0,256}:([^\s/@\"']{1,256}(?:@(?=[^\s/@\"']{1,256}@)[^\s/@\"']{1,256})?)@", "://", group=1, accepts=_is_value),
    _rule("password", r"(?i)" + _KEY_START + _SECRET_KEY
          + r"(?:\"[ \t]{0,4}[:=][ \t]{0,4}\"((?:[^\"\\\n]|\\.){1,4096})"  # JSON
          + r"|'[ \t]{0,4}[:=][ \t]{0,4}'((?:[^'\\\n]|\\.){1,4096})"
          + r"|\\{1,7}\"[ \t]{0,4}[:=][ \t]{0,4}\\{1,7}\"((?:[^\"\\\n]|\\{1,7}[^\"\\\n]){1,4096})"  # JSON in JSON
          + r"|[\"']?[ \t]{0,4}(?:=|=>|:=)[ \t]{0,4}[\"']([^\"'\n]{1,4096})"
          + r"|[\"'\\]{0,3}(?:=|:)(" + _OPEN_VALUE + "))",
          "pass", "pwd", "secret", "token", "key", "credential", "authorization", "session", "cookie", "connection", group=-1, accepts=_is_value),
    _rule("password", r"(?i)(?:--?|" + _START + r")(?:db[_\-]?)?(?:passwo?r?d|passwd|passphrase|pwd|secret|api[_\-]?key)[ \t]{0,2}(?:[:=]|[ \t]is:?)[ \t]{1,4}[\"']?(" + _OPEN_VALUE + ")",
          "pass", "pwd", "secret", "key", group=1, accepts=_is_value),
    _rule("password", r"(?i)(?:^|[ \t])--(?:password|passwd|token|secret|api-key|access-key)[ \t]{1,4}[\"']?(" + _OPEN_VALUE + ")",
          "--pass", "--token", "--secret", "--api", "--access", group=1, accepts=_is_value),
    _rule("token", r"(?i)" + _KEY_START + _SECRET_KEY + r"[ \t]{0,2}[:=][ \t]{1,4}[\"']?(" + _OPEN_VALUE + ")", "token", "key", "credential", "session", "cookie", "secret", group=1, accepts=_looks_secret),
    _rule("email", r"(?<![\w.+\-])[A-Za-z0-9_][\w.+\-]{0,63}@(?=[A-Za-z0-9])[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){0,6}\.[A-Za-z]{2,24}(?![A-Za-z0-9])", "@"),
    _rule("card-number", r"(?<![\w./:#@$%&=+\-])(?<!ID: )(?<!Id: )(?<!id: )" + _CARD + r"(?![\w/:#@$%&=+\-]|\.\d)", accepts=is_card_number),
    _rule("card-number", r"(?i)(?:card|pan|cc|number|num|no|account)[\"'\\]{0,3}[ \t]{0,2}[=:#][ \t]{0,2}[\"'\\]{0,3}(" + _CARD + r")(?![\w])",
          "card", "pan", "cc", "num", "no", "account", group=1, accepts=is_card_number),
)  # fmt: skip
# What every built-in rule needs to see in one word (small letters, digits written 0); a line without is clean.
_TRIGGER = re.compile(
    "pass|pwd|secret|token|api[_-]?key|access[_-]?key|private|credential|connection[_-]?string|authorization|session[_-]?id"
    "|cookie|bearer|eyj|akia|asia|agpa|aida|aroa|aipa|anpa|anva|abia|acca|gh[pousr]_|github_pat|gl(?:pat|dt|rt|cbt|ptt|soat)-"
    "|xox|xapp-|hooks[.]slack|k_(?:live|test)_|whsec_|aiza|ya00[.]|gocspx-|sk-|npm_|pypi-|hf_|dop_v0_|sg[.]|shp(?:at|ca|pa|ss)_"
    "|dapi|hv[sb][.]|tfp_|nrak-|age-secret|@|[a-z0+/]{60}"
    r"|(?<![\w./:#@$%&=+\-])(?:0-?){12}0|(?:card|pan|cc|number|num|no|account)[^a-z0]{1,6}(?:0-?){12}0"
)
_SPACED_NUMBER = re.compile(r"(?<!0)0{4}[ \-](?:0{4}[ \-]0{4}[ \-]0|0{6}[ \-]0{4})")
_LONG_NUMBER = re.compile("(?<![a-z0])(?:0-?){12,18}0(?![a-z0])")
_HEX = "0abcdefABCDEF-[](),.:;=/"
REMEMBERED_MAX = 500  # characters of a line or word that is remembered
SHAPES_MAX = 100_000  # remembered, at about 200 bytes each; then the memory starts again
NAMES = tuple(dict.fromkeys(rule.name for rule in DEFAULT_RULES))


class Redactor:
    """`extra`: name → regular expression whose first group (or all of it) is secret; `off`: built-in rules not wanted."""

    def __init__(self, *, extra: Mapping[str, str] | None = None, off: Collection[str] = ()) -> None:
        problems = [
            f"redaction.off: there is no rule {name!r} (known: {', '.join(NAMES)})" for name in off if name not in NAMES
        ]
        rules = [rule for rule in DEFAULT_RULES if rule.name not in off]
        for name, pattern in (extra or {}).items():
            if not re.fullmatch(r"[a-z][a-z\-]{0,40}", name):
                problems.append(f"redaction.extra.{name}: a name is made of small letters and dashes")
                continue
            try:
                expression = re.compile(pattern)
            except re.error as error:
                problems.append(f"redaction.extra.{name}: not a regular expression: {error}")
                continue
            if expression.match(""):
                problems.append(f"redaction.extra.{name}: it matches nothing at all, which is everywhere")
                continue
            rules.append(Rule(name, expression, (), 1 if expression.groups else 0))
        if problems:
            raise SettingsError(problems)
        self.rules = tuple(rules)
        self.withheld = 0  # lines on which a rule failed
        self._always = any(rule.name not in NAMES for rule in rules)
        self._shapes: dict[str, bool] = {}
        self._harmless: set[str] = set()  # words

    def redact(self, text: str) -> str:
        """The text with every secret as `[redacted:NAME]`."""
        return self._redact_closed(text) if self._always or self._is_suspicious(fold(text)) else text

    def redact_all(self, texts: Sequence[str], shapes: Sequence[str] | None = None) -> list[str]:
        """As `redact` on each, looking once at lines that differ in digits only; `shapes`: the texts folded."""
        if self._always:
            return [self._redact_closed(text) for text in texts]
        shapes = fold_all(texts) if shapes is None else shapes
        known = list(map(self._shapes.get, shapes))
        if None in known:
            known = list(map(self._is_suspicious, shapes))
        if True not in known:
            return list(texts)
        return [self._redact_closed(text) if bad else text for text, bad in zip(texts, known, strict=True)]

    def _is_suspicious(self, shape: str) -> bool:
        """Can any rule match a line of this shape (its digits written 0)? Remembered by line and by word."""
        known = self._shapes.get(shape)
        if known is None:
            words = shape.split()
            known = not self._harmless.issuperset(words) and any(map(self._is_trigger, words))
            if not known and ("0000 " in shape or "0000-" in shape):
                known = _SPACED_NUMBER.search(shape) is not None
            if len(self._shapes) >= SHAPES_MAX:
                self._shapes.clear()
            if len(shape) <= REMEMBERED_MAX:
                self._shapes[shape] = known
        return known

    def _is_trigger(self, word: str) -> bool:
        if word in self._harmless:
            return False
        bare = len(word) < 60 and not word.strip(_HEX)  # ids and addresses: only a long number can be a secret
        if (_LONG_NUMBER if bare else _TRIGGER).search(word.lower()) is not None:
            return True
        if len(self._harmless) >= SHAPES_MAX:
            self._harmless.clear()
        if len(word) <= REMEMBERED_MAX:
            self._harmless.add(word)
        return False

    def _redact_closed(self, text: str) -> str:
        try:
            return self._redact(text)
        except Exception:  # noqa: BLE001 - fails closed: whatever broke, the line is not shown
            self.withheld += 1
            return WITHHELD

    def _redact(self, text: str) -> str:
        low = text.lower()
        for rule in self.rules:
            if not rule.needs or any(need in low for need in rule.needs):
                text = rule.expression.sub(lambda found, rule=rule: _replace(rule, found), text)  # type: ignore[misc]
        return text


def _replace(rule: Rule, found: re.Match[str]) -> str:
    group = rule.group if rule.group >= 0 else found.lastindex or 0
    whole, secret = found[0], found[group]
    if secret is None or (rule.accepts is not None and not rule.accepts(secret)):
        return whole
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return f"{whole[:start]}[redacted:{rule.name}]{whole[end:]}"
