"""Is the workspace ever the bottleneck of a test? At least 300 messages a second on one core, measured from outside."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

FLOOR_PER_S = 300.0
MESSAGES = 1500
PARALLEL = 8
START = "import typer; from bot.workspace.cli import workspace; typer.run(workspace)"
BLOCKS = [
    {"type": "header", "text": {"type": "plain_text", "text": "checkout is failing"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "80 a minute of `payment declined`"}},
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "ack", "text": {"type": "plain_text", "text": "Acknowledge"}}],
    },
]


async def test_the_workspace_takes_three_hundred_messages_a_second_of_its_own_processor_time(tmp_path: Path) -> None:
    """Counted in processor seconds of the server's process, so that a busy machine does not decide."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        START,
        "--json",
        "--state",
        str(tmp_path / "state.jsonl"),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        facts = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        before, began = cpu_seconds(process.pid), time.monotonic()
        await post_all(facts)
        elapsed, used = time.monotonic() - began, cpu_seconds(process.pid) - before
    finally:
        process.terminate()
        await process.communicate()
    rate = MESSAGES / used
    sys.stderr.write(f"\nworkspace: {rate:.0f} messages per processor second, {MESSAGES / elapsed:.0f}/s elapsed\n")
    assert rate >= FLOOR_PER_S


async def post_all(facts: dict[str, Any]) -> None:
    """Post messages with blocks from a few clients at once, with the state kept on disk."""
    headers = {"Authorization": f"Bearer {facts['bot_token']}", "Content-Type": "application/json; charset=utf-8"}
    channel = facts["channels"]["incidents"]
    numbers = iter(range(MESSAGES))

    async def poster(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = json.dumps({"channel": channel, "text": f"message {number}", "blocks": BLOCKS})
            async with session.post("chat.postMessage", data=body) as answer:
                assert (await answer.json())["ok"] is True

    async with aiohttp.ClientSession(base_url=facts["base_url"], headers=headers) as session:
        await asyncio.gather(*(poster(session) for _ in range(PARALLEL)))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
