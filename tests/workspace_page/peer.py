"""What does a renderer not written by us show of a message? slack-blocks-to-jsx, from npm, on Node, word by word."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import missing
from tests.workspace_page.stage import ANA, BEN, INCIDENTS, RANDOM

Json = dict[str, Any]
PACKAGES = ("slack-blocks-to-jsx@1.1.1", "react@19.2.0", "react-dom@19.2.0")
INSTALL_S = 240


@pytest.fixture(scope="module")
def packages() -> Path:
    """Where the npm packages lie: outside the tree, installed once and kept."""
    place = Path(tempfile.gettempdir()) / ("tocsin-npm-" + "-".join(PACKAGES).replace("@", "_"))
    if shutil.which("node") is None or shutil.which("npm") is None:
        missing("no node and npm on this machine")
    if place.is_dir():
        return place
    fresh = Path(tempfile.mkdtemp(prefix="tocsin-npm-"))
    (fresh / "package.json").write_text("{}")
    command = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--cache",
        str(fresh / "cache"),
        *PACKAGES,
    ]
    try:
        subprocess.run(command, cwd=fresh, check=True, capture_output=True, timeout=INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        missing(f"npm could not install {PACKAGES[0]}: {error}")
    try:
        fresh.rename(place)
    except OSError:  # another worker was first
        shutil.rmtree(fresh)
    return place


def peer_html(packages: Path, messages: list[list[Json]]) -> list[str]:
    data = {
        "messages": messages,
        "users": [{"id": ANA, "name": "Ana García"}, {"id": BEN, "name": "Ben Okafor"}],
        "channels": [{"id": RANDOM, "name": "random"}, {"id": INCIDENTS, "name": "incidents"}],
    }
    script = Path(__file__).with_name("peer.cjs")
    command = ["node", str(script), str(packages)]
    done = subprocess.run(
        command,
        input=json.dumps(data),
        env={**os.environ, "TZ": "Europe/Berlin"},  # where the people of the stage are
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    html: list[str] = json.loads(done.stdout)
    return html


def peer_words(page: Page, htmls: list[str]) -> list[list[str]]:
    """The words of the peer's HTML, message by message, parsed in a document that runs nothing."""
    read = """htmls => htmls.map((html) => {
        const body = new DOMParser().parseFromString(html, 'text/html').body;
        body.querySelectorAll('style, script, svg').forEach(node => node.remove());
        const parts = []; const walk = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) parts.push(walk.currentNode.data);
        return parts.join(' ');
    })"""
    blank = page.context.new_page()  # our page's own policy would refuse the peer's inline styles
    texts: list[str] = blank.evaluate(read, htmls)
    blank.close()
    return [_words(text) for text in texts]


def our_words(page: Page) -> list[list[str]]:
    """The words of every message on the page, without those that are only for screen readers."""
    read = """nodes => nodes.map((node) => {
        const parts = []; const walk = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            if (!walk.currentNode.parentElement.closest('.visually-hidden')) parts.push(walk.currentNode.data);
        }
        return parts.join(' ');
    })"""
    page.locator(".message .content").first.wait_for()
    texts: list[str] = page.locator(".message .content").evaluate_all(read)
    return [_words(text) for text in texts]


def _words(text: str) -> list[str]:
    """Words, numbers and signs, each for itself: where a style begins inside a word is not compared."""
    return re.findall(r"\w+|[<>#@%./:+→–-]", text.replace("\u200b", ""))
