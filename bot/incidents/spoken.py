"""What does a person mean who types an update or a task in one line?"""

import re
from datetime import timedelta

_NEXT = re.compile(
    r"[\s,;.(–-]*\bnext(?:\s+update)?(?:\s+(?:in|within))?\s+(\d{1,4})\s*(m|min|minutes?|h|hours?)\s*\)?\.?\s*$", re.I
)
NEXT_MAX = timedelta(days=1)


def update_of(text: str) -> tuple[str, timedelta | None]:
    """What is said, and when the next update is promised: "We rolled back, watching; next in 30 min"."""
    found = _NEXT.search(text)
    if found is None:
        return text.strip(), None
    many, unit = int(found[1]), found[2].lower()
    length = timedelta(hours=many) if unit.startswith("h") else timedelta(minutes=many)
    return text[: found.start()].strip(), length
