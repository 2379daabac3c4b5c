"""Who is on call by a calendar? Each event is a shift of its attendees, or of whom its summary names.

Events that overlap have all their people on call at once. A name that nobody is known by stays as it is written: it is
told then, not forgotten.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.ical import Occurrence, occurrences
from bot.ical import check as check_ical
from bot.oncall.model import CALENDAR, Shift

TEXT_MAX = 2_000_000
EVENTS_MAX = 5_000
NAME_MAX = 80
_USER = re.compile(r"\b[UW][A-Z0-9]{6,}\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class CalendarLayer:
    """`text` is iCalendar; days and times without a zone are of `zone`. `people`: names and e-mail addresses as they
    stand in the calendar, in any case → Slack user ids."""

    text: str
    zone: ZoneInfo
    people: Mapping[str, str] = field(default_factory=dict)

    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        """Those in [since, until), cut to it. Raises `InputError` when the text is no calendar."""
        begin, end = since.toordinal() // 7, -(-(until.toordinal() + 1) // 7)
        found = [one for one in _weeks(self.text, self.zone.key, begin, end) if one.since < until and one.until > since]
        known = {name.casefold(): person for name, person in self.people.items()}
        shifts = {
            Shift(person, max(one.since, since), min(one.until, until), CALENDAR)
            for one in found
            for person in people_of(one, known)
        }
        return sorted(shifts, key=lambda shift: (shift.since, shift.until, shift.person))


@lru_cache(maxsize=32)
def _weeks(text: str, zone: str, begin: int, end: int) -> tuple[Occurrence, ...]:
    """What takes place in these weeks (of the calendar's ordinals): a large calendar is read once, not every time."""
    since, until = (datetime.combine(date.fromordinal(7 * week), time.min, UTC) for week in (begin, end))
    return tuple(
        occurrences(text, since, until, ZoneInfo(zone), text_max=TEXT_MAX, events_max=EVENTS_MAX, may_be_empty=True)
    )


def check(text: str) -> None:
    """Raises `InputError` when it is no calendar."""
    check_ical(text, text_max=TEXT_MAX, events_max=EVENTS_MAX, may_be_empty=True)


def people_of(one: Occurrence, known: Mapping[str, str]) -> tuple[str, ...]:
    """The attendees that are known, else whom the summary names, else what is written there. `known`: names and
    addresses in small letters."""
    attending = [known.get(address.casefold()) or known.get(name.casefold()) for address, name in one.people]
    found = [person for person in attending if person]
    if not found:
        found = _USER.findall(one.summary)
    if not found:
        said = one.summary.casefold()
        found = [person for name, person in known.items() if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said)]
    if not found:
        written = [name or address for address, name in one.people] or [one.summary]
        found = [" ".join(name.split())[:NAME_MAX] or "?" for name in written]
    return tuple(dict.fromkeys(found))
