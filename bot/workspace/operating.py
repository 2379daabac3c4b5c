"""What can a person do with a message, a form or a home? Press, choose, fill in, submit; see `bot.workspace.person`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from bot.workspace.elements import STATEFUL
from bot.workspace.reading import plain_name, pressing, says, text_of, words
from bot.workspace.refusal import Json
from bot.workspace.viewbook import elements_of

if TYPE_CHECKING:
    from bot.workspace.person import Person, Place


class NotSeen(AssertionError):
    """What a person expected to see did not come; the message holds what was on the screen."""


class Refusal(AssertionError):
    """The workspace did not let the person do this, or the app did not answer; `error` is the name."""

    def __init__(self, doing: str, answer: Json) -> None:
        self.error, self.answer = str(answer.get("error")), answer
        super().__init__(f"{doing}: {answer}")


class Operable:
    """Something with elements to press and choose from: a message, a form, a home."""

    person: Person

    async def blocks(self) -> list[Json]:
        raise NotImplementedError

    async def where(self) -> Json:
        """The part of an act that says where the element is."""
        raise NotImplementedError

    async def failure(self, expected: str) -> str:
        raise NotImplementedError

    async def press(self, label: str) -> Json:
        """Press the button, or the entry of an overflow menu, with this label (or action_id)."""
        block_id, element, done = await self._wait_for(label, pressing)
        return await self._act(block_id, element, done)

    async def choose(self, option: str | list[str], of: str = "") -> Json:
        """Choose in a select, picker, radio group or checkboxes; `of` is its placeholder or action_id."""

        def fits(element: Json, _: str) -> Json | None:
            named = not of or of in (element["action_id"], text_of(element.get("placeholder")))
            return {} if named and element["type"] in STATEFUL else None

        block_id, element, _ = await self._wait_for(of or str(option), fits)
        value = await entered_value(self, block_id, element, option)
        return await self._act(block_id, element, value)

    async def _wait_for(self, label: str, fits: Callable[[Json, str], Json | None]) -> tuple[str, Json, Json]:
        async def look() -> tuple[str, Json, Json] | None:
            for block in await self.blocks():
                for element in elements_of(block):
                    done = fits(element, label)
                    if done is not None:
                        return block["block_id"], element, done
            return None

        return await self.person.slack.until(look, lambda: self.failure(f"something called {label!r}"))

    async def _act(self, block_id: str, element: Json, done: Json) -> Json:
        about = {"block_id": block_id, "action_id": element["action_id"]}
        return await self.person.act("press", **await self.where(), **about, **done)


class Message(Operable):
    def __init__(self, place: Place, text: str) -> None:
        self.place, self.text, self.person = place, text, place.person

    async def found(self) -> Json:
        """The message object. Raises NotSeen."""

        async def look() -> Json | None:
            messages = await self.place.messages()
            return next((m for m in reversed(messages) if says(m, self.text)), None)

        return await self.person.slack.until(look, lambda: self.place.failure(f"a message with {self.text!r}"))

    async def blocks(self) -> list[Json]:
        message = await self.found()
        attached = [b for attachment in message.get("attachments", ()) for b in attachment.get("blocks", ())]
        return [*message.get("blocks", ()), *attached]

    async def where(self) -> Json:
        await self.place.note()
        return {"channel": await self.place.id(), "message_ts": (await self.found())["ts"], "container": "message"}

    async def failure(self, expected: str) -> str:
        return f"{self.person.name} expected {expected} on: {words(await self.found())}"

    async def thread(self) -> Place:
        message = await self.found()
        return self.person.in_(self.place.channel, message.get("thread_ts") or message["ts"])

    async def replies(self, text: str) -> Json:
        return await (await self.thread()).types(text)

    async def expects_thread_reply(self, text: str) -> Json:
        """A reply below this message that says this, whenever it came."""
        thread = await self.thread()

        async def look() -> Json | None:
            replies = [m for m in await thread.messages() if m["ts"] != thread.thread_ts]
            return next((m for m in reversed(replies) if says(m, text)), None)

        return await self.person.slack.until(look, lambda: thread.failure(f"a reply with {text!r}"))

    async def expects(self, text: str) -> Json:
        """The message comes to say this as well (it is updated in place)."""
        ts = (await self.found())["ts"]

        async def look() -> Json | None:
            return next((m for m in await self.place.messages() if m["ts"] == ts and says(m, text)), None)

        return await self.person.slack.until(look, lambda: self.place.failure(f"{text!r} on {self.text!r}"))

    async def reacts(self, name: str) -> None:
        await self.person.act("react", channel=await self.place.id(), ts=(await self.found())["ts"], name=name)

    async def uses_shortcut(self, callback_id: str) -> None:
        where = {"channel": await self.place.id(), "message_ts": (await self.found())["ts"]}
        await self.person.act("shortcut", callback_id=callback_id, **where)


class Form(Operable):
    """`fill` only remembers; `submit` enters everything and sends."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._entered: dict[str, Any] = {}

    async def view(self) -> Json:
        async def look() -> Json | None:
            views = (await self.person.state())["views"]
            return views[-1] if views else None

        async def nothing() -> str:
            return f"{self.person.name} expected a form, but none is open"

        return await self.person.slack.until(look, nothing)

    async def blocks(self) -> list[Json]:
        blocks: list[Json] = (await self.view())["blocks"]
        return blocks

    async def where(self) -> Json:
        view = await self.view()
        return {"view_id": view["id"], "container": "view", "state_values": await self._state_values(view)}

    async def failure(self, expected: str) -> str:
        view = await self.view()
        return (
            f"{self.person.name} expected {expected} in the form “{text_of(view['title'])}”: {text_of(view['blocks'])}"
        )

    def fill(self, **values: Any) -> Self:
        """By block_id, action_id or label (spaces as `_`): text, an option's label, a person's name, a date, a list."""
        self._entered.update(values)
        return self

    async def submit(self) -> Json:
        """Raises Refusal with `errors` in its answer when the form stays open."""
        view = await self.view()
        values = await self._state_values(view)
        return await self.person.act("submit_view", view_id=view["id"], state_values=values)

    async def expects_error(self, text: str) -> None:
        """Submit and be told this."""
        try:
            await self.submit()
        except Refusal as refusal:
            if any(text in error for error in (refusal.answer.get("errors") or {}).values()):
                return
            raise
        raise NotSeen(f"{self.person.name} expected the form to say {text!r}, but it was sent")

    async def cancel(self) -> None:
        await self.person.act("close_view", view_id=(await self.view())["id"])

    async def expects(self, text: str) -> Json:
        async def look() -> Json | None:
            view = await self.view()
            return view if text in text_of([view["title"], view["blocks"]]) else None

        return await self.person.slack.until(look, lambda: self.failure(repr(text)))

    async def expects_closed(self) -> None:
        async def look() -> bool | None:
            return True if not (await self.person.state())["views"] else None

        await self.person.slack.until(look, lambda: self.failure("no form"))

    async def _state_values(self, view: Json) -> Json:
        values: Json = view["state"]["values"]
        for name, entered in self._entered.items():
            block_id, element = self._field(view, name)
            value = await entered_value(_Inside(self.person, view), block_id, element, entered)
            values.setdefault(block_id, {})[element["action_id"]] = {"type": element["type"], **value}
        return values

    def _field(self, view: Json, name: str) -> tuple[str, Json]:
        for block in view["blocks"]:
            for element in elements_of(block):
                label = text_of(block.get("label")) or text_of(block.get("text"))
                if plain_name(name) in (
                    plain_name(block["block_id"]),
                    plain_name(element["action_id"]),
                    plain_name(label),
                ):
                    return block["block_id"], element
        known = ", ".join(block["block_id"] for block in view["blocks"])
        raise NotSeen(f"the form “{text_of(view['title'])}” has no field {name!r} (it has {known})")


class Home(Operable):
    """What an app shows this person on its home. It is opened once; after that it is only looked at."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._is_open = False

    async def view(self) -> Json:
        """Open it and wait until the app has published."""
        app = (await self.person.state())["apps"][0]["id"]

        async def look() -> Json | None:
            found: Json | None = (await self.person.act("open_home", app_id=app, quiet=self._is_open)).get("view")
            self._is_open = True
            return found

        async def nothing() -> str:
            return f"{self.person.name} expected a home, but the app published none"

        return await self.person.slack.until(look, nothing)

    async def press(self, label: str) -> Json:
        """As elsewhere; again when the app has just published a new home over the one that was looked at."""

        async def look() -> Json | None:
            try:
                return await super(Home, self).press(label)
            except Refusal as refusal:
                if refusal.error != "element_not_found":
                    raise
                return None

        return await self.person.slack.until(look, lambda: self.failure(f"something called {label!r}"))

    async def blocks(self) -> list[Json]:
        blocks: list[Json] = (await self.view())["blocks"]
        return blocks

    async def where(self) -> Json:
        return {"view_id": (await self.view())["id"], "container": "home"}

    async def failure(self, expected: str) -> str:
        return f"{self.person.name} expected {expected} on the home: {text_of(await self.blocks())}"

    async def expects(self, text: str) -> None:
        async def look() -> bool | None:
            return True if text in text_of(await self.blocks()) else None

        await self.person.slack.until(look, lambda: self.failure(repr(text)))


class _Inside(Operable):
    """The form a value is being entered in, for loading the options of an external select."""

    def __init__(self, person: Person, view: Json) -> None:
        self.person, self._view = person, view

    async def where(self) -> Json:
        return {"view_id": self._view["id"], "container": "view"}


async def entered_value(holder: Operable, block_id: str, element: Json, entered: Any) -> Json:
    """`{key: value}` as Slack reports it for what a person put into an element."""
    key = STATEFUL[element["type"]][0]
    match key:
        case "selected_option":
            return {key: (await _options(holder, block_id, element, [entered]))[0]}
        case "selected_options":
            labels = entered if isinstance(entered, list) else [entered]
            return {key: await _options(holder, block_id, element, labels)}
        case "selected_user":
            return {key: await holder.person.slack.as_(str(entered)).id()}
        case "selected_users":
            return {key: [await holder.person.slack.as_(str(name)).id() for name in entered]}
        case "selected_channel" | "selected_conversation":
            return {key: await holder.person.in_(str(entered)).id()}
        case "selected_date_time":
            return {key: int(entered)}
    return {key: entered if isinstance(entered, list | dict) else str(entered)}


async def _options(holder: Operable, block_id: str, element: Json, labels: list[str]) -> list[Json]:
    chosen = []
    for label in labels:
        offered = element
        if "external" in element["type"]:
            about = {"block_id": block_id, "action_id": element["action_id"], "value": label}
            offered = await holder.person.act("options", **await holder.where(), **about)
        groups = [group["options"] for group in offered.get("option_groups") or ()]
        options = [*(offered.get("options") or ()), *(option for group in groups for option in group)]
        found = next((o for o in options if label in (text_of(o["text"]), o.get("value"))), None)
        if found is None:
            raise NotSeen(f"there is no option {label!r} among {[text_of(option['text']) for option in options]}")
        chosen.append(found)
    return chosen
