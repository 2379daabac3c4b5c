"""Takes the pictures of docs/incidents.md and docs/digest.md: an incident in each state, forms, digest, review.

    make pictures

A stage as the tests have it (the real engine, Slack's side and the local workspace) goes through an incident's life,
and headless Chromium looks at each step, at a desk and on a phone.
"""

import asyncio
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from bot.changes.model import Change, ChangeKind  # noqa: E402
from bot.digests.rhythm import Rhythm  # noqa: E402
from bot.engine.ports import Notice  # noqa: E402
from bot.people import Known  # noqa: E402
from bot.signals.model import Signal, SignalKind  # noqa: E402
from bot.signals.severity import Severity  # noqa: E402
from bot.silences.model import Matcher  # noqa: E402
from bot.slack.render import Renderer  # noqa: E402
from docs.pictures import CHROMIUM, _chromium  # noqa: E402
from tests.handlers.test_oncall import DutyStage  # noqa: E402
from tests.slack.stage import Stage  # noqa: E402
from tests.templates import pages  # noqa: E402

WIDE, PHONE = {"width": 1180, "height": 900}, {"width": 390, "height": 844}
COLOURS = 64
BYTES_MAX = 150_000


async def main(folder: Path) -> None:
    async with Stage() as stage, async_playwright() as playwright:
        stage.deliver()
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM)
        await _incident(stage, browser, folder)
        await _forms_and_home(stage, browser, folder)
        await _digests(stage, browser, folder)
        await _documents(stage, browser, folder)
        await browser.close()
    async with DutyStage() as stage, async_playwright() as playwright:
        stage.deliver()
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM)
        await _called(stage, browser, folder)
        await browser.close()


async def _incident(stage: Stage, browser: Browser, folder: Path) -> None:
    ana, ben = stage.person("ana"), stage.person("ben")
    incidents = stage.engine.incidents
    for person, name in ((ana, "Ana García"), (ben, "Ben Okafor")):
        stage.engine.people.note(Known(person.key, name))
    _breaks(stage)
    page = await _looks(stage, browser, WIDE)
    steps = {
        "open": lambda: None,
        "acknowledged": lambda: incidents.acknowledge(1, ana),
        "confirmed": lambda: incidents.judge(1, "1", "confirmed", ana),
        "silenced": lambda: stage.engine.silences.silence(
            ben, [Matcher("service", "checkout")], timedelta(hours=2), "we know, the rollback is under way", 1
        ),
        "resolved": lambda: incidents.resolve(1, ana, "rolled back by hand"),
        "reopened": lambda: incidents.reopen(1, ben),
    }
    for name, step in steps.items():
        step()
        await _settled(stage, page)
        await _save(_card(page, "checkout"), folder / f"incident-{name}.png")
        if name == "acknowledged":
            await _led(stage, page, folder)
    other = stage.declare("The checkout page hangs", "web")
    await _settled(stage, page)
    incidents.merge(other.id, 1, ana)
    await _settled(stage, page)
    await _save(_card(page, "INC-2"), folder / "incident-merged.png")
    phone = await _looks(stage, browser, PHONE)
    await _save(phone, folder / "incident-phone.png")


async def _led(stage: Stage, page: Page, folder: Path) -> None:
    """What whoever leads does: an update with a promise, roles, tasks."""
    ana, ben, dialog = stage.person("ana"), stage.person("ben"), page.get_by_role("dialog").last
    await _card(page, "checkout").get_by_role("button", name="Update").click()
    await dialog.wait_for()
    await _save(dialog, folder / "form-update.png")
    await dialog.get_by_role("button", name="Cancel").click()
    await _card(page, "checkout").get_by_role("button", name="More").first.click()
    await page.get_by_role("menuitem", name="Who does what").click()
    await dialog.wait_for()
    await page.wait_for_timeout(300)
    await _save(dialog, folder / "form-roles.png")
    await dialog.get_by_role("button", name="Cancel").click()
    said = "Only cards in yen fail. The rollback is planned."
    stage.engine.updates.post(1, said, ana, next_in=timedelta(minutes=30))
    stage.engine.roles.give(1, ben, ana, "scribe")
    stage.engine.tasks.add(1, "Tell the support desk", ana, owner=ben)
    stage.engine.tasks.add(1, "Test every currency before a deploy", ana, is_follow_up=True)
    await _settled(stage, page)
    await page.locator(".thread-summary").first.click()
    await page.wait_for_timeout(1500)
    await _save(page, folder / "incident-thread.png")


async def _forms_and_home(stage: Stage, browser: Browser, folder: Path) -> None:
    page = await _looks(stage, browser, WIDE)
    typing = stage.people.as_("ana").in_("#incidents")
    await typing.types("/incident")
    dialog = page.get_by_role("dialog").last
    await dialog.wait_for()
    await page.wait_for_timeout(500)
    await _save(dialog, folder / "form-declare.png")
    await dialog.get_by_role("button", name="Cancel").click()
    card = _card(page, "checkout")
    for entry, name in (("Silence", "silence"), ("update", "update"), ("How bad", "grade"), ("Merge", "arrange")):
        await card.get_by_role("button", name="More").first.click()
        options = page.get_by_role("menuitem", name=entry)
        if not await options.count():
            await page.keyboard.press("Escape")
            continue
        await options.first.click()
        await dialog.wait_for()
        await page.wait_for_timeout(500)
        await _save(dialog, folder / f"form-{name}.png")
        await dialog.get_by_role("button", name="Cancel").click()
        await page.wait_for_timeout(300)
    stage.engine.subscriptions.subscribe(stage.person("ana"), stage.person("ana").user, Rhythm(pages.time(8, 30), ""))
    for viewport, name in ((WIDE, "home"), (PHONE, "home-phone")):
        home = await _looks(stage, browser, viewport)
        if viewport is PHONE:
            await home.get_by_role("button", name="Channels").first.click()
        await home.get_by_role("button", name="Tocsin connected").click()
        await home.wait_for_timeout(1500)
        await _save(home, folder / f"{name}.png")


async def _digests(stage: Stage, browser: Browser, folder: Path) -> None:
    now = stage.engine.clock.now()
    bad = {"date": now.date().isoformat(), "since": (now - timedelta(days=1)).isoformat(), "until": now.isoformat()}
    past = {**bad, "since": (now - timedelta(days=9)).isoformat(), "until": (now - timedelta(days=8)).isoformat()}
    channel = stage.workspace.channels["general"]
    await stage.side.client.conversations_join(channel=channel)
    stage.put(Notice("digest:quiet", "digest", channel, {**past, "services": ["mail"]}))
    stage.put(Notice("digest:bad", "digest", channel, bad))
    for part in stage.engine.digests.page_of(bad).details:
        stage.put(Notice(f"digest:bad:{part}", part, channel, bad, thread_of="digest:bad"))
    for viewport, ending in ((WIDE, ""), (PHONE, "-phone")):
        page = await _looks(stage, browser, viewport, "general")
        await page.locator(".message", has_text="Do now").first.wait_for(timeout=30_000)
        await page.locator(".thread-summary").first.wait_for(timeout=30_000)
        await page.wait_for_timeout(4000)
        await _save(page.locator(".message", has_text="Do now").first, folder / f"digest{ending}.png")
        if not ending:
            await page.locator(".thread-summary").first.click()
            await page.wait_for_timeout(1500)
            await _save(page, folder / "digest-thread.png")


async def _documents(stage: Stage, browser: Browser, folder: Path) -> None:
    """The web page and the review, as a browser shows them."""
    shown, review = stage.engine.browsing.incident(1), stage.engine.reading.review(1)
    renderer = Renderer()
    drawn = {
        "web-incident": renderer.render_page("incident", shown, shown.names),
        "web-review": renderer.render_page("review", review, review.names),
    }
    for name, html in drawn.items():
        for viewport, ending in ((WIDE, ""), (PHONE, "-phone")):
            page = await browser.new_page(viewport=viewport, device_scale_factor=1)
            await page.set_content(html)
            await _save(page, folder / f"{name}{ending}.png", full=True)
            await page.close()


async def _called(stage: DutyStage, browser: Browser, folder: Path) -> None:
    """Whoever is on call is asked in direct messages; `/oncall` says who that is."""
    stage.declare()
    await stage.look()
    await stage.people.as_("ben").in_("@tocsin").message("Nobody is on it yet").expects("you are on call")
    for viewport, ending in ((WIDE, ""), (PHONE, "-phone")):
        page = await _looks(stage, browser, viewport, user="ben")
        if viewport is PHONE:
            await page.get_by_role("button", name="Channels").first.click()
        await page.get_by_role("button", name="Tocsin").first.click()
        await page.wait_for_timeout(1500)
        await _save(page, folder / f"oncall-page{ending}.png")
    page = await _looks(stage, browser, WIDE)
    await stage.people.as_("ana").in_("#incidents").types("/oncall")
    await page.wait_for_timeout(1500)
    await _save(page, folder / "oncall.png")


def _breaks(stage: Stage) -> None:
    """A bad deploy, a new log line since, and a service that suffers from it."""
    now = stage.engine.clock.now()
    version = Change("1", ChangeKind.DEPLOY, "checkout", now - timedelta(minutes=2), "1.4.2", "1.4.1", by="eve")
    stage.engine.changes.report(version)
    signals: Sequence[Signal] = (pages.signal(), pages.knock_on())
    for signal in signals:
        series = tuple([3] * 40 + [90, 120]) if signal.kind is SignalKind.NEW_TEMPLATE else ()
        seen = replace(signal.evidence, series=series)
        began_at = now - timedelta(minutes=1)
        moved = replace(signal, began_at=began_at, at=now, evidence=seen, severity=Severity.CRITICAL)
        stage.engine.signals.report([moved])


async def _looks(
    stage: Stage, browser: Browser, viewport: dict[str, int], channel: str = "incidents", user: str = "ana"
) -> Page:
    page = await browser.new_page(viewport=viewport, device_scale_factor=1)  # type: ignore[arg-type]
    facts = stage.workspace
    await page.goto(f"{facts.page_url}?user={facts.users[user]}&channel={facts.channels[channel]}")
    await page.wait_for_selector("[data-ready]")
    await page.wait_for_timeout(800)
    return page


async def _settled(stage: Stage, page: Page) -> None:
    """Until everything is told and drawn."""
    for _ in range(60):
        if not stage.waiting():
            break
        await asyncio.sleep(0.25)
    await page.mouse.move(5, 5)  # nothing is pointed at
    await page.wait_for_timeout(700)


def _card(page: Page, text: str) -> Locator:
    return page.locator(".message", has_text=text).first


async def _save(what: Page | Locator, path: Path, *, full: bool = False) -> None:
    """As a PNG with few colours, small enough for a repository."""
    taken = await what.screenshot(full_page=True) if full and isinstance(what, Page) else await what.screenshot()
    picture = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    if path.stat().st_size > BYTES_MAX:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE))
