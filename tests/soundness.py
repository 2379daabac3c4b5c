"""Would Slack take everything that Tocsin says in any test? Each message and form is checked as it is worded.

The workspace checks what reaches it, but the courier then tells the same without blocks, so a refusal could go unseen;
and some tests word messages that no workspace ever sees.
"""

from collections.abc import Iterator

import pytest

from bot.slack.render import Message, Renderer
from bot.workspace.validate import check_blocks, check_totals, check_view

TEXT_MAX = 4_000  # longer ones are split by Slack: docs.slack.dev/reference/methods/chat.postMessage


def problems_of(message: Message) -> list[str]:
    blocks = [dict(block) for block in message.blocks]
    found = [problem.line for problem in check_blocks(blocks)]
    too_much = None if found else check_totals(blocks)
    found += [too_much.error] if too_much else []
    found += [] if message.text else ["no_text"]
    return found + (["the text is longer than Slack shows in one message"] if len(message.text) > TEXT_MAX else [])


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is worded from now on that Slack would refuse, as it happens."""
    found: list[str] = []
    render, render_form = Renderer.render, Renderer.render_form

    def rendered(self: Renderer, name: str, page: object) -> Message:
        message = render(self, name, page)
        found.extend(f"{name}: {problem}" for problem in problems_of(message))
        return message

    def rendered_form(self: Renderer, name: str, page: object) -> dict[str, object]:
        view = render_form(self, name, page)
        found.extend(f"{name}: {problem.line}" for problem in check_view(view))
        return view

    monkeypatch.setattr(Renderer, "render", rendered)
    monkeypatch.setattr(Renderer, "render_form", rendered_form)
    return found


@pytest.fixture(autouse=True)
def unsound(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fails a test in which Tocsin says what Slack would refuse. A test that means it takes it out of the list."""
    found = watch(monkeypatch)
    yield found
    assert found == []
