"""What can a template draw? Helpers that add blocks to a message or a form, within Slack's limits by construction.

Limits: docs.slack.dev/reference/block-kit; where sources disagree, the smaller number. What does not fit is shortened
and ends with "…"; it is never refused by Slack.
"""

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import Undefined

from bot.slack.mrkdwn import Mrkdwn, clip, cut, escaped, visible

Block = dict[str, Any]
Element = dict[str, Any]

TEXT_MAX = 4_000  # top-level text: Slack splits longer ones into several messages
SECTION_MAX = 3_000
FIELD_MAX = 2_000
FIELDS_MAX = 10
CONTEXT_ELEMENTS_MAX = 10
HEADER_MAX = 150
BLOCKS_MAX = 50
FORM_BLOCKS_MAX = 100
TOTAL_MAX = 10_000  # all text in blocks; Slack refuses somewhere above 11,000 (bolt-js#2867)
BUTTONS_MAX = 25
BUTTON_TEXT_MAX = 75
BUTTON_VALUE_MAX = 2_000
OVERFLOW_MAX = 5
OPTION_TEXT_MAX = 75
OPTION_VALUE_MAX = 75
OPTIONS_MAX = 100
FORM_TITLE_MAX = 24
PRIVATE_MAX = 3_000
PLACEHOLDER_MAX = 150
INPUT_LENGTH_MAX = 3_000

Caller = Callable[[], str]
_NOTHING = Mrkdwn("")


class Canvas:
    """What one template has drawn so far. `helpers` are the names that a template calls."""

    def __init__(self, *, is_form: bool = False) -> None:
        self.text = ""
        self.form: Element = {}
        self._blocks: list[Block] = []
        self._is_form = is_form

    def helpers(self) -> dict[str, Callable[..., Any]]:
        shared = [self.header, self.section, self.context, self.fields, self.divider, self.image, self.actions]
        values = [button, overflow, option, text_input, select, users_select]
        drawn = [self._form, self.input] if self._is_form else [self._text]
        return {helper.__name__.lstrip("_"): helper for helper in [*shared, *values, *drawn]}

    def finished(self) -> list[Block]:
        """The blocks, shortened to what a message may hold."""
        blocks = self._blocks[: FORM_BLOCKS_MAX if self._is_form else None]
        if not self._is_form:
            _drop_surplus(blocks)
            _shorten(blocks)
        return blocks

    # -- of messages

    def _text(self, text: object = "", *, caller: Caller | None = None) -> Mrkdwn:
        """The top-level text: what notifications and screen readers say."""
        self.text = cut(_said(text, caller), TEXT_MAX)
        return _NOTHING

    # -- of forms

    def _form(self, title: str, submit: str = "", close: str = "", callback: str = "", private: str = "") -> Mrkdwn:
        if len(private) > PRIVATE_MAX:
            raise ValueError(f"a form remembers at most {PRIVATE_MAX} characters")
        self.form = {"type": "modal", "callback_id": callback, "title": _plain(title, FORM_TITLE_MAX)}
        self.form |= {"submit": _plain(submit, FORM_TITLE_MAX)} if submit else {}
        self.form |= {"close": _plain(close, FORM_TITLE_MAX)} if close else {}
        self.form |= {"private_metadata": private} if private else {}
        return _NOTHING

    def input(self, label: str, element: Element, name: str, hint: str = "", optional: bool = False) -> Mrkdwn:
        """A field of a form. `name` is its block_id, by which its value is found when the form comes back."""
        block: Block = {"type": "input", "block_id": name, "label": _plain(label, SECTION_MAX), "element": element}
        block |= {"hint": _plain(hint, FIELD_MAX)} if hint else {}
        block |= {"optional": True} if optional else {}
        return self._add(block)

    # -- of both

    def header(self, text: object = "", *, caller: Caller | None = None) -> Mrkdwn:
        said = visible(str(text or (caller() if caller else ""))).strip()
        return self._add({"type": "header", "text": _plain(said, HEADER_MAX)}) if said else _NOTHING

    def section(self, text: object = "", accessory: Any = None, *, caller: Caller | None = None) -> Mrkdwn:
        """Text in mrkdwn; nothing when it is empty."""
        said = cut(_said(text, caller), SECTION_MAX)
        if not said:
            return _NOTHING
        block: Block = {"type": "section", "text": _mrkdwn(said), "expand": True}
        if _is_given(accessory):
            block["accessory"] = accessory
        return self._add(block)

    def fields(self, *texts: object) -> Mrkdwn:
        """Short texts in two columns (one below the other on a phone)."""
        said = [cut(escaped(text).strip(), FIELD_MAX) for text in texts if _is_given(text)]
        shown = [_mrkdwn(text) for text in said if text][:FIELDS_MAX]
        return self._add({"type": "section", "fields": shown}) if shown else _NOTHING

    def context(self, text: object = "", *, caller: Caller | None = None) -> Mrkdwn:
        """Small grey text."""
        said = cut(_said(text, caller), SECTION_MAX)
        return self._add({"type": "context", "elements": [_mrkdwn(said)]}) if said else _NOTHING

    def divider(self) -> Mrkdwn:
        return self._add({"type": "divider"})

    def image(self, url: str, alt: str, title: str = "") -> Mrkdwn:
        """A picture that Slack can load; `alt` says what it shows."""
        if not url.startswith("https://"):
            return _NOTHING
        block: Block = {"type": "image", "image_url": url, "alt_text": clip(visible(alt), FIELD_MAX)}
        return self._add(block | ({"title": _plain(title, FIELD_MAX)} if title else {}))

    def actions(self, *elements: Any) -> Mrkdwn:
        """Buttons and menus in a row; those that are not given are left out."""
        given = [element for element in elements if _is_given(element)][:BUTTONS_MAX]
        return self._add({"type": "actions", "elements": given}) if given else _NOTHING

    def _add(self, block: Block) -> Mrkdwn:
        self._blocks.append(block)
        return _NOTHING


def button(text: str, action: str, value: object = "", style: str = "", url: str = "") -> Element:
    """`style` is "primary", "danger" or nothing."""
    if len(str(value)) > BUTTON_VALUE_MAX:
        raise ValueError(f"the value of the button {action} is longer than {BUTTON_VALUE_MAX}")
    element: Element = {"type": "button", "action_id": action, "text": _plain(text, BUTTON_TEXT_MAX)}
    element |= {"value": str(value)} if value != "" else {}
    element |= {"style": style} if style else {}
    return element | ({"url": url} if url else {})


def option(text: str, value: object, description: str = "") -> Element:
    if not 0 < len(str(value)) <= OPTION_VALUE_MAX:
        raise ValueError(f"an option's value has 1 to {OPTION_VALUE_MAX} characters, not {len(str(value))}")
    element: Element = {"text": _plain(text, OPTION_TEXT_MAX), "value": str(value)}
    return element | ({"description": _plain(description, OPTION_TEXT_MAX)} if description else {})


def overflow(action: str, *options: Any) -> Element | None:
    """The menu behind "…"; None when it would be empty."""
    given = [choice for choice in options if _is_given(choice)][:OVERFLOW_MAX]
    return {"type": "overflow", "action_id": action, "options": given} if given else None


def text_input(
    action: str = "value", initial: str = "", placeholder: str = "", multiline: bool = False, length_max: int = 200
) -> Element:
    element: Element = {"type": "plain_text_input", "action_id": action, "multiline": multiline}
    element["max_length"] = min(length_max, INPUT_LENGTH_MAX)
    element |= {"initial_value": clip(visible(initial), element["max_length"])} if initial else {}
    return element | ({"placeholder": _plain(placeholder, PLACEHOLDER_MAX)} if placeholder else {})


def select(options: Iterable[Element], action: str = "value", initial: str = "", placeholder: str = "") -> Element:
    """One of several; `initial` is the value that is chosen already."""
    given = list(options)[:OPTIONS_MAX]
    element: Element = {"type": "static_select", "action_id": action, "options": given}
    chosen = next((choice for choice in given if choice["value"] == initial), None)
    element |= {"initial_option": chosen} if chosen else {}
    return element | ({"placeholder": _plain(placeholder, PLACEHOLDER_MAX)} if placeholder else {})


def users_select(action: str = "value", initial: str = "", placeholder: str = "") -> Element:
    """One of the people; `initial` is the user id of the one who is chosen already."""
    element: Element = {"type": "users_select", "action_id": action}
    element |= {"initial_user": initial} if initial else {}
    return element | ({"placeholder": _plain(placeholder, PLACEHOLDER_MAX)} if placeholder else {})


def _said(text: object, caller: Caller | None) -> str:
    """What was given as an argument or between `{% call %}` and `{% endcall %}`; lines left empty by an `if` vanish."""
    said = caller() if caller is not None else escaped(text)
    return "\n".join(line.rstrip() for line in said.split("\n") if line.strip()).strip()


def _is_given(value: object) -> bool:
    return value is not None and value != "" and not isinstance(value, Undefined)


def _mrkdwn(text: str) -> Element:
    """`verbatim`: Slack makes no links or mentions of its own out of what it finds in the text."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str, limit: int) -> Element:
    return {"type": "plain_text", "text": clip(visible(str(text)).strip() or "…", limit), "emoji": True}


def _drop_surplus(blocks: list[Block]) -> None:
    """Leaves buttons and the beginning."""
    while len(blocks) > BLOCKS_MAX:
        last = max(i for i, block in enumerate(blocks) if block["type"] != "actions")
        del blocks[last]


def _shorten(blocks: list[Block]) -> None:
    """Cuts the longest texts until all fit together."""
    texts = [holder for block in blocks for holder in _texts(block)]
    surplus = sum(len(holder["text"]) for holder in texts) - TOTAL_MAX
    while surplus > 0:
        longest = max(texts, key=lambda holder: len(holder["text"]))
        before = len(longest["text"])
        longest["text"] = cut(longest["text"], max(before // 2, before - surplus))
        surplus -= before - len(longest["text"])


def _texts(block: Block) -> list[Element]:
    holders = [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]
    found = [h["text"] if isinstance(h, dict) and isinstance(h.get("text"), dict) else h for h in holders]
    return [h for h in found if isinstance(h, dict) and isinstance(h.get("text"), str)]
