"""Who is on call, and who stands in for whom? Schedules of the settings with what people said, and copies of calendars.

A calendar at an address is read by the clock; its last good copy counts while it cannot be read, and its age is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.actions.moments import later
from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.calling_ports import Copy, FetchCalendar
from bot.engine.calling_schedules import schedule_of
from bot.engine.pages import HandoverPage, MyShift, OncallLine, OncallPage, ShiftsPage
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.telling import note
from bot.errors import ConnectorError, InputError, NotFound, Refused, Stale
from bot.oncall.calendar import check as check_calendar
from bot.oncall.model import Override, Shift, is_slack_user
from bot.oncall.schedule import LOOK, Schedule, following, gaps, people, shifts, who
from bot.people import Person
from bot.settings import Settings
from bot.settings.calling import is_address

CALENDAR = "calendar"
OVERRIDE_MAX = timedelta(days=62)
SHIFTS_MAX = timedelta(days=366)
_REASON_MAX = 200
_AHEAD = timedelta(days=30)
_STALE_AFTER = 4
"""A calendar is told to be old after so many times its interval."""


class Oncall:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        policy: Policy,
        team: str,
        fetch: FetchCalendar,
    ) -> None:
        self._store, self._clock, self._settings, self._policy = store, clock, settings, policy
        self._team, self._fetch = team, fetch

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._settings.oncall)

    # -- who

    def people(self, tx: Transaction, name: str, at: datetime) -> tuple[str, ...]:
        """Those on call."""
        return people(self.schedule(tx, name, at), at)

    def schedule(self, tx: Transaction, name: str, at: datetime) -> Schedule:
        """With what people said that may count around `at`. Raises `NotFound`."""
        section = self._settings.oncall.get(name)
        if section is None:
            raise NotFound("schedule", name, known=self.names)
        copy = tx.calls.copy(CALENDAR, name)
        made = schedule_of(name, section, copy.text if copy else "")
        said = [override for schedule, override in tx.calls.overrides(at - SHIFTS_MAX) if schedule == name]
        return made.with_overrides(said)

    def page(self, name: str = "") -> OncallPage:
        """Who is on call now and next: of the schedule or service called so, or of all."""
        now = self._clock.now()
        names = self._named(name) if name else self.names
        with self._store.read() as tx:
            return OncallPage(now, tuple(self._line(tx, one, now) for one in names))

    def shifts(self, name: str, since: datetime, until: datetime) -> ShiftsPage:
        """Who is on call in [since, until). Raises `InputError` when that is too long, `NotFound`."""
        if not timedelta(0) < until - since <= SHIFTS_MAX:
            raise InputError(f"a stretch of up to {SHIFTS_MAX.days} days is expected", place="until")
        (name,) = self._named(name)[:1]
        with self._store.read() as tx:
            schedule = self.schedule(tx, name, since)
        return ShiftsPage(
            self._clock.now(),
            name,
            schedule.zone.key,
            tuple(self._shown(shift) for shift in shifts(schedule, since, until)),
            tuple(gaps(schedule, since, until)),
        )

    def shifts_ahead(self, name: str, length: timedelta) -> ShiftsPage:
        now = self._clock.now()
        return self.shifts(name, now, now + length)

    def mine(self, person: Person) -> tuple[MyShift, ...]:
        """The next or present shift of a person in every schedule, the soonest first."""
        now = self._clock.now()
        found = []
        with self._store.read() as tx:
            for name in self.names:
                ahead = shifts(self.schedule(tx, name, now), now, now + _AHEAD)
                mine = next((shift for shift in ahead if self.key_of(shift.person) == person.key), None)
                if mine is not None:
                    until = mine.until if mine.until < now + _AHEAD else None
                    found.append(MyShift(name, mine, mine.covers(now), until))
        return tuple(sorted(found, key=lambda one: one.shift.since))

    def key_of(self, person: str) -> str:
        """A Slack user id as a `Person.key`; a name that nobody is known by stays."""
        return f"{self._team}/{person}" if is_slack_user(person) else person

    # -- standing in

    def swap(self, by: Person, person: str, until: str = "", name: str = "", reason: str = "") -> OncallLine:
        """From now on `person` (a Slack user id) is on call instead, until the present shift ends or `until`."""
        self._must_be_allowed(by)
        if not is_slack_user(person):
            raise InputError("say who takes over, as in: /oncall swap @ana until 18:00", place="person")
        now = self._clock.now()
        with self._store.write() as tx:
            name = self._named(name)[0] if name else self._serving(tx, by, now)
            schedule = self.schedule(tx, name, now)
            ends = self._end_of_swap(schedule, until, now)
            said = Override(person, now, ends, by.key, " ".join(reason.split())[:_REASON_MAX])
            made = tx.calls.add_override(name, said)
            facts = {"person": self.key_of(person), "until": ends.isoformat(), "reason": said.reason}
            note(tx, now, by.key, "oncall.swapped", f"oncall:{name}:{made.id}", **facts)
            return self._line(tx, name, now)

    def end_swap(self, override_id: int, by: Person) -> OncallLine:
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            name, override = tx.calls.override(override_id)
            if override.until <= now:
                raise Stale("override_over", override=str(override_id))
            tx.calls.end_override(override_id, now, by.key)
            note(tx, now, by.key, "oncall.swap_ended", f"oncall:{name}:{override_id}")
            return self._line(tx, name, now)

    def _end_of_swap(self, schedule: Schedule, until: str, now: datetime) -> datetime:
        if not until:
            present = who(schedule, now) or following(schedule, now)
            if not present:
                raise InputError("nobody is on call then; say until when, like 18:00 or 2h", place="until")
            return max(shift.until for shift in present)
        ends = later(until, now, schedule.zone)
        if ends is None:
            raise InputError(
                f"{until[:50]!r} is no time to come; say it like 18:00, 2h or 2026-11-21T08:00", place="until"
            )
        if ends - now > OVERRIDE_MAX:
            raise InputError(f"at most {OVERRIDE_MAX.days} days", place="until")
        return ends

    def _serving(self, tx: Transaction, by: Person, now: datetime) -> str:
        """The one schedule that is meant without a name: where `by` is on call, or the only one there is."""
        mine = [n for n in self.names if by.key in map(self.key_of, self.people(tx, n, now))]
        found = mine or list(self.names)
        if len(found) != 1:
            raise InputError(f"say which schedule: {', '.join(found) or 'none is set up'}", place="schedule")
        return found[0]

    # -- by the clock

    def refresh(self) -> int:
        """Reads the calendars at addresses whose time has come. Returns how many were read well."""
        read = 0
        for name, section in self._settings.oncall.items():
            url = section.calendar.get_secret_value() if section.calendar else ""
            if is_address(url) and self._is_due(name, section.calendar_minutes):
                read += self._read(name, url)
        return read

    def _is_due(self, name: str, minutes: float) -> bool:
        with self._store.read() as tx:
            known = tx.calls.copy(CALENDAR, name)
        return known is None or self._clock.now() - known.tried_at >= timedelta(minutes=minutes)

    def _read(self, name: str, url: str) -> bool:
        """Outside of any transaction: the other side may take its time."""
        try:
            text, problem = self._fetch(url), ""
            check_calendar(text)
        except (ConnectorError, InputError) as error:
            text, problem = "", str(error).replace(url, "its address")
        now = self._clock.now()
        with self._store.write() as tx:
            known = tx.calls.copy(CALENDAR, name) or Copy(CALENDAR, name, "", None, now)
            good = replace(known, text=text, fetched_at=now) if not problem else known
            tx.calls.keep_copy(replace(good, tried_at=now, problem=problem[:500]))
        return not problem

    def tell_handovers(self) -> int:
        """Tells a change of shift where the settings say so: once, and not what happened during a downtime."""
        told = 0
        for name, section in self._settings.oncall.items():
            if section.channel or section.tell_people:
                told += self._tell_handover(name, section.channel, section.tell_people)
        return told

    def _tell_handover(self, name: str, channel: str, tell_people: bool) -> int:
        now, memory = self._clock.now(), f"oncall:{name}"
        with self._store.read() as tx:
            if tx.records.recall(memory) == _noted(self._present(tx, name, now)):
                return 0
        with self._store.write() as tx:
            known, present = tx.records.recall(memory), self._present(tx, name, now)
            tx.records.remember(memory, _noted(present))
            shifts_now = who(self.schedule(tx, name, now), now)
            begun = max((shift.since for shift in shifts_now), default=now)
            is_first = tx.records.once("handover", f"{name}:{begun.isoformat()}:{_noted(present)}"[:200], now)
            if not known or known == _noted(present) or not is_first:
                return 0
            ends = _end_of(shifts_now, now)
            facts = {"schedule": name, "before": known.rstrip(";"), "people": ",".join(present), "at": now.isoformat()}
            facts["until"] = ends.isoformat() if ends else ""
            targets = [channel] if channel else []
            targets += [key.rpartition("/")[2] for key in present if tell_people and "/" in key]
            for target in targets:
                key = f"handover:{name}:{int(begun.timestamp())}:{int(now.timestamp())}:{target}"
                tx.outbox.put(Notice(key[:200], "handover", target, facts), now)
            return len(targets)

    def _present(self, tx: Transaction, name: str, at: datetime) -> list[str]:
        return sorted(map(self.key_of, self.people(tx, name, at)))

    # -- helpers

    def _line(self, tx: Transaction, name: str, now: datetime) -> OncallLine:
        schedule = self.schedule(tx, name, now)
        present = who(schedule, now)
        copy = tx.calls.copy(CALENDAR, name)
        section = self._settings.oncall[name]
        minutes = timedelta(minutes=section.calendar_minutes)
        by_address = section.calendar is not None and is_address(section.calendar.get_secret_value())
        fetched_at = copy.fetched_at if copy else None
        is_old = by_address and (fetched_at is None or now - fetched_at > _STALE_AFTER * minutes)
        return OncallLine(
            name=name,
            zone=schedule.zone.key,
            now=tuple(self._shown(shift) for shift in present),
            until=_end_of(present, now),
            next=tuple(self._shown(shift) for shift in following(schedule, now)),
            overrides=tuple(
                replace(one, person=self.key_of(one.person)) for one in schedule.overrides if one.until > now and one.id
            ),
            calendar_at=fetched_at if by_address else None,
            calendar_problem=(copy.problem if copy else "not_read_yet") if is_old or (copy and copy.problem) else "",
        )

    def _shown(self, shift: Shift) -> Shift:
        return replace(shift, person=self.key_of(shift.person))

    def _named(self, name: str) -> tuple[str, ...]:
        """The schedule called so, or those that are asked first about the service called so."""
        if name in self._settings.oncall:
            return (name,)
        policies = [p for p in self._settings.escalation.values() if name in p.services]
        found = dict.fromkeys(step.schedule for policy in policies for step in policy.steps if step.schedule)
        if not found:
            raise NotFound("schedule", name, known=self.names)
        return tuple(found)

    def _must_be_allowed(self, by: Person) -> None:
        decision = self._policy.may_act_on_incidents(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)


def _end_of(present: Sequence[Shift], now: datetime) -> datetime | None:
    """When the first of them ends; None when that is further than is looked."""
    ends = min((shift.until for shift in present), default=None)
    return ends if ends is not None and ends < now + LOOK else None


def _noted(people: Sequence[str]) -> str:
    """Nobody is something else than nothing known."""
    return ",".join(people) + ";"


def handover_of(facts: Mapping[str, Any]) -> HandoverPage:
    """What `tell_handovers` wrote down."""
    until = datetime.fromisoformat(facts["until"]) if facts["until"] else None
    people, before = (tuple(filter(None, str(facts[name]).split(","))) for name in ("people", "before"))
    return HandoverPage(str(facts["schedule"]), people, before, until, datetime.fromisoformat(facts["at"]))


def people_named(settings: Settings) -> Mapping[str, list[str]]:
    """Slack user ids that the settings have on call or ask by name → where."""
    found: dict[str, list[str]] = {}
    for name, section in settings.oncall.items():
        rotating = [person for rotation in section.rotations for person in rotation.people]
        for person in (*rotating, *section.people.values(), *(o.person for o in section.overrides)):
            found.setdefault(person, []).append(f"oncall.{name}")
    for name, policy in settings.escalation.items():
        for step in policy.steps:
            if step.person:
                found.setdefault(step.person, []).append(f"escalation.{name}")
    return {person: list(dict.fromkeys(places)) for person, places in found.items()}
