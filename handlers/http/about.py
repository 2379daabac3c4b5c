"""Who sends what, what was rejected, and may it be tried again? For `tocsin sources`, and for scripts."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.engine.ledger import Sender
from bot.engine.source_ports import DeadLetter
from bot.errors import InputError, NotFound
from bot.sources.model import Posted
from bot.sources.registry import BY_NAME
from handlers.http.access import admit
from handlers.http.answers import answer, problem
from handlers.http.hooks import Hooks, hook_of
from handlers.http.logs import LogIntake
from handlers.http.openapi import document
from handlers.http.replies import PlainReply

REJECTED_MAX = 500
DATA_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class About:
    intake: LogIntake
    hooks: Hooks

    def routes(self) -> list[Route]:
        return [
            Route("/v1/sources", self.senders),
            Route("/v1/sources/rejected", self.rejected),
            Route("/v1/sources/rejected/{id:int}/replay", self.replay, methods=["POST"]),
            Route("/openapi.json", self.openapi),
        ]

    async def senders(self, request: Request) -> Response:
        admit(request, self.hooks.settings.http)
        found = await asyncio.to_thread(self.hooks.engine.ledger.senders)
        return answer({"senders": [_sender(sender) for sender in found]})

    async def rejected(self, request: Request) -> Response:
        admit(request, self.hooks.settings.http)
        given = request.query_params.get("limit", "50")
        if not (given.isascii() and given.isdigit() and 0 < len(given) < 5):
            raise HTTPException(400, f"limit: a number up to {REJECTED_MAX} is expected")
        letters = await asyncio.to_thread(self.hooks.engine.ledger.rejected, min(int(given), REJECTED_MAX))
        return answer({"rejected": [_letter(letter) for letter in letters]})

    async def replay(self, request: Request) -> Response:
        admit(request, self.hooks.settings.http)
        letter_id = request.path_params["id"]
        if letter_id >= 2**31:
            return problem("there is no such rejected delivery", 404)
        return await asyncio.to_thread(self._replay, letter_id)

    async def openapi(self, request: Request) -> Response:
        return answer(document(self.hooks.settings))

    def _replay(self, letter_id: int) -> Response:
        ledger = self.hooks.engine.ledger
        try:
            letter = ledger.dead_letter(letter_id)
        except NotFound as error:
            return problem(str(error), 404)
        if letter.replayed_at is not None:
            return problem("it was replayed before, and counts once", 409)
        taken = self._again(letter)
        if taken.status_code == 200:
            ledger.replayed(letter_id)
        return taken

    def _again(self, letter: DeadLetter) -> Response:
        """Reads it anew, with what `tocsin.toml` says now. Its signature was verified when it came."""
        headers, path = dict(letter.headers), dict(letter.path)
        hook = hook_of(self.hooks.settings, letter.source)
        if hook is not None:
            posted = self.hooks.posted(hook, letter.data, headers, path)
            return self.hooks.take(hook, letter.sender, posted, again=True)
        source = BY_NAME[letter.source]
        posted = Posted(letter.data, headers, self.hooks.engine.clock.now(), path)
        try:
            heard = source.decode(posted)
        except InputError as error:
            return problem(f"it still cannot be read: {error}", 400)
        if not heard.records:
            why = heard.rejected[0].problem if heard.rejected else "nothing is in it"
            return problem(f"it still cannot be read: {why}", 400)
        duplicate = self.intake.take(source, letter.sender, posted, heard)
        return PlainReply().taken(heard, duplicate=duplicate, is_counted=True)


def _sender(sender: Sender) -> dict[str, Any]:
    use = sender.use
    return {
        "source": use.source, "sender": use.sender, "service": use.service, "first_at": use.first_at,
        "last_at": use.last_at, "batches": use.batches, "lines": use.lines, "bytes": use.bytes,
        "rejected": use.rejected, "duplicates": use.duplicates, "ahead": use.ahead, "late_s": round(use.late_s, 1),
        "late_s_max": round(use.late_s_max, 1), "silent": sender.is_silent,
        "silent_for_s": round(sender.silent_for.total_seconds(), 1),
    }  # fmt: skip


def _letter(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id, "at": letter.at, "source": letter.source, "sender": letter.sender, "place": letter.place,
        "problem": letter.problem, "data": letter.data[:DATA_SHOWN].decode("utf-8", "replace"),
        "replayed_at": letter.replayed_at,
    }  # fmt: skip
