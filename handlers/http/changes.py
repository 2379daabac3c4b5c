"""How do changes come in? `POST /v1/changes` takes an object, an array or lines of them."""

import asyncio
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bot.changes.model import Change
from bot.changes.reported import change_from
from bot.errors import InputError
from bot.settings import Settings
from handlers.http.access import admit
from handlers.http.answers import answer
from handlers.http.body import Room, receive, unfold
from handlers.http.lines import Form, Line, form_of, lines
from handlers.http.tally import Tally
from handlers.http.wanted import Engine

BODY_BYTES_MAX = 4 << 20
LINE_BYTES_MAX = 256 << 10
REJECTED_TOLD = 20


@dataclass(frozen=True, slots=True)
class ChangeIntake:
    engine: Engine
    settings: Settings
    room: Room
    tally: Tally

    async def post(self, request: Request) -> Response:
        sender = admit(request, self.settings.http)
        async with self.room.hold() as held:
            chunks = await receive(request, held, BODY_BYTES_MAX)
            content_type = request.headers.get("content-type", "")
            encoding = request.headers.get("content-encoding", "")
            key = request.headers.get("idempotency-key", "").strip()[:200]
            return await asyncio.to_thread(self._take, chunks, content_type, encoding, key, sender)

    def _take(self, chunks: list[bytes], content_type: str, encoding: str, key: str, sender: str) -> Response:
        body = b"".join(unfold(chunks, encoding, BODY_BYTES_MAX))
        form_of(content_type, body[:64])
        now = self.engine.clock.now()
        keys: list[str] = []
        rejected: list[dict[str, object]] = []
        known = 0
        for line in lines([body], Form.JSON, LINE_BYTES_MAX):
            try:
                report = _report(line, sender, f"{key}:{line.number}" if key else "")
                change = change_from(report, now)
            except InputError as error:
                rejected.append({"line": line.number, "problem": str(error)})
                continue
            keys.append(change.key)
            known += self._is_known(change)
        self.tally.learnt(len(keys) - known)
        return _answer(keys, known, rejected)

    def _is_known(self, change: Change) -> bool:
        return self.engine.changes.report(change) is None


def _report(line: Line, sender: str, key: str) -> dict[str, object]:
    if line.size > LINE_BYTES_MAX:
        raise InputError(f"it is {line.size >> 10} kB long; {LINE_BYTES_MAX >> 10} kB are read")
    try:
        report = msgspec.json.decode(line.data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it is not JSON: {error}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    if not isinstance(report, dict):
        raise InputError("a JSON object is expected")
    defaults = {"source": sender} | ({"key": key} if key else {})
    return defaults | {name: value for name, value in report.items() if value is not None}


def _answer(keys: list[str], known: int, rejected: list[dict[str, object]]) -> Response:
    body: dict[str, object] = {
        "accepted": len(keys) - known,
        "known": known,
        "keys": keys,
        "rejected": rejected[:REJECTED_TOLD],
        "rejected_count": len(rejected),
    }
    if not keys:
        why = rejected[0]["problem"] if rejected else "the body is empty"
        return answer({"error": f"no change could be read: {why}", **body}, 400)
    return answer(body)
