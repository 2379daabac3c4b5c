"""What was typed after a command? `/deploy checkout 1.4.2 to production`, `/rerun orders_hourly since yesterday`,
`/lock production until 18:00 because of the audit`, `/deploy checkout version=1.4.2 --dry-run`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_KEYWORDS = {"to": "environment", "in": "environment", "on": "environment", "since": "since", "from": "since",
             "until": "until", "because": "reason"}  # fmt: skip
_NAMED = re.compile(r"([a-z][a-z0-9_]{0,40})=(.*)", re.DOTALL)
_OPTIONS = {"--dry-run": "dry_run", "--noop": "dry_run", "--break-glass": "break_glass"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """`first`: what it is about. `rest`: the further plain words. `words`: environment, since, until, reason, and
    `name=value`. `environment` is only said after to, in or on. `is_dry`: only show the plan."""

    first: str = ""
    rest: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    break_glass: bool = False

    def take(self, name: str) -> str:
        return self.words.get(name, "")

    @property
    def environment(self) -> str:
        return self.take("environment")

    @property
    def reason(self) -> str:
        return self.take("reason")


def spoken(text: str) -> Spoken:
    """Words keep their case; "because" takes all that follows, another keyword up to the next one."""
    plain: list[str] = []
    found: dict[str, list[str]] = {}
    options: set[str] = set()
    keyword = ""
    for word in text.split():
        named = _NAMED.fullmatch(word)
        if keyword == "reason":
            found["reason"].append(word)
        elif word.lower() in _OPTIONS:
            options.add(_OPTIONS[word.lower()])
        elif named:
            found[named[1]], keyword = [named[2]], ""
        elif word.lower() in _KEYWORDS and (plain or keyword):
            keyword = _KEYWORDS[word.lower()]
            found[keyword] = []
        elif keyword:
            found[keyword].append(word)
        else:
            plain.append(word)
    words = {name: " ".join(said) for name, said in found.items()}
    return Spoken(plain[0] if plain else "", tuple(plain[1:]), words, "dry_run" in options, "break_glass" in options)
