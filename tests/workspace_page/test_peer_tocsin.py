"""Does a renderer not written by us read Tocsin's own messages as our page does: the same words in the same order?"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.slack.render import Message, Renderer
from tests.templates.test_messages import MESSAGES
from tests.workspace_page.conftest import Opener
from tests.workspace_page.messages import from_app, mrkdwn
from tests.workspace_page.peer import our_words, packages, peer_html, peer_words
from tests.workspace_page.stage import ANA, BEN, BOT, INCIDENTS, Stage

__all__ = ["packages"]
Json = dict[str, Any]


AT_ONCE = 70
"""Messages on the page; it shows the last hundred."""


ESCAPED_MARKUP = re.compile(r"&lt;(?:[@!#]|https?:)")
"""The peer takes `&lt;@U1&gt;` for a mention. Slack shows it as it stands (docs.slack.dev/messaging/
formatting-message-text: only `<` itself begins one), and so does our page."""


def _is_read_alike(case: tuple[str, object]) -> bool:
    return not ESCAPED_MARKUP.search(json.dumps(Renderer().render(*case).blocks))


COMPARED = [case for case in MESSAGES if _is_read_alike(case)]


def test_nearly_every_kind_of_message_is_compared() -> None:
    assert len(COMPARED) > 100
    only_hostile = {name for name, _ in MESSAGES} - {name for name, _ in COMPARED}
    assert only_hostile <= {"replies/silenced"}


@pytest.mark.parametrize("first", range(0, len(COMPARED), AT_ONCE))
def test_every_message_of_tocsin_reads_the_same(stage: Stage, open_page: Opener, packages: Path, first: int) -> None:
    cases = COMPARED[first : first + AT_ONCE]
    said = [Renderer().render(*case) for case in cases]
    stage.messages[INCIDENTS] = [_for_the_page(message) for message in said]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    ours, theirs = our_words(page), peer_words(page, peer_html(packages, [_for_the_peer(m) for m in said]))
    assert len(ours) == len(cases)
    different = {f"{name} {i}": (ours[i], theirs[i]) for i, (name, _) in enumerate(cases) if ours[i] != theirs[i]}
    assert different == {}


def _for_the_page(message: Message) -> Json:
    return from_app(BOT, *_with_our_people(message.blocks), text=_with_our_people(message.text))


def _for_the_peer(message: Message) -> list[Json]:
    """It draws blocks only, and takes `verbatim` for "parse nothing"; Slack still reads `<…>` and styles then
    (docs.slack.dev/reference/block-kit/composition-objects/text-object)."""
    blocks = message.blocks or [{"type": "section", "text": mrkdwn(message.text)}]
    made: list[Json] = json.loads(json.dumps(_with_our_people(blocks)).replace(', "verbatim": true', ""))
    return made


def _with_our_people(said: Any) -> Any:
    return json.loads(json.dumps(said).replace("@UANA>", f"@{ANA}>").replace("@UBEN>", f"@{BEN}>"))
