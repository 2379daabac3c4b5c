"""Does our validator say no wherever validators not written by us do? Fixtures and generated payloads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from bot.workspace.validate import check_attachments, check_blocks, check_view
from tests.conftest import shared_data
from tests.workspace.oracles import DEFINITIONS, TypesSchema, slackblocks_refuses
from tests.workspace.payloads import Unknown, blocks, spoiled, views

Json = dict[str, Any]

# What @slack/types 3.2.0 does not know yet, with the word of Slack (or of its SDK) that it exists.
TYPES_UNKNOWN: Unknown = frozenset(
    {
        ("data_visualization", ""),  # docs.slack.dev/reference/block-kit/blocks/data-visualization-block
        ("header", "level"),  # slack_sdk 3.47, models.blocks.HeaderBlock
        ("card", "slack_icon"),  # slackblocks spec 1.0.1, fixture card_block
        ("card", "subtext"),
        ("button", "agent_prompt"),  # slack_sdk 3.47, ButtonElement
        ("button", "agent_prompt_display"),
        ("rich_text_input", "min_lines"),  # slackblocks 3.0
        ("rich_text_input", "max_lines"),
        ("rich_text_list", "offset"),  # docs: rich_text_list
        ("rich_text_preformatted", "language"),  # slack_sdk 3.47
        ("mention_style", "highlight"),  # docs: user, usergroup and channel elements
        ("mention_style", "client_highlight"),
        ("mention_style", "unlink"),
        ("rich_option", "description"),  # recorded with mrkdwn: vercel-chat-replay, radioButtonsAction
    }
)
# What slackblocks 3.0 cannot build, though Slack documents it (or it takes another form).
SLACKBLOCKS_UNKNOWN: Unknown = frozenset(
    {
        ("header", "level"),
        ("broadcast", ""),  # docs: rich text elements
        ("color", ""),
        ("date", ""),
        ("team", ""),
        ("emoji", "unicode"),
        ("emoji", "url"),
        ("rich_text_preformatted", "language"),
        ("text_style", "underline"),  # @slack/types
        ("multi_external_select", "focus_on_load"),  # docs: multi-select menu, external data source
        ("radio_buttons", "initial_option"),  # compared by identity of the text object, so never a member
        ("static_select", "initial_option"),
        ("multi_static_select", "initial_options"),
        ("checkboxes", "initial_options"),
        ("confirm", "style"),
        ("section", "expand"),  # docs: section
        ("filter", "include"),
        ("table", ""),  # cells: it takes rich_text_section where Slack takes rich_text
        ("image", "slack_file"),
        ("emoji", "style"),
        ("card", "subtitle"),
    }
)
# What slackblocks refuses and Slack does not: the reason it gives, and Slack's word.
SLACKBLOCKS_STRICTER = {
    r"ConfirmationDialogue.__init__\(\) missing": "@slack/types: only `text` is required, the rest has defaults",
    r"Trigger.__init__\(\) missing .*customizable_input_parameters": "@slack/types and docs: optional",
}
ROOT = ("slackblocks-spec", "spec", "fixtures", "valid")


@pytest.fixture(scope="module")
def types() -> TypesSchema:
    return TypesSchema(shared_data("slack", "slack-types-3.2.0.schema.json"))


def ours(value: Json, surface: str) -> list[str]:
    if value.get("type") in ("modal", "home"):
        return [problem.line for problem in check_view(value)]
    return [problem.line for problem in check_blocks([value], surface=surface)]


def stricter(reason: str | None) -> bool:
    return reason is not None and any(re.search(known, reason) for known in SLACKBLOCKS_STRICTER)


def fixtures(folder: str) -> list[Path]:
    return sorted(shared_data("slack", *ROOT, folder).glob("*.json"))


# The fixtures that we refuse, and why that is right.
REFUSED = {
    "task_card_block": "slackblocks itself: only tasks of a plan may be pending",
}


def test_every_valid_block_and_view_of_slackblocks_is_taken_except_the_listed() -> None:
    refused = {}
    for path in [*fixtures("blocks"), *fixtures("views")]:
        value = json.loads(path.read_text())
        surface = "modal" if value["type"] == "alert" else "message"
        if problems := ours(value, surface):
            refused[path.stem] = problems
    assert set(refused) == set(REFUSED), refused


def test_every_attachment_and_message_of_slackblocks_is_taken_except_repeated_block_ids() -> None:
    for path in [*fixtures("attachments"), *fixtures("messages")]:
        message = json.loads(path.read_text())
        attachments = message.get("attachments") or ([message] if "blocks" in message else [])
        lines = [problem.line for problem in check_attachments(attachments)]
        lines += [problem.line for problem in check_blocks(message.get("blocks") or [])]
        assert all("already exists" in line for line in lines), (path.stem, lines)


def test_the_verdict_on_every_fixture_is_that_of_the_schema_of_slack_types(types: TypesSchema) -> None:
    listed = {
        "card_block": "slack_icon and subtext are newer than the schema",
        "task_card_block": REFUSED["task_card_block"],
    }
    for path in [*fixtures("blocks"), *fixtures("views")]:
        value = json.loads(path.read_text())
        if value["type"] not in DEFINITIONS or path.stem in listed:
            continue
        surface = "modal" if value["type"] == "alert" else "message"
        assert bool(types.refuses(value)) == bool(ours(value, surface)), path.stem


settings.register_profile(
    "differential",
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example],
)
DIFFERENTIAL = settings.get_profile("differential")


@given(value=spoiled(blocks(TYPES_UNKNOWN)))
@settings(DIFFERENTIAL)
def test_no_generated_block_is_taken_that_the_schema_refuses(types: TypesSchema, value: Json) -> None:
    surface = "modal" if value.get("type") == "alert" else "message"
    if not ours(value, surface):
        assert types.refuses(value) is None


@given(value=spoiled(views(TYPES_UNKNOWN)))
@settings(DIFFERENTIAL)
def test_no_generated_view_is_taken_that_the_schema_refuses(types: TypesSchema, value: Json) -> None:
    if not ours(value, "modal"):
        assert types.refuses(value) is None


@given(value=spoiled(blocks(SLACKBLOCKS_UNKNOWN)))
@settings(DIFFERENTIAL)
def test_no_generated_block_is_taken_that_slackblocks_refuses(value: Json) -> None:
    surface = "modal" if value.get("type") == "alert" else "message"
    if not ours(value, surface):
        reason = slackblocks_refuses(value, surface)
        assert reason is None or stricter(reason)


@given(value=spoiled(views(SLACKBLOCKS_UNKNOWN)))
@settings(DIFFERENTIAL)
def test_no_generated_view_is_taken_that_slackblocks_refuses(value: Json) -> None:
    if not ours(value, "modal"):
        reason = slackblocks_refuses(value, "modal")
        assert reason is None or stricter(reason)


@given(value=blocks(TYPES_UNKNOWN))
@settings(DIFFERENTIAL)
def test_what_both_others_take_we_take_but_for_rules_they_do_not_know(types: TypesSchema, value: Json) -> None:
    surface = "modal" if value["type"] == "alert" else "message"
    assume(value["type"] in DEFINITIONS)
    if types.refuses(value) is None and slackblocks_refuses(value, surface) is None:
        unknown_to_them = (
            "already exists",
            "exactly one allowed schema",
            "one of the provided options",
            "slack file",
            "focus_on_load",
            "missing required field",
            "unsupported type: file_input",
            "characters [json-pointer",
            "items",
        )
        assert all(any(known in line for known in unknown_to_them) for line in ours(value, surface)), ours(
            value, surface
        )
