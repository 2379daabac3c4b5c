"""Takes the pictures of the README and the docs: the demo's story, as the page shows it in headless Chromium.

    make pictures

Starts Tocsin with the demo in a folder of its own, waits for the incident, and presses the buttons as two people would.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

HERE = Path(__file__).parent
CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
INCIDENT_WITHIN_MS = 240_000
WIDE, PHONE = {"width": 1180, "height": 860}, {"width": 390, "height": 844}


def main() -> None:
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM)
        page = browser.new_page(viewport=WIDE, device_scale_factor=2)
        page.goto(address)
        card = page.locator(".message", has_text="INC-1").first
        card.wait_for(timeout=INCIDENT_WITHIN_MS)
        page.wait_for_timeout(1500)
        card.screenshot(path=HERE / "incident.png")
        page.screenshot(path=HERE / "channel.png")
        _narrow(page, address, "channel-phone.png")
        _dark(page, "channel-dark.png")
        _press(card, "Roll back checkout")
        page.locator(".thread-summary").first.click()
        plan = page.locator(".message", has=page.get_by_role("button", name="Approve")).last
        plan.wait_for(timeout=30_000)
        page.wait_for_timeout(1000)
        page.screenshot(path=HERE / "plan.png")
        other = browser.new_page(viewport=WIDE, device_scale_factor=2)
        other.goto(f"{address}?user={_other_person(page)}")
        other.locator(".thread-summary").first.click()
        other.get_by_role("button", name="Approve").last.click()
        page.locator(".message", has_text="recovered").first.wait_for(timeout=INCIDENT_WITHIN_MS)
        page.wait_for_timeout(1000)
        page.screenshot(path=HERE / "recovered.png")
        browser.close()


@contextmanager
def demo() -> Iterator[str]:
    """A running demo; gives the page's address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bot", "run", "--demo", "--data-dir", folder, "--port", "0"]
        process = subprocess.Popen(
            [*command, "--workspace-port", "0"], stdout=subprocess.PIPE, text=True, cwd=HERE.parent
        )
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        if found and "v1/ingest" not in line:
            return found[0]
    raise SystemExit("the demo ended before it said where its page is")


def _press(card: Locator, label: str) -> None:
    card.get_by_role("button", name=label).click()


def _narrow(page: Page, address: str, name: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.wait_for_timeout(500)
    page.screenshot(path=HERE / name)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def _dark(page: Page, name: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    page.screenshot(path=HERE / name)
    page.emulate_media(color_scheme="light")


def _other_person(page: Page) -> str:
    users = page.evaluate("fetch('/_workspace/state').then(r => r.json()).then(s => s.users)")
    return str(next(user["id"] for user in users if user["name"] == "ben"))


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("there is no chromium here: apt-get install chromium")
    return found


if __name__ == "__main__":
    main()
