"""What is a shift, and what an override?"""

from dataclasses import dataclass, replace
from datetime import datetime

CALENDAR = "calendar"
OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Shift:
    """`person` is on call from `since` until just before `until` (UTC). `layer`: the name of the rotation, or one of
    `CALENDAR` and `OVERRIDE`. A person is a Slack user id, or a name from a calendar that nobody is known by."""

    person: str
    since: datetime
    until: datetime
    layer: str

    def covers(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def within(self, since: datetime, until: datetime) -> "Shift | None":
        """The part of it in [since, until)."""
        since, until = max(self.since, since), min(self.until, until)
        return replace(self, since=since, until=until) if since < until else None


@dataclass(frozen=True, slots=True)
class Override:
    """`person` takes over whatever stands there. Of two, the later one counts. `id` 0: from the settings."""

    person: str
    since: datetime
    until: datetime
    by: str = ""
    reason: str = ""
    id: int = 0


def is_slack_user(person: str) -> bool:
    return len(person) >= 2 and person[0] in "UW" and person.isascii() and person.isalnum() and person.isupper()
