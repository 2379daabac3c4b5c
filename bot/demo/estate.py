"""How does the demo shop live? As one component that deploys what git says, logs, and is deployed badly now and then.

    estate = Estate(home, url, clock)      # url: where Tocsin takes lines and changes
    await estate.start(); …; await estate.stop()

At its first start it sends two hours of its past, so that Tocsin knows at once what is usual. After
`bad_deploy_after_s` somebody releases a bad version. When git has another one again the errors stop within seconds, and
after `next_bad_deploy_after_s` comes the next of three faults. Everything is on disk: killed at any moment, it goes on.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from bot.clock import Clock
from bot.demo.delivery import TIMEOUT_S, Sender, put_change, put_lines
from bot.demo.deployments import Deployments, Release
from bot.demo.pace import Pace
from bot.demo.reports import deployed, model_version, pipeline_run
from bot.demo.shop import SERVICES
from bot.demo.spool import Spool, read_note
from bot.demo.story import Journal, Running, Story, first_story
from bot.demo.traffic import Line, Traffic
from bot.errors import ConnectorError

WAITING_MAX = 120
"""With so many batches undelivered a service's further lines wait to be written: they are made from their time, so
nothing is lost by making them later."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the estate is. `taken` are lines answered 2xx, by service; `waiting` batches are not answered yet."""

    versions: dict[str, str]
    faults: tuple[str, ...]
    taken: dict[str, int]
    refused: int
    waiting: int
    changes: int


class Estate:
    """The shop. `tell` hears in a sentence what happens to it. `token` is for Tocsin's HTTP side, when it wants one."""

    def __init__(
        self,
        home: Path,
        url: str,
        clock: Clock,
        *,
        pace: Pace,
        token: str = "",
        seed: int = 1,
        bad_deploys_max: int | None = None,
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.pace, self.home = pace, home
        self.deployments = Deployments(home / "shop.git")
        self._clock, self._tell, self._seed = clock, tell, seed
        self._bad_deploys_max = bad_deploys_max
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False)
        self._journal = Journal(home / "story.json")
        self._spools = {name: Spool(home / "spool" / name) for name in (*SERVICES, "changes")}
        self._news = {name: asyncio.Event() for name in self._spools}
        self._extra: dict[str, list[Line]] = {name: [] for name in SERVICES}
        self._rollouts: dict[str, tuple[Release, datetime]] = {}
        self._seen = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._story: Story
        self._traffic: Traffic
        self._bad_deploy_at: datetime | None = None
        self._caught_up = asyncio.Event()
        self.failures = 0
        """How much went wrong in the shop's own machinery."""

    async def start(self) -> None:
        """Makes what is missing and starts to live. Raises `ConnectorError` when there is no git."""
        now = self._clock.now()
        self.home.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self.deployments.ensure, now, self.pace.minute_s)
        story = self._journal.read()
        if story is None:
            story = await asyncio.to_thread(self._begin, now)
        self._story = story
        self._traffic = Traffic(self.pace.minute_s, self._seed, story.began)
        for service, running in story.running.items():
            if running.since > (self._spools[service].until or story.began):
                self._extra[service] += self._rollout_lines(service, running)
        self._bad_deploy_at = self._next_after(now, self.pace.bad_deploy_after_s)
        self._start(self._live())
        for name in self._spools:
            self._start(self._sender(name).run(self._client, self._tell))

    async def stop(self) -> None:
        """Ends at once; what is undelivered stays on disk."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def due_in_s(self) -> float:
        """How long until the next bad deploy; 0 when it is out or none is due."""
        if self._bad_deploy_at is None or not self._has_more():
            return 0.0
        return max(0.0, (self._bad_deploy_at - self._clock.now()).total_seconds())

    async def caught_up(self) -> None:
        """Returns when everything from before the start is delivered."""
        await self._caught_up.wait()

    @property
    def is_well(self) -> bool:
        """No fault shows, and no roll-out is under way."""
        return not self._story.spells and not self._rollouts

    @property
    def vitals(self) -> Vitals:
        notes = {name: self._spools[name].note for name in SERVICES}
        return Vitals(
            versions={name: running.version for name, running in self._story.running.items()},
            faults=tuple(spell.fault.name for spell in self._story.spells),
            taken={name: note.lines for name, note in notes.items()},
            refused=sum(spool.note.refused for spool in self._spools.values()),
            waiting=sum(len(spool.waiting) for spool in self._spools.values()),
            changes=self._spools["changes"].note.lines,
        )

    def _begin(self, now: datetime) -> Story:
        """The story's first page, with the releases, pipeline runs and the model from before it told."""
        head = self.deployments.head()
        deployed_ones = (service for service in SERVICES.values() if service.is_deployed)
        releases = [release for service in deployed_ones if (release := self.deployments.latest(service, head))]
        revisions = {release.service: release.revision for release in releases}
        story = first_story(secrets.token_hex(4), now, self.pace, revisions)
        reports = [(story.began, model_version(story.began))]
        reports += [(at, pipeline_run(at)) for at in _hours(story.began, now, self.pace.hour_s)]
        for release in releases:
            running = story.running[release.service]
            report = deployed(release, running.previous, SERVICES[release.service], is_back=False)
            reports.append((running.since, report))
        for at, report in sorted(reports, key=lambda pair: pair[0]):
            put_change(self._spools["changes"], report, at)
        self._journal.write(story)
        return story

    def _rollout_lines(self, service: str, running: Running) -> list[Line]:
        return self._traffic.rollout(service, running.version, running.previous, running.revision, running.since)

    def _start(self, life: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(life)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self.failures += 1
            self._tell(f"A part of the shop has stopped for good: {error!r}")

    def _sender(self, name: str) -> Sender:
        path = "/v1/changes" if name == "changes" else f"/v1/ingest/{name}"
        return Sender(self._spools[name], path, f"demo-{self._story.id}-{name}", self._news[name])

    async def _live(self) -> None:
        while True:
            try:
                await self._turn()
            except (ConnectorError, OSError) as error:
                self.failures += 1
                self._tell(f"The shop stumbles and goes on: {error}")
            await asyncio.sleep(self.pace.tick_s)

    async def _turn(self) -> None:
        """One tick: see what git says, bring it out, log, and perhaps release something bad."""
        now = self._clock.now()
        await self._follow_git(now)
        for service, (release, ready_at) in list(self._rollouts.items()):
            if now >= ready_at:
                await self._bring_out(service, release, ready_at)
        self._report_hour(now)
        for service in SERVICES:
            await self._log(service, now)
        self._schedule(now)
        is_due = self._bad_deploy_at is not None and now >= self._bad_deploy_at and self._caught_up.is_set()
        if is_due and self._has_more():
            await asyncio.to_thread(self._release_something_bad, now)

    async def _follow_git(self, now: datetime) -> None:
        """Starts a roll-out of every version that git has and the shop does not, and tells Tocsin of it."""
        for release in await asyncio.to_thread(self._news_in_git):
            running = self._story.running[release.service]
            is_back = self._story.has_run(release.service, release.version)
            report = deployed(release, running.version, SERVICES[release.service], is_back=is_back)
            put_change(self._spools["changes"], report, now)
            self._news["changes"].set()
            self._rollouts[release.service] = (release, now + self.pace.rollout)
            commit = f"{release.subject!r} by {release.by}"
            self._tell(f"git has {release.service} {release.version} ({commit}); the shop brings it out")

    def _news_in_git(self) -> list[Release]:
        head = self.deployments.head()
        if head == self._seen:
            return []
        found = []
        for service, version in self.deployments.versions(head).items():
            release = self.deployments.latest(SERVICES[service], head)
            pending = self._rollouts.get(service)
            if version == self._story.running[service].version:
                self._rollouts.pop(service, None)
            elif release and not (pending and pending[0].revision == release.revision):
                found.append(release)
        self._seen = head
        return found

    async def _bring_out(self, service: str, release: Release, at: datetime) -> None:
        await self._log(service, at)
        previous = self._story.running[service].version
        running = Running(release.version, at, previous, release.revision)
        self._extra[service] += self._rollout_lines(service, running)
        self._write(self._story.rolled_out(service, running))
        del self._rollouts[service]
        self._tell(f"{service} {release.version} runs now; it was {previous}")

    async def _log(self, service: str, until: datetime) -> None:
        """Writes what `service` logged since it last did."""
        spool = self._spools[service]
        since = spool.until or self._story.began
        if until - since > 1.25 * self.pace.past:
            since = until - self.pace.past
        if since >= until or len(spool.waiting) >= WAITING_MAX:
            return
        spells = self._story.spells
        lines = await asyncio.to_thread(self._traffic.between, service, since, until, spells)
        extra = [line for line in self._extra[service] if line.at <= until]
        self._extra[service] = [line for line in self._extra[service] if line.at > until]
        put_lines(spool, sorted(lines + extra, key=lambda line: line.at), until)
        self._news[service].set()

    def _schedule(self, now: datetime) -> None:
        """Notes when the past is delivered, and when the next bad deploy comes."""
        late = now - timedelta(seconds=3 * self.pace.tick_s)
        if all(spool.note.until and not _is_behind(spool, late) for spool in self._spools.values()):
            self._caught_up.set()
        if not self.is_well:
            self._bad_deploy_at = None
        elif self._bad_deploy_at is None:
            self._bad_deploy_at = self._next_after(now, self.pace.next_bad_deploy_after_s)

    def _has_more(self) -> bool:
        return self._bad_deploys_max is None or self._story.done < self._bad_deploys_max

    def _next_after(self, now: datetime, delay_s: float) -> datetime:
        due = now + timedelta(seconds=delay_s)
        healed_at = self._story.healed_at
        return max(due, healed_at + self.pace.calm) if healed_at else due

    def _release_something_bad(self, now: datetime) -> None:
        self._write(self._story.decide())
        deploy = self._story.decided
        assert deploy is not None
        fault = self._story.fault_of(deploy.service, deploy.version)
        assert fault is not None
        subject = fault.subject.format(version=deploy.version)
        self.deployments.release(SERVICES[deploy.service], deploy.version, fault.by, subject, deploy.change_id, now)
        self._write(self._story.committed())
        self._bad_deploy_at = None
        self._tell(f"{fault.by} releases {deploy.service} {deploy.version}. It has a fault nobody knows of yet")

    def _report_hour(self, now: datetime) -> None:
        """The pipeline's run of each hour."""
        hour = int(now.timestamp() // self.pace.hour_s)
        if self._story.reported < 0:
            self._write(replace(self._story, reported=hour))
        if hour > self._story.reported:
            put_change(self._spools["changes"], pipeline_run(now), now)
            self._news["changes"].set()
            self._write(replace(self._story, reported=hour))

    def _write(self, story: Story) -> None:
        self._journal.write(story)
        self._story = story


def _is_behind(spool: Spool, late: datetime) -> bool:
    return bool(spool.waiting) and spool.waiting[0].until < late


def _hours(since: datetime, until: datetime, hour_s: float) -> list[datetime]:
    """The shop's full hours in between."""
    numbers = range(int(since.timestamp() // hour_s) + 1, int(until.timestamp() // hour_s) + 1)
    return [datetime.fromtimestamp(number * hour_s, UTC) for number in numbers]


def taken_lines(home: Path) -> dict[str, int]:
    """How many lines of each service were answered 2xx, from the journal under `home`."""
    return {name: read_note(home / "spool" / name).lines for name in SERVICES}
