"""Does the played story end well when Tocsin is killed with -9 at random moments of it?

Afterwards: no line counted twice or lost after a 2xx, one root message for the incident, each notice once,
one commit for the rollback. Twenty kills where everything must be tested (`.ci/run`), four in a plain `make test`.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.shop import SERVICES
from bot.demo.spool import Spool
from bot.store.database import Database
from bot.workspace import Workspace
from tests.conftest import REQUIRE_ALL

ROOT = Path(__file__).parents[2]
PACE = {"TOCSIN_DEMO_WINDOW_S": "4", "TOCSIN_DEMO_BAD_DEPLOY_AFTER_S": "2"}
STORIES = [11, 12, 13, 14] if REQUIRE_ALL else [11]
KILLS_A_STORY = 5 if REQUIRE_ALL else 4
ALIVE_S = (2.0, 16.0)
STORY_MAX_S = 240


@dataclass
class Story:
    """Tocsin with its demo, played, in a folder of its own."""

    folder: Path
    seed: int
    lives: int = 0

    def live(self, at_most_s: float | None) -> int | None:
        """The exit code, or None when it was killed after `at_most_s`."""
        self.lives += 1
        command = [sys.executable, "-m", "bot", "run", "--demo", "--play", "--data-dir", str(self.folder)]
        with (self.folder.parent / f"life-{self.lives}.txt").open("w") as told:
            process = subprocess.Popen(
                [*command, "--port", "0", "--workspace-port", "0"],
                cwd=ROOT,
                env={**os.environ, **PACE},
                stdout=told,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                return process.wait(at_most_s or STORY_MAX_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
                return None

    def told(self) -> str:
        """What the last life said."""
        return (self.folder.parent / f"life-{self.lives}.txt").read_text()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", STORIES)
async def test_a_story_killed_at_random_moments_ends_well_and_once(tmp_path: Path, seed: int) -> None:
    story, rng = Story(tmp_path / "data", seed), random.Random(seed)
    story.folder.mkdir()
    code = None
    for _ in range(KILLS_A_STORY):
        code = story.live(rng.uniform(*ALIVE_S))
        if code is not None:
            break
        time.sleep(0.2)
    if code is None:
        code = story.live(None)
    assert code == 0, story.told()
    _every_line_is_counted_once(story.folder)
    _the_rollback_is_one_commit(story.folder)
    await _every_notice_stands_once(story.folder)


def _every_line_is_counted_once(folder: Path) -> None:
    database = Database(f"sqlite:///{folder}/tocsin.db")
    with database.read() as tx:
        counted = {row.name: row.lines for row in tx.logs.services()}
        assert sum(counted.values()) == tx.logs.total_lines()
    database.close()
    spools = {path.parent.name: Spool(path.parent) for path in folder.glob("estate/**/taken.json")}
    assert set(spools) >= set(SERVICES)
    for service in SERVICES:
        taken, waiting = spools[service].note.lines, [batch.lines for batch in spools[service].waiting]
        possible = {taken + sum(waiting[:sent]) for sent in range(len(waiting) + 1)}  # counted, the answer not noted
        assert counted[service] in possible, f"{service}: counted {counted[service]}, taken {taken}, waiting {waiting}"
        assert taken > 0


def _the_rollback_is_one_commit(folder: Path) -> None:
    command = [
        "git",
        "-C",
        str(folder / "estate" / "shop.git"),
        "log",
        "main",
        "--format=%(trailers:key=Tocsin-Action)",
    ]
    trailers = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.split("\n")
    actions = Counter(line for line in trailers if line)
    assert len(actions) >= 1
    assert set(actions.values()) == {1}, actions
    database = Database(f"sqlite:///{folder}/tocsin.db")
    with database.read() as tx:
        done = tx.runs.in_state("succeeded", "verifying")
    database.close()
    assert len(actions) == len(done)


async def _every_notice_stands_once(folder: Path) -> None:
    async with Workspace(state_path=folder / "workspace.db") as workspace:
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.base_url)
        channel, keys = workspace.channels["incidents"], Counter[str]()
        history = await client.conversations_history(channel=channel, include_all_metadata=True, limit=200)
        for root in history["messages"]:
            thread = await client.conversations_replies(
                channel=channel, ts=root["ts"], include_all_metadata=True, limit=200
            )
            for message in thread["messages"]:
                payload = message.get("metadata", {}).get("event_payload", {})
                keys[payload.get("key", json.dumps(message)[:200])] += 1
    assert keys["incident:1"] == 1
    assert set(keys.values()) == {1}, keys
