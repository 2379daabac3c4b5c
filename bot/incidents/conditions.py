"""Does a text say what state something is in: disk full, certificate expired, out of memory?

Such a state is reached without anybody changing anything, so it speaks for the service itself and against what happened
to be changed near it. The words are those of operating systems and libraries.
"""

import re

from bot.signals.model import Signal

_CONDITIONS = (
    ("disk_full", r"no space left on device|disk (?:is )?full|disk quota exceeded|ENOSPC"),
    ("certificate_expired", r"certificate (?:has )?expired|CERT_HAS_EXPIRED|x509: certificate has expired"),
    ("out_of_memory", r"out of memory|OOM[- ]?kill(?:ed|er)?|cannot allocate memory|OutOfMemoryError"),
    ("too_many_files", r"too many open files|EMFILE"),
    ("read_only", r"read-only file system|EROFS"),
    ("no_route", r"no route to host|EHOSTUNREACH|network is unreachable"),
)
TRAFFIC = "traffic"
"""Not of a text: more of everything is asked."""
CONDITIONS = (*(name for name, _ in _CONDITIONS), TRAFFIC)
_PATTERN = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _CONDITIONS), re.IGNORECASE)
_TEXT_MAX = 1_000


def condition_of(signal: Signal) -> str:
    """One of `CONDITIONS`, or ''."""
    for text in (signal.evidence.template, *signal.evidence.examples[-1:], signal.title):
        found = _PATTERN.search(text[:_TEXT_MAX])
        if found:
            return found.lastgroup or ""
    return ""
