"""How does the outbox reach Slack, each notice once, in order, and the latest state always?

Before Slack is called the notice is marked `sending`; after it, where it stands is stored. What was `sending` when the
process ended is *unsure*: its key is looked for in the channel before it is said again. One message a second a channel;
a channel that must wait does not hold up the others. One courier runs at a time.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine.digest_pages import HealthPage
from bot.engine.pages import PlotPage, ReviewPage
from bot.engine.ports import DueNotice, Notice, Posted
from bot.engine.whole import Engine
from bot.errors import Moot, NotFound
from bot.slack.channels import Channels
from bot.slack.health_plot import plot_of_health
from bot.slack.plots import plot_of
from bot.slack.refusals import CALL_ERRORS, Follow, Refusal, refusal_of
from bot.slack.render import Message, Renderer
from bot.slack.wire import Wire

log = logging.getLogger(__name__)

PACE = timedelta(seconds=1)
POLL_S = 0.5
BATCH = 50
BACK_OFF_MAX = timedelta(seconds=60)
MEND_EVERY = timedelta(seconds=60)
"""With a token that does not work, or a scope that is missing, nothing is lost: it is tried again so often."""

ROOT_AWAITED = timedelta(seconds=2)
LOST_ROOT_AWAITED = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one pass did. `failed` could not be told now; `given_up` never will be as they are."""

    posted: int = 0
    updated: int = 0
    unchanged: int = 0
    waiting: int = 0
    failed: int = 0
    given_up: int = 0

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def any(self) -> bool:
        return self != Delivered()


class Courier:
    def __init__(
        self, engine: Engine, client: AsyncWebClient, renderer: Renderer | None = None, *, pace: timedelta = PACE
    ) -> None:
        self._engine, self._store, self._clock = engine, engine.store, engine.clock
        self._renderer = renderer or Renderer()
        self._wire, self._channels = Wire(client), Channels(client, engine.clock)
        self._pace = pace
        self._free_at: dict[str, datetime] = {}
        self._lost: set[str] = set()
        self._joined: set[str] = set()
        self._nudged = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.errors = 0

    # -- the loop

    async def run(self) -> None:
        """Delivers for ever; wakes when nudged, and twice a second."""
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                await self.deliver_due()
            except Exception:
                self.errors += 1
                log.exception("the courier could not look into the outbox; it tries again")
                await asyncio.sleep(POLL_S)
            await self._wait()

    def nudge(self) -> None:
        """There is something to tell. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._nudged.set)

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._nudged.wait(), POLL_S)
        except TimeoutError:
            pass
        self._nudged.clear()

    # -- one pass

    async def deliver_due(self) -> Delivered:
        """Tells what is due, at most one message a channel; what must wait is put off to its turn."""
        now = self._clock.now()
        due = await asyncio.to_thread(self._due, now)
        channels: dict[str, list[DueNotice]] = {}
        for notice in due:
            channels.setdefault(notice.notice.channel, []).append(notice)
        passes = await asyncio.gather(*(self._deliver_to(name, group) for name, group in channels.items()))
        return sum(passes, Delivered())

    def _due(self, now: datetime) -> list[DueNotice]:
        with self._store.read() as tx:
            return tx.outbox.due(now, BATCH)

    async def _deliver_to(self, channel: str, group: Sequence[DueNotice]) -> Delivered:
        """Cards before what stands under them; each that finds the channel busy gets a turn of its own."""
        done, turns = Delivered(), 0
        for due in sorted(group, key=lambda d: bool(d.notice.thread_of)):
            now = self._clock.now()
            free_at = self._free_at.get(channel, now)
            if free_at > now:
                await self._later(due, free_at + turns * self._pace, "", unsure=due.unsure)
                turns += 1
                done += Delivered(waiting=1)
            else:
                done += await self._deliver(due)
        return done

    async def _deliver(self, due: DueNotice) -> Delivered:
        try:
            return await self._tell(due)
        except CALL_ERRORS as error:
            return await self._refused(due, refusal_of(error))
        except Moot as error:
            log.info("%s is not told: %s", due.notice.key, error)
            await asyncio.to_thread(self._give_up, due, str(error))
            return Delivered(unchanged=1)
        except NotFound as error:
            log.error("%s is not told: %s", due.notice.key, error)
            await asyncio.to_thread(self._give_up, due, str(error))
            return Delivered(given_up=1)
        except Exception as error:
            self.errors += 1
            log.exception("%s could not be told; it is tried again", due.notice.key)
            await self._later(due, self._back_off(due), repr(error), unsure=True)
            return Delivered(failed=1)

    async def _tell(self, due: DueNotice) -> Delivered:
        notice = due.notice
        message = await self._word(notice)
        posted, root = await asyncio.to_thread(self._where, notice)
        if posted is not None and (not notice.card or posted.digest == message.digest):
            await self._sent(due, posted)
            return Delivered(unchanged=1)
        if notice.thread_of and root is None:
            awaited = LOST_ROOT_AWAITED if notice.thread_of in self._lost else ROOT_AWAITED
            await self._later(due, self._clock.now() + awaited, "", unsure=due.unsure)
            return Delivered(waiting=1)
        channel = root.channel if root else await self._channels.id_of(notice.channel)
        if not channel:
            return await self._refused(due, Refusal(Follow.GIVE_UP, "channel_not_found"))
        if posted is None and due.unsure:
            posted = await self._find(notice, channel, root.ts if root else "")
            if posted is not None and not notice.card:
                await self._sent(due, posted)
                return Delivered(posted=1)
        return await self._say(due, message, posted, channel, root.ts if root else "")

    async def _say(
        self, due: DueNotice, message: Message, posted: Posted | None, channel: str, thread_ts: str
    ) -> Delivered:
        await asyncio.to_thread(self._sending, due)
        self._free_at[due.notice.channel] = self._clock.now() + self._pace
        try:
            said = await self._put(due.notice.key, message, posted, channel, thread_ts)
        except CALL_ERRORS as error:
            refusal = refusal_of(error)
            match refusal.follow:
                case Follow.DRAW_LESS if message.blocks:
                    log.error("Slack refused the blocks of %s, told without: %s", due.notice.key, refusal.details)
                    return await self._say(due, Message(message.text), posted, channel, thread_ts)
                case Follow.MEND_ACCESS if message.attached and refusal.error == "missing_scope":
                    log.error("no file beside %s: the app lacks the scope %s", due.notice.key, refusal.needed)
                    return await self._say(due, replace(message, attached=b""), posted, channel, thread_ts)
                case Follow.JOIN if channel not in self._joined:
                    self._joined.add(channel)
                    if await self._channels.join(channel):
                        return await self._say(due, message, posted, channel, thread_ts)
                case Follow.GONE if posted is not None and await asyncio.to_thread(self._may_repost, due.notice.key):
                    return await self._say(due, message, None, channel, thread_ts)
            return await self._refused(due, refusal, may_be_there=posted is None and refusal.may_have_happened)
        await self._sent(due, said)
        self._lost.discard(due.notice.key)
        return Delivered(posted=1) if posted is None else Delivered(updated=1)

    async def _put(self, key: str, message: Message, posted: Posted | None, channel: str, thread_ts: str) -> Posted:
        if posted is not None:
            return await self._wire.update(posted, message)
        return await self._wire.post(key, channel, thread_ts, message)

    async def _find(self, notice: Notice, channel: str, thread_ts: str) -> Posted | None:
        """Without the right to read the channel it is rather said twice than never."""
        try:
            return await self._wire.find(notice.key, channel, thread_ts)
        except CALL_ERRORS as error:
            refusal = refusal_of(error)
            if refusal.follow is not Follow.MEND_ACCESS:
                raise
            log.warning("cannot look for %s in %s: %s %s", notice.key, channel, refusal.error, refusal.needed)
            return None

    # -- words

    async def _word(self, notice: Notice) -> Message:
        try:
            page = await asyncio.to_thread(self._engine.reading.page, notice)
            return await asyncio.to_thread(self._drawn, notice.template, page)
        except (NotFound, Moot):
            raise
        except Exception:
            self.errors += 1
            log.exception("the template %s could not word %s", notice.template, notice.key)
            return self._renderer.render("replies/undelivered", notice)

    def _drawn(self, template: str, page: object) -> Message:
        message = self._renderer.render(template, page)
        if isinstance(page, PlotPage):
            return replace(message, attached=plot_of(page.signal, page.window_s, self._renderer.plot_words()))
        if isinstance(page, HealthPage):
            return replace(message, attached=plot_of_health(page.health, self._renderer.plot_words()))
        if isinstance(page, ReviewPage) and template == "review_html":
            drawn = self._renderer.render_page("review", page, page.names)
            return replace(message, attached=drawn.encode(), ending=".html")
        if isinstance(page, ReviewPage):
            drawn = self._renderer.render_markdown("review", page, page.names)
            return replace(message, attached=drawn.encode(), ending=".md")
        return message

    # -- when it does not work

    async def _refused(self, due: DueNotice, refusal: Refusal, *, may_be_there: bool | None = None) -> Delivered:
        unsure = due.unsure if may_be_there is None else may_be_there
        now, key = self._clock.now(), due.notice.key
        match refusal.follow:
            case Follow.WAIT:
                until = now + refusal.after
                self._free_at[due.notice.channel] = until
                log.warning("Slack asks to wait %s s before the next message to %s", refusal.after, due.notice.channel)
                await self._later(due, until, refusal.error, unsure=unsure)
            case Follow.TRY_AGAIN:
                log.warning("%s is tried again: %s %s", key, refusal.error, refusal.details)
                await self._later(due, self._back_off(due), refusal.error, unsure=unsure)
            case Follow.MEND_ACCESS:
                log.error("%s", self._what_to_mend(due.notice, refusal))
                await self._later(due, now + MEND_EVERY, refusal.error, unsure=unsure)
            case _:
                words = self._what_to_mend(due.notice, refusal)
                log.error("%s is not told: %s", key, words)
                self._lost.add(key)
                await asyncio.to_thread(self._give_up, due, words)
                await asyncio.to_thread(self._engine.mending.untold, due.notice, refusal.error)
                if due.notice.facts.get("room"):
                    await asyncio.to_thread(self._engine.rooms.lost, int(due.notice.facts["incident"]), refusal.error)
                if due.notice.template == "digest":
                    await asyncio.to_thread(self._engine.subscriptions.undeliverable, due.notice.channel, refusal.error)
                return Delivered(given_up=1)
        return Delivered(failed=1)

    def _what_to_mend(self, notice: Notice, refusal: Refusal) -> str:
        page = {"channel": notice.channel, "error": refusal.error, "needed": refusal.needed, "details": refusal.details}
        return self._renderer.render_text("text/undeliverable", page)

    def _back_off(self, due: DueNotice) -> datetime:
        wait = min(BACK_OFF_MAX, timedelta(seconds=2 ** min(due.attempts, 6)))
        return self._clock.now() + wait

    # -- the store, in threads

    def _where(self, notice: Notice) -> tuple[Posted | None, Posted | None]:
        with self._store.read() as tx:
            root = tx.outbox.posted(notice.thread_of) if notice.thread_of else None
            return tx.outbox.posted(notice.key), root

    def _sending(self, due: DueNotice) -> None:
        with self._store.write() as tx:
            tx.outbox.sending(due.id)

    async def _sent(self, due: DueNotice, posted: Posted) -> None:
        def store() -> None:
            with self._store.write() as tx:
                tx.outbox.sent(due, posted, self._clock.now())

        await asyncio.to_thread(store)

    async def _later(self, due: DueNotice, at: datetime, error: str, *, unsure: bool) -> None:
        def store() -> None:
            with self._store.write() as tx:
                tx.outbox.later(due.id, at, error, unsure=unsure)

        await asyncio.to_thread(store)

    def _give_up(self, due: DueNotice, words: str) -> None:
        with self._store.write() as tx:
            tx.outbox.give_up(due.id, words)

    def _may_repost(self, key: str) -> bool:
        """Once: whoever deletes the message again does not want it."""
        with self._store.write() as tx:
            may = tx.records.once("slack.reposted", key, self._clock.now())
            if may:
                tx.outbox.forget_posted(key)
            return may
