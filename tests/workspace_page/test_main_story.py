"""Do two people get a broken service well again on the page, with Tocsin itself? By mouse, and by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.workspace_page.conftest import Opener
from tests.workspace_page.tocsin import BAD, GOOD, TocsinWorld

NOTICED_WITHIN_MS = 20_000
RECOVERED_WITHIN_MS = 30_000
TABS_MAX = 60


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TocsinWorld]:
    made = TocsinWorld(tmp_path)
    yield made
    made.end()


class Hands(Protocol):
    def press(self, what: Locator) -> None: ...

    def choose(self, item: Locator) -> None:
        """From the menu that is open."""


class Mouse:
    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, what: Locator) -> None:
        what.click()

    def choose(self, item: Locator) -> None:
        item.click()


class Keyboard:
    """Only Tab, arrows and Enter."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, what: Locator) -> None:
        expect(what).to_be_visible()
        self._reach(what, "Shift+Tab" if what.evaluate(IS_BEFORE_FOCUS) else "Tab")

    def choose(self, item: Locator) -> None:
        expect(item).to_be_visible()
        self._reach(item, "ArrowDown")

    def _reach(self, what: Locator, key: str) -> None:
        for _ in range(TABS_MAX):
            if what.evaluate("node => node === document.activeElement"):
                self._page.keyboard.press("Enter")
                return
            self._page.keyboard.press(key)
        raise AssertionError(f"{key} does not lead to {what}")


IS_BEFORE_FOCUS = (
    """node => !!(document.activeElement.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING)"""
)


@pytest.mark.parametrize("hands_of", [Mouse, Keyboard])
def test_a_bad_deploy_is_seen_rolled_back_by_two_and_has_recovered(
    world: TocsinWorld, open_page: Opener, hands_of: type[Mouse] | type[Keyboard]
) -> None:
    page = open_page(world.page("ana"))
    hands: Hands = hands_of(page)
    world.deploy_badly()
    card = page.locator(".conversation .message:not(.ephemeral)", has_text="INC-1")
    expect(card).to_contain_text("checkout: a new log line", timeout=NOTICED_WITHIN_MS)
    expect(card).to_contain_text("cannot convert total to currency=JPY")
    expect(card).to_contain_text(f"First suspect: checkout {BAD} deployed")
    expect(card).to_contain_text("nobody has acknowledged it yet")

    hands.press(card.get_by_role("button", name="Acknowledge"))
    expect(card).to_contain_text("@Ana is on it")
    hands.press(card.get_by_role("button", name="Roll back checkout"))
    expect(card).to_contain_text("waits for another person’s yes")
    hands.press(card.get_by_role("button", name="replies"))
    thread = page.get_by_role("complementary", name="Thread")
    plan = thread.locator(".message").filter(has=page.get_by_role("button", name="Approve"))
    expect(plan).to_contain_text(f"{BAD} → {GOOD}")
    expect(plan).to_contain_text(f'-  tag: "{BAD}"')

    hands.press(plan.get_by_role("button", name="Approve"))
    expect(page.locator(".message.ephemeral").last).to_contain_text("You asked for this yourself, so another")
    assert world.deployments.version("checkout") == BAD

    hands.press(page.get_by_role("button", name="You are Ana"))
    hands.choose(page.get_by_role("menuitemradio", name="Ben"))
    expect(page.get_by_role("button", name="You are Ben")).to_be_visible()
    hands.press(plan.get_by_role("button", name="Approve"))
    expect(card).to_contain_text("checkout has recovered after", timeout=RECOVERED_WITHIN_MS)
    expect(card).to_contain_text("asked by @Ana, approved by @Ben")
    expect(thread).to_contain_text("Recovered: the problem has gone")

    assert world.deployments.version("checkout") == GOOD
    assert world.deployments.commits_by("Tocsin-Action") == 1
    assert world.refused_calls() == []
