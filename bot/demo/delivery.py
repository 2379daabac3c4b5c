"""How do the shop's lines and changes reach Tocsin? Over HTTP, in order, again and again until they are taken."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bot.demo.spool import Batch, Spool
from bot.demo.traffic import Line

LINES_MAX = 2000
"""In one batch: some 300 kB, far below what a receiver refuses."""
TIMEOUT_S = 60.0
PAUSE_S_MAX = 5.0


_WRONG = frozenset({400, 404, 405, 413, 415, 422})
"""Statuses that say that the batch will never be taken."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Delivers one spool to one address. `name` makes its keys unique in the world."""

    spool: Spool
    path: str
    name: str
    news: asyncio.Event

    async def run(self, client: httpx.AsyncClient, tell: Callable[[str], None]) -> None:
        """Sends for ever; ends by cancellation. `tell` hears about outages, once each."""
        pause_s, is_away = 0.2, False
        while True:
            while not self.spool.waiting:
                self.news.clear()
                await self.news.wait()
            batch = self.spool.waiting[0]
            problem = await self._send(client, batch)
            if problem is None:
                pause_s, is_away = 0.2, False
                continue
            if not is_away:
                tell(f"{self.path}: {problem}; sent again until it is taken")
                is_away = True
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    async def _send(self, client: httpx.AsyncClient, batch: Batch) -> str | None:
        """None when the batch is settled, else why it is not."""
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"{self.name}-{batch.number}"}
        try:
            answer = await client.post(self.path, content=batch.body, headers=headers)
            if answer.is_success:
                self.spool.taken(batch)
                return None
            if answer.status_code in _WRONG:
                self.spool.refused(batch)
                return None
        except (httpx.HTTPError, OSError) as error:
            return f"no answer ({type(error).__name__})"
        return f"the answer is {answer.status_code}"


def put_lines(spool: Spool, lines: list[Line], until: datetime) -> None:
    """Puts `lines` in batches; the last one reaches up to `until`."""
    for start in range(0, len(lines), LINES_MAX):
        part = lines[start : start + LINES_MAX]
        is_last = start + LINES_MAX >= len(lines)
        spool.put(_ndjson(_record(line) for line in part), len(part), until if is_last else part[-1].at)


def put_change(spool: Spool, report: Mapping[str, Any], at: datetime) -> None:
    spool.put(_ndjson([{**report, "at": at.isoformat()}]), 1, at)


def _record(line: Line) -> dict[str, str]:
    time = line.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"time": time, "level": line.level, "message": line.text, "host": line.host}


def _ndjson(records: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
