"""How do others' alerts, changes, runs and figures come in? By webhooks, each verified as its sender allows.

POST /v1/hooks/{name}             a configured source, or one of the registry by its own name
POST /v1/hooks/{name}/{token}     for senders that can set no header
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.engine.events import Outcome, services_of
from bot.errors import InputError, SettingsError
from bot.settings import Settings, SourceSettings
from bot.sources.model import Heard, Posted, Rejected, Source
from bot.sources.registry import BY_NAME, HOOKS
from handlers.http.access import PATH_TOKEN, admit
from handlers.http.answers import answer
from handlers.http.body import Room, receive, unfold
from handlers.http.pace import Pace
from handlers.http.tally import Tally
from handlers.http.wanted import Engine

BODY_BYTES_MAX = 16 << 20
DEFAULT = SourceSettings()


class Seal(Protocol):
    """`bot.asking.sns`."""

    def problem(self, posted: Posted, topics: Sequence[str]) -> str: ...
    def confirm(self, posted: Posted) -> str: ...
    def close(self) -> None: ...


def seal_for(settings: Settings) -> Seal | None:
    """What verifies Amazon's signatures, when a source has topics. Raises `SettingsError`."""
    with_topics = [name for name, source in settings.sources.items() if source.topics]
    for name in with_topics:
        hook = hook_of(settings, name)
        if hook is None or not hook.source.is_sealed:
            raise SettingsError([f"sources.{name}.topics: this source is not sent by Amazon SNS"])
    if not with_topics:
        return None
    try:
        module = import_module("bot.asking.sns")  # its library is an optional extra
    except ModuleNotFoundError as error:
        raise SettingsError([f"sources.{with_topics[0]}.topics: needs its library; install tocsin[sns]"]) from error
    return cast(Seal, module.SnsSeal())


@dataclass(frozen=True, slots=True)
class Hook:
    """A source as it is set up: `name` is what it is called here, `source` how it is read."""

    name: str
    source: Source
    settings: SourceSettings


def hook_of(settings: Settings, name: str) -> Hook | None:
    configured = settings.sources.get(name, DEFAULT)
    source = BY_NAME.get(configured.type or name)
    return Hook(name, source, configured) if source is not None and source.is_hook else None


@dataclass(frozen=True, slots=True)
class Hooks:
    engine: Engine
    settings: Settings
    room: Room
    tally: Tally
    pace: Pace
    seal: Seal | None = None
    """Verifies what is signed with its sender's certificate; there when a source has topics."""

    async def named(self, request: Request) -> Response:
        name = request.path_params["name"]
        hook = hook_of(self.settings, name)
        if hook is None:
            known = ", ".join(sorted({source.name for source in HOOKS} | set(self.settings.sources)))
            raise HTTPException(404, f"there is no source called {name[:50]!r} (known: {known})")
        return await self._post(hook, request)

    def route(self, source: Source) -> Callable[[Request], Awaitable[Response]]:
        """A source at a path of its own."""

        async def post(request: Request) -> Response:
            hook = hook_of(self.settings, source.name)
            assert hook is not None
            return await self._post(hook, request)

        return post

    async def _post(self, hook: Hook, request: Request) -> Response:
        wait_s = self.pace.wait_s(hook.name, hook.settings.per_minute_max)
        if wait_s:
            raise HTTPException(
                429,
                f"{hook.name} sends more than {hook.settings.per_minute_max} times a minute "
                f"(sources.{hook.name}.per_minute_max)",
                headers={"Retry-After": str(wait_s)},
            )
        sender = "" if _is_signed(hook) else admit(request, self.settings.http)
        async with self.room.hold() as held:
            chunks = await receive(request, held, BODY_BYTES_MAX)
            body = b"".join(unfold(chunks, request.headers.get("content-encoding", ""), BODY_BYTES_MAX))
            path = {key: value for key, value in request.path_params.items() if key != PATH_TOKEN}
            posted = self.posted(hook, body, dict(request.headers), {"name": hook.name, **path})
            if _is_signed(hook):
                sender = await asyncio.to_thread(self._verified, hook, posted)
            return await asyncio.to_thread(self.take, hook, sender, posted)

    def posted(self, hook: Hook, body: bytes, headers: dict[str, str], path: dict[str, str]) -> Posted:
        return Posted(body, headers, self.engine.clock.now(), path, hook.settings.service, hook.settings.map)

    def _verified(self, hook: Hook, posted: Posted) -> str:
        if _is_sealed(hook):
            assert self.seal is not None
            problem = self.seal.problem(posted, hook.settings.topics)
        else:
            assert hook.source.verify is not None
            assert hook.settings.secret is not None
            problem = hook.source.verify(posted, hook.settings.secret.get_secret_value())
        if problem:
            raise HTTPException(401, f"{hook.name}: {problem}")
        return hook.name

    def take(self, hook: Hook, sender: str, posted: Posted, *, again: bool = False) -> Response:
        """Hears what was posted, once. What cannot be read is kept for people to look at, unless it is (`again`)."""
        try:
            heard = hook.source.decode(posted)
            delivery = hook.source.identify(posted)
        except InputError as error:
            if not again:
                self._reject(hook, sender, posted, str(error))
            return answer({"error": f"{hook.name}: {error}"}, 400)
        if heard.challenge:
            self._challenged(hook, sender, posted, heard.challenge, again=again)
        told = self.engine.pagers.hear(heard.pagers) if heard.pagers and _is_signed(hook) else 0
        outcome = self.engine.events.hear(hook.name, heard, delivery)
        self._note(hook, sender, posted, heard, outcome)
        if heard.rejected and not outcome.duplicate and not again:
            self.engine.ledger.keep(hook.name, sender, posted, heard.rejected)
        self.engine.ledger.flush_if_due()
        return _answer(heard, outcome, told)

    def _challenged(self, hook: Hook, sender: str, posted: Posted, url: str, *, again: bool) -> None:
        """What Amazon signed is confirmed; else, and where that does not succeed, a person is asked to."""
        problem = ""
        if _is_sealed(hook) and self.seal is not None and not again:
            problem = self.seal.confirm(posted)
            if not problem:
                return
        why = f" ({problem})" if problem else ""
        self._reject(hook, sender, posted, f"it wants to be confirmed{why}: open {url}")

    def _note(self, hook: Hook, sender: str, posted: Posted, heard: Heard, outcome: Outcome) -> None:
        """Under the names that count: a service that was one too many is one of `other-services`."""
        services = [outcome.services.get(service, service) for service in services_of(heard)]
        for index, service in enumerate(dict.fromkeys(services or [""])):
            self.engine.ledger.count(hook.name, sender, service, 0 if index else len(posted.body))
        self.tally.learnt(len(heard.changes))

    def _reject(self, hook: Hook, sender: str, posted: Posted, problem: str) -> None:
        self.engine.ledger.note(hook.name, sender, (), len(posted.body), 1, duplicate=False)
        self.engine.ledger.keep(hook.name, sender, posted, [Rejected("the body", problem, posted.body)])
        self.engine.ledger.flush_if_due()


def _is_signed(hook: Hook) -> bool:
    return _is_sealed(hook) or (hook.source.verify is not None and hook.settings.secret is not None)


def _is_sealed(hook: Hook) -> bool:
    return hook.source.is_sealed and bool(hook.settings.topics)


def _answer(heard: Heard, outcome: Outcome, told: int) -> Response:
    body: dict[str, object] = {
        "signals": outcome.signals,
        "ended": outcome.ended,
        "changes": outcome.changes,
        "runs": outcome.runs,
        "measured": outcome.measured,
        "steps": told,
        "ignored": heard.ignored,
        "duplicate": outcome.duplicate,
        "rejected": [{"place": part.place, "problem": part.problem} for part in heard.rejected],
        "rejected_count": heard.rejected_count,
    }
    if heard.rejected_count and not heard.accepted:
        return answer({"error": f"nothing could be read: {heard.rejected[0].problem}", **body}, 400)
    return answer(body)
