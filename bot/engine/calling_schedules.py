"""What do the settings mean? Their sections as schedules and policies."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.oncall.calendar import CalendarLayer
from bot.oncall.escalation import Policy, Reach, Step
from bot.oncall.model import Override
from bot.oncall.rotation import Hours, Rotation
from bot.oncall.schedule import Layer, Schedule
from bot.settings import (
    EscalationSettings,
    EscalationStepSettings,
    OncallSettings,
    OverrideSettings,
    RotationSettings,
)
from bot.settings.calling import is_address

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1), "hours": timedelta(hours=1)}


def schedule_of(name: str, section: OncallSettings, fetched: str) -> Schedule:
    """`fetched`: the last good copy of a calendar at an address, or ''."""
    zone = ZoneInfo(section.timezone)
    layers: list[Layer] = [rotation_of(rotation, zone) for rotation in section.rotations]
    written = section.calendar.get_secret_value() if section.calendar else ""
    calendar = fetched if is_address(written) else written
    if calendar:
        layers.append(CalendarLayer(calendar, zone, section.people))
    return Schedule(name, tuple(layers), zone, tuple(_override(one, zone) for one in section.overrides))


def rotation_of(section: RotationSettings, zone: ZoneInfo) -> Rotation:
    """A weekly turn that does not begin on its handover day is as short as it takes to come to it."""
    begins = datetime.combine(section.starts, section.handover)
    back = (section.starts.weekday() - _DAYS.index(section.handover_day)) % 7 if section.length == "weekly" else 0
    return Rotation(
        name=section.name,
        people=section.people,
        first=begins - timedelta(days=back),
        begins=begins,
        period=section.every * _PERIODS[section.length],
        zone=zone,
        hours=_hours(section),
        holidays=frozenset(section.holidays),
    )


def policies_of(sections: Mapping[str, EscalationSettings]) -> tuple[Policy, ...]:
    return tuple(
        Policy(
            name,
            tuple(_step(step) for step in section.steps),
            frozenset(section.services),
            frozenset(section.severities),
            section.repeat,
            section.ask_again_when_worse,
        )
        for name, section in sections.items()
    )


def _step(section: EscalationStepSettings) -> Step:
    reach = next(reach for reach in Reach if getattr(section, reach.value))
    name: str = getattr(section, reach.value)
    return Step(reach, name, timedelta(minutes=section.wait_minutes), frozenset(section.severities))


def _hours(section: RotationSettings) -> tuple[Hours, ...]:
    if not section.days and section.from_time == section.to_time:
        return ()
    days = section.days or _DAYS
    return (Hours(frozenset(_DAYS.index(day) for day in days), section.from_time, section.to_time),)


def _override(section: OverrideSettings, zone: ZoneInfo) -> Override:
    since, until = (at if at.tzinfo else at.replace(tzinfo=zone) for at in (section.since, section.until))
    return Override(section.person, since.astimezone(UTC), until.astimezone(UTC))
