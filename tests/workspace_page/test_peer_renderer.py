"""Does a renderer not written by us show the same words in the same order? slack-blocks-to-jsx, from npm, on Node.

What it draws otherwise than Slack documents, or not at all, is listed in PEER_LACKS with the reason.
"""

import json
from pathlib import Path
from typing import Any

from tests.workspace_page.conftest import Opener
from tests.workspace_page.messages import actions, button, field, from_app, mrkdwn, option, plain
from tests.workspace_page.peer import our_words, packages, peer_html, peer_words
from tests.workspace_page.stage import ANA, BEN, BOT, INCIDENTS, RANDOM, Stage

__all__ = ["packages"]
Json = dict[str, Any]

PEER_LACKS = {
    "data_table": "it renders nothing",
    "data_visualization": "its axes carry other tick marks, and ours adds the figures as a table",
    "video": "it embeds a player and leaves out the provider",
    "file": "it leaves the block out",
    "context_actions": "it shows words where Slack and we show pictures with labels",
    "input": "it fills placeholders in as words",
    "image": "it shows no words where we say that a picture was not loaded",
    "card": "as image: the example has a hero image",
    "plan": "it hides what its tasks have put out",
    "task_card": "it hides what the task has put out",
}


SAMPLES: dict[str, list[Json]] = {
    "an incident": [
        {"type": "header", "text": plain("checkout: a new error, 80 times a minute")},
        {
            "type": "section",
            "text": mrkdwn("`Payment declined for card` first seen after *checkout 1.4.2*, _3 min_ ago"),
        },
        {
            "type": "section",
            "fields": [mrkdwn("*Severity*\ncritical"), mrkdwn("*Status*\nopen"), plain("plain *field*")],
        },
        actions(button("Roll back checkout", "a", style="danger"), button("Acknowledge", "b", style="primary")),
        {"type": "context", "elements": [mrkdwn("3 signals"), plain("opened today")]},
        {"type": "divider"},
    ],
    "people and places": [
        {"type": "section", "text": mrkdwn(f"<@{ANA}> and <@{BEN}> in <#{RANDOM}> <https://a.example/x|the board>")}
    ],
    "escaped": [{"type": "section", "text": mrkdwn("a &lt;b&gt; &amp; c, x &lt; y")}],
    "a list and a quote": [
        {"type": "section", "text": mrkdwn("first line\n&gt; quoted words\n```code here```\nlast line")}
    ],
    "strike": [{"type": "section", "text": mrkdwn("~gone~ *bold* plain")}],
    "rich text": [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "Deployed ", "style": {"bold": True}},
                        {"type": "link", "url": "https://a.example", "text": "1.4.2"},
                        {"type": "text", "text": " to production"},
                    ],
                },
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": item}]}
                        for item in ("one", "two")
                    ],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a = b"}]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "wise words"}]},
            ],
        }
    ],
    "markdown": [
        {
            "type": "markdown",
            "text": "# Title\nSome **bold** and *italic* `code`\n\n- one\n- two\n\n1. first\n2. second",
        }
    ],
    "a table": [
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": cell} for cell in row]
                for row in (("Service", "Errors"), ("checkout", "80"))
            ],
        }
    ],
    "accessory": [{"type": "section", "text": mrkdwn("checkout is down"), "accessory": button("Why?", "why")}],
    "choices": [
        {
            "type": "section",
            "text": plain("Notify"),
            "accessory": {
                "type": "radio_buttons",
                "action_id": "r",
                "options": [option("Everybody"), option("Nobody")],
            },
        }
    ],
}


def test_the_same_words_in_the_same_order(stage: Stage, open_page: Opener, packages: Path) -> None:
    stage.messages[INCIDENTS] = [from_app(BOT, *blocks) for blocks in SAMPLES.values()]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    theirs = peer_words(page, peer_html(packages, list(SAMPLES.values())))
    assert dict(zip(SAMPLES, our_words(page), strict=True)) == dict(zip(SAMPLES, theirs, strict=True))


def test_the_published_examples_read_the_same(stage: Stage, open_page: Opener, packages: Path, shared: Path) -> None:
    paths = sorted((shared / "slack/slackblocks-spec/spec/fixtures/valid/blocks").glob("*.json"))
    paths = [path for path in paths if json.loads(path.read_text())["type"] not in PEER_LACKS]
    assert len(paths) >= 12
    blocks = [json.loads(path.read_text()) for path in paths]
    stage.messages[INCIDENTS] = [from_app(BOT, block) for block in blocks]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    theirs = peer_words(page, peer_html(packages, [[block] for block in blocks]))
    names = [path.stem for path in paths]
    assert dict(zip(names, our_words(page), strict=True)) == dict(zip(names, theirs, strict=True))


def test_a_form_field_carries_its_label_in_both(stage: Stage, open_page: Opener, packages: Path) -> None:
    block = field("b", "Reason", {"type": "plain_text_input", "action_id": "a"}, hint=plain("One sentence"))
    stage.messages[INCIDENTS] = [from_app(BOT, block)]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    [theirs] = peer_words(page, peer_html(packages, [[block]]))
    assert our_words(page) == [["Reason", "One", "sentence"]]
    assert [word for word in theirs if word in ("Reason", "One", "sentence")] == ["Reason", "One", "sentence"]
