"""What runs in the shop now, and which bad deploy comes next?

The story is a value that is written down at each step (`Journal`), so that a killed estate goes on where it was. What
should run is not here: that stands in git.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.demo.pace import Pace
from bot.demo.shop import FAULTS, SERVICES, Fault, next_version
from bot.demo.traffic import Spell, fault_named


@dataclass(frozen=True, slots=True)
class Running:
    """A service's version, since when, the one before, and the commit."""

    version: str
    since: datetime
    previous: str
    revision: str


@dataclass(frozen=True, slots=True)
class BadDeploy:
    """A release that is decided and may or may not be committed yet; `change_id` tells."""

    fault: str
    service: str
    version: str
    change_id: str


@dataclass(frozen=True, slots=True)
class Story:
    """`bad` says which "service version" has which fault. `done` counts the bad deploys so far. `reported` is the
    last hour of the shop whose pipeline run was told. `healed_at` is when the last fault went away."""

    id: str
    began: datetime
    running: Mapping[str, Running] = field(default_factory=dict)
    bad: Mapping[str, str] = field(default_factory=dict)
    ran: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decided: BadDeploy | None = None
    done: int = 0
    reported: int = -1
    healed_at: datetime | None = None

    @property
    def spells(self) -> tuple[Spell, ...]:
        """The faults that show now."""
        found = ((self.fault_of(name, running.version), running.since) for name, running in self.running.items())
        return tuple(Spell(fault, since) for fault, since in found if fault)

    def fault_of(self, service: str, version: str) -> Fault | None:
        name = self.bad.get(f"{service} {version}")
        return fault_named(name) if name else None

    def decide(self) -> "Story":
        """With the next bad deploy decided: the next fault, as a version that there never was."""
        if self.decided:
            return self
        fault = FAULTS[self.done % len(FAULTS)]
        version = next_version(self.running[fault.service].version)
        while version in self.ran.get(fault.service, ()) or f"{fault.service} {version}" in self.bad:
            version = next_version(version)
        deploy = BadDeploy(fault.name, fault.service, version, f"I{self.id}{self.done:04d}")
        return replace(self, decided=deploy, bad={**self.bad, f"{fault.service} {version}": fault.name})

    def committed(self) -> "Story":
        return replace(self, decided=None, done=self.done + 1)

    def rolled_out(self, service: str, running: Running) -> "Story":
        ran = tuple(dict.fromkeys((*self.ran.get(service, ()), running.version)))
        after = replace(self, running={**self.running, service: running}, ran={**self.ran, service: ran})
        return replace(after, healed_at=running.since) if self.spells and not after.spells else after

    def has_run(self, service: str, version: str) -> bool:
        return version in self.ran.get(service, ())


class Journal:
    """The story on disk: replaced as a whole, so that a kill leaves the old or the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Story | None:
        if not self._path.exists():
            return None
        raw = json.loads(self._path.read_text())
        decided = raw["decided"]
        return Story(
            id=raw["id"],
            began=datetime.fromisoformat(raw["began"]),
            running={
                name: Running(**{**running, "since": datetime.fromisoformat(running["since"])})
                for name, running in raw["running"].items()
            },
            bad=raw["bad"],
            ran={name: tuple(versions) for name, versions in raw["ran"].items()},
            decided=BadDeploy(**decided) if decided else None,
            done=raw["done"],
            reported=raw["reported"],
            healed_at=datetime.fromisoformat(raw["healed_at"]) if raw["healed_at"] else None,
        )

    def write(self, story: Story) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(story), default=_plain, indent=1))
        draft.replace(self._path)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is not part of a story")


def first_story(id_: str, now: datetime, pace: Pace, revisions: Mapping[str, str]) -> Story:
    """The shop before its first start: all is well, and it has a past in its logs. `revisions` are the commits of the
    versions that run."""
    deployed = [service for service in SERVICES.values() if service.is_deployed]
    running = {}
    for service in deployed:
        (previous, _), (version, minutes_ago) = service.past[-2:]
        since = now - timedelta(seconds=minutes_ago * pace.minute_s)
        running[service.name] = Running(version, since, previous, revisions[service.name])
    ran = {service.name: tuple(version for version, _ in service.past) for service in deployed}
    return Story(id=id_, began=now - pace.past, running=running, ran=ran)
