"""Which of many lines may have a time, a level or fields of their own? One look at the beginnings of all of them.

What is left out here is a bare text for `LineParser`, whatever it tries (tests/logs/test_columns.py).
"""

import re
from collections.abc import Sequence
from itertools import compress, count

_BEGINNINGS = (
    r"\{",  # JSON
    r"[A-Za-z_@][\w.\-/@]{0,80}+=",  # logfmt
    r"\d|<\d|\[\d",  # a time; syslog's priority
    r"\[?(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:",  # Sun Dec 04 04:47:44
    r"\[?[A-Z][a-z]{2}, \d",
    r"[IWEF]\d{4} \d\d:",  # klog
    r"\S{1,200}+ (?:\d{4}[-/]\d\d[-/]|\d{9,10} \d{4}\.)",  # something before the time
)
_ACCESS = r"(?:\S{1,255}+ ){3}\[\d\d/"
_HEADED = re.compile(rf"\n(?:({'|'.join(_BEGINNINGS)}))?")
_HEADED_OR_ACCESS = re.compile(rf"\n(?:({'|'.join((*_BEGINNINGS, _ACCESS))}))?")


def headed(lines: Sequence[str]) -> Sequence[int]:
    """The places of those that may."""
    whole = "\n" + "\n".join(lines)
    found = (_HEADED_OR_ACCESS if "/" in whole and "[" in whole else _HEADED).findall(whole)
    if len(found) != len(lines):
        return [place for place, line in enumerate(lines) if headed_alone(line)]
    return list(compress(count(), found)) if any(found) else ()


def headed_alone(line: str) -> bool:
    """May this one, which may be a text of several lines?"""
    found = _HEADED_OR_ACCESS.match("\n" + line)
    return found is not None and found[1] is not None
