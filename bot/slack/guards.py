"""What stands between Slack and a handler? Acknowledge at once, act once, know who it is, and always answer.

A handler is a plain function `(engine, asked) → answer` that runs in a thread. What it raises becomes polite words that
only the person sees; what was not foreseen becomes an apology with a reference into the log.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.engine.whole import Engine
from bot.errors import ConnectorError, InputError, NotFound, Refused, Stale, TocsinError, WorldChanged
from bot.slack import asked as parse
from bot.slack.asked import Asked
from bot.slack.identity import Identity
from bot.slack.marks import EVENTS, Marking, permalink
from bot.slack.refusals import CALL_ERRORS, refusal_of
from bot.slack.render import Message, Renderer

log = logging.getLogger(__name__)

PEOPLE_MAX = 10
"""So many people in one command or form are looked up."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Words for the one who asked, and nobody else: a template and its page."""

    template: str
    page: object = None


@dataclass(frozen=True, slots=True)
class OpenForm:
    template: str
    page: object = None


@dataclass(frozen=True, slots=True)
class ShowHome:
    """The App Home of the one who looks at it."""

    template: str
    page: object = None


Answer = Reply | OpenForm | ShowHome | None
Handler = Callable[[Engine, Asked], Answer]
Body = dict[str, Any]

_POLITE: Mapping[type[TocsinError], str] = {
    Refused: "replies/refused",
    Stale: "replies/stale",
    NotFound: "replies/not_found",
    InputError: "replies/invalid",
    ConnectorError: "replies/failed",
    WorldChanged: "replies/failed",
}


class Guards:
    """Registers handlers with a Bolt app, each behind the same guards."""

    def __init__(self, app: AsyncApp, engine: Engine, renderer: Renderer, client: AsyncWebClient) -> None:
        self._app, self._engine, self._renderer, self._client = app, engine, renderer, client
        self._answers = Answers(renderer, client)
        self._home: Handler | None = None
        self._identity = Identity(client, engine.clock, engine.policy.named, engine.people.note)
        self._marking = Marking(engine, client, self._identity)
        self.errors = 0
        app.error(self._apologise)

    def command(self, name: str, handler: Handler, *, acts: bool = False) -> None:
        """`acts`: it can have something done, and so is not answered where another organisation reads along."""
        self._app.command(name)(self._listener(parse.command, handler, acts=acts))

    def button(self, action: str | re.Pattern[str], handler: Handler, *, acts: bool = False) -> None:
        self._app.action(action)(self._listener(parse.button, handler, acts=acts))

    def shortcut(self, callback: str, handler: Handler) -> None:
        self._app.shortcut(callback)(self._listener(parse.shortcut, handler))

    def form(self, callback: str, handler: Handler, *, acts: bool = False) -> None:
        self._app.view(callback)(self._listener(parse.form, handler, acts=acts))

    def mention(self, handler: Handler) -> None:
        self._app.event("app_mention")(self._listener(parse.mention, handler))

    def marks(self) -> None:
        """Pins and reactions: they are nobody's question, and get no answer."""
        for name in EVENTS:
            self._app.event(name)(self._marked)

    async def _marked(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        try:
            await self._marking.heard(body)
        except Exception:
            self.errors += 1
            log.exception("a mark could not be taken")

    def home(self, handler: Handler) -> None:
        """When it is opened, and after a button on it was pressed."""
        self._home = handler
        self._app.event("app_home_opened")(self._listener(parse.home_opened, handler))

    def _listener(
        self, understand: Callable[[Mapping[str, Any]], Asked], handler: Handler, *, acts: bool = False
    ) -> Callable[..., Any]:
        async def listener(ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
            await ack()
            try:
                await self._handle(understand(body), handler, respond, acts=acts)
            except Exception as error:  # noqa: BLE001 - Bolt forgets the acknowledgement when a listener raises at once
                await self._apologise(error, body, respond)

        return listener

    async def _handle(self, asked: Asked, handler: Handler, respond: AsyncRespond, *, acts: bool) -> None:
        if not await asyncio.to_thread(self._engine.interactions.first_time, asked.kind, asked.key):
            return
        asked = replace(
            asked,
            person=await self._identity.of(asked.team, asked.user),
            people={
                user: await self._identity.of(asked.team, user) for user in [*asked.mentioned.values()][:PEOPLE_MAX]
            },
        )
        if asked.kind == "shortcut" and asked.value:
            asked = replace(asked, link=await permalink(self._client, asked.channel, asked.value))
        answer: Answer
        try:
            if acts and asked.channel and await self._identity.is_shared(asked.channel):
                raise Refused("shared_channel")
            answer = await asyncio.to_thread(handler, self._engine, asked)
        except (Refused, Stale, NotFound, InputError, ConnectorError) as error:
            log.info("%s of %s: %s", asked.kind, asked.user, error)
            answer = Reply(_POLITE[type(error)], error)
        await self._answers.give(asked, answer, respond)
        if asked.is_home and self._home is not None:
            home = await asyncio.to_thread(self._home, self._engine, replace(asked, text="home"))
            await self._answers.give(asked, home, respond)

    async def _apologise(self, error: Exception, body: Body, respond: AsyncRespond) -> None:
        self.errors += 1
        reference = secrets.token_hex(4)
        log.error("a handler failed (reference %s)", reference, exc_info=error)
        asked = _whoever(body)
        if asked is not None:
            await self._answers.give(asked, Reply("replies/error", reference), respond)


class Answers:
    """Gives an answer where the person who asked sees it."""

    def __init__(self, renderer: Renderer, client: AsyncWebClient) -> None:
        self._renderer, self._client = renderer, client

    async def give(self, asked: Asked, answer: Answer, respond: AsyncRespond) -> None:
        if isinstance(answer, OpenForm):
            view = await asyncio.to_thread(self._renderer.render_form, answer.template, answer.page)
            await self._client.views_open(trigger_id=asked.trigger, view=view)
        elif isinstance(answer, ShowHome):
            view = await asyncio.to_thread(self._renderer.render_home, answer.template, answer.page)
            await self._client.views_publish(user_id=asked.user, view=view)
        elif answer is not None:
            message = await asyncio.to_thread(self._renderer.render, answer.template, answer.page)
            await self._whisper(asked, message, respond)

    async def _whisper(self, asked: Asked, message: Message, respond: AsyncRespond) -> None:
        """Through the response URL while there is one, else in the channel, else in direct messages."""
        try:
            if not (respond.response_url and await _over_url(asked, message, respond)):
                await self._in_channel(asked, message)
        except CALL_ERRORS as error:
            log.warning("%s could not be answered: %s", asked.user, refusal_of(error).error)

    async def _in_channel(self, asked: Asked, message: Message) -> None:
        said: Body = {"text": message.text, "blocks": list(message.blocks) or None}
        if asked.channel:
            try:
                thread = asked.thread or None
                await self._client.chat_postEphemeral(channel=asked.channel, user=asked.user, thread_ts=thread, **said)
                return
            except SlackApiError as error:
                log.info("cannot whisper to %s in %s: %s", asked.user, asked.channel, refusal_of(error).error)
        direct = await self._client.conversations_open(users=[asked.user])
        await self._client.chat_postMessage(channel=direct["channel"]["id"], **said)


async def _over_url(asked: Asked, message: Message, respond: AsyncRespond) -> bool:
    """False when Slack does not take it, as after half an hour."""
    answered = await respond(
        text=message.text,
        blocks=list(message.blocks) or None,
        response_type="ephemeral",
        replace_original=False,
        thread_ts=asked.thread or None,
        unfurl_links=False,
        unfurl_media=False,
    )
    if answered.status_code != 200:
        log.warning("Slack did not take an answer over the URL: %s %s", answered.status_code, answered.body)
    return answered.status_code == 200


def _whoever(body: Body) -> Asked | None:
    """Enough of any payload to answer it."""
    for understand in (parse.command, parse.button, parse.form, parse.shortcut, parse.mention):
        try:
            return understand(body)
        except (KeyError, IndexError, TypeError):
            continue
    return None
