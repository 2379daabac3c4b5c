"""Are bad blocks refused in Slack's own words? Strings recorded from Slack, or templates of its engine."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace import Workspace
from bot.workspace.block_rules import BLOCKS, ELEMENTS
from bot.workspace.cross_rules import RULES
from bot.workspace.object_rules import CHARTS, OBJECTS, RICH_TEXT, VIEWS
from bot.workspace.validate import check_blocks, check_totals, check_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str = "words", **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def option(text: str = "High", value: str = "high") -> Json:
    return {"text": plain(text), "value": value}


def button(action_id: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Why"), "submit": plain("Ask"), "blocks": list(blocks), **more}


def entry(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Reason"), "element": element, **more}


def overflow(count: int) -> Json:
    return {"type": "overflow", "action_id": "more", "options": [option(f"o{i}", f"v{i}") for i in range(count)]}


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": [option()], **more}


RECORDED_BLOCKS: list[tuple[list[Json], str]] = [
    ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([section(), section("")], "must be more than 0 characters [json-pointer:/blocks/1/text/text]"),
    (
        [section(), section(), section(accessory=overflow(6))],
        "no more than 5 items allowed [json-pointer:/blocks/2/accessory/options]",
    ),
    ([section() for _ in range(51)], "no more than 50 items allowed [json-pointer:/blocks]"),
    ([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0/type]"),
    (
        [section(), {"type": "actions", "elements": [button("x"), button("x")]}],
        '`action_id` "x" already exists [json-pointer:/blocks/1/elements/1/action_id]',
    ),
    ([{"type": "nonsense"}], "unsupported type: nonsense [json-pointer:/blocks/0/type]"),
    (
        [section(), {"type": "actions", "elements": [button(f"b{i}") for i in range(26)]}],
        "no more than 25 items allowed [json-pointer:/blocks/1/elements]",
    ),
    (
        [section(), {"type": "image", "alt_text": "a plot", "image_url": "http://localhost:8080/plot.png"}],
        "downloading image failed [json-pointer:/blocks/1/image_url]",
    ),
    (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    ([section(disabled=True)], "invalid additional property: disabled [json-pointer:/blocks/0]"),
    (
        [section(accessory=button("b", style="blue"))],
        "must be a valid enum value [json-pointer:/blocks/0/accessory/style]",
    ),
    ([section(accessory={"type": "button"})], "missing required field: text [json-pointer:/blocks/0/accessory]"),
    ([section(expand="yes")], "must be a boolean [json-pointer:/blocks/0/expand]"),
    ([section(block_id=7)], "must provide a string [json-pointer:/blocks/0/block_id]"),
    ([section(accessory=[])], "must provide an object [json-pointer:/blocks/0/accessory]"),
    ([{"type": "context", "elements": "a"}], "must provide an array [json-pointer:/blocks/0/elements]"),
    ([{"type": "context", "elements": []}], "must provide at least 1 items [json-pointer:/blocks/0/elements]"),
    ([section(block_id="a"), section(block_id="a")], '`block_id` "a" already exists [json-pointer:/blocks/1/block_id]'),
]
RECORDED_VIEWS: list[tuple[Json, str]] = [
    (modal(section(), title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
    (
        modal(section(), private_metadata="x" * 3001),
        "must be less than 3001 characters [json-pointer:/view/private_metadata]",
    ),
    (
        modal(*[section() for _ in range(13)], {"type": "section", "fields": [plain("f")] * 11}),
        "no more than 10 items allowed [json-pointer:/view/blocks/13/fields]",
    ),
    (
        modal({"type": "actions", "elements": [{"type": "checkboxes", "action_id": "c", "options": [option()] * 11}]}),
        "no more than 10 items allowed [json-pointer:/view/blocks/0/elements/0/options]",
    ),
    (
        {
            key: value
            for key, value in modal(entry({"type": "plain_text_input", "action_id": "a"})).items()
            if key != "submit"
        },
        "must define `submit` to use `input` block [json-pointer:/view/blocks/0/input]",
    ),
    (
        modal(entry(select(initial_option=None))),
        "must provide an object [json-pointer:/view/blocks/0/element/initial_option]",
    ),
    (
        modal(section(), entry(select(initial_option=option("x" * 76)))),
        "must be less than 76 characters [json-pointer:/view/blocks/1/element/initial_option/text/text]",
    ),
    (modal(section(), submit_disabled=True), "invalid additional property: submit_disabled [json-pointer:/view]"),
    (
        {"type": "home", "title": plain("no"), "blocks": [section()]},
        "invalid additional property: title [json-pointer:/view]",
    ),
]


@pytest.mark.parametrize(("blocks", "line"), RECORDED_BLOCKS, ids=[line for _, line in RECORDED_BLOCKS])
async def test_bad_blocks_are_refused_in_slacks_words_and_shape(
    client: AsyncWebClient, blocks: list[Json], line: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="#incidents", text="fallback", blocks=blocks)
    answer = caught.value.response.data
    assert answer == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [line],
        "response_metadata": {"messages": [f"[ERROR] {line}"]},
    }


@pytest.mark.parametrize(("view", "line"), RECORDED_VIEWS, ids=[line for _, line in RECORDED_VIEWS])
async def test_bad_views_are_refused_with_the_outer_line_first(
    workspace: Workspace, client: AsyncWebClient, view: Json, line: str
) -> None:
    is_home = view["type"] == "home"
    method = "views.publish" if is_home else "views.open"
    about = {"user_id": workspace.users["ana"]} if is_home else {"trigger_id": "1.2.3"}
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json={**about, "view": view})
    assert caught.value.response.data == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {
            "messages": ["[ERROR] failed to match all allowed schemas [json-pointer:/view]", f"[ERROR] {line}"]
        },
    }


async def test_blocks_validate_needs_no_token_and_lists_errors_as_objects(workspace: Workspace) -> None:
    client = AsyncWebClient(base_url=workspace.base_url)
    assert (await client.api_call("blocks.validate", json={"blocks": [section()]}))["ok"] is True
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("blocks.validate", json={"blocks": [section("x" * 3001)]})
    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["errors"] == [
        {
            "code": "failed_constraint",
            "message": "must be less than 3001 characters",
            "pointer": "/blocks/0/text/text",
            "constraint": {"type": "max_length", "expected": 3000, "got": 3001},
            "field": "text",
        }
    ]
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.api_call("blocks.validate", json={"blocks": [], "view": {}})


def refused(*blocks: Json, surface: str = "message") -> list[str]:
    return [problem.line for problem in check_blocks(list(blocks), surface=surface)]


def table(rows: int, kind: str = "table") -> Json:
    cell = {"type": "raw_text", "text": "x"}
    return {"type": kind, "rows": [[cell]] * rows, **({"caption": "c"} if kind == "data_table" else {})}


# Seven kinds of rule that neither slackblocks nor the schema of @slack/types knows.
def test_an_action_id_is_used_once_in_a_block_and_may_come_again_in_another() -> None:
    again = {"type": "actions", "elements": [button("a")]}
    assert refused(again, dict(again)) == []
    assert len(refused({"type": "actions", "elements": [button("a"), button("a")]})) == 1


def test_a_block_id_is_used_once_in_a_message_containers_included() -> None:
    inner = {"type": "container", "title": plain("t"), "child_blocks": [section(block_id="a")]}
    assert refused(section(block_id="a"), inner) == [
        '`block_id` "a" already exists [json-pointer:/blocks/1/child_blocks/0/block_id]'
    ]


def test_a_form_with_an_input_needs_a_submit_button() -> None:
    view = modal(entry({"type": "plain_text_input", "action_id": "a"}))
    assert check_view(view) == []
    del view["submit"]
    assert [problem.message for problem in check_view(view)] == ["must define `submit` to use `input` block"]


def test_one_element_of_a_form_has_the_focus() -> None:
    first = entry({"type": "plain_text_input", "action_id": "a", "focus_on_load": True})
    second = entry({"type": "plain_text_input", "action_id": "b", "focus_on_load": True})
    assert check_view(modal(first)) == []
    assert len(check_view(modal(first, second))) == 1


def test_a_message_holds_one_table_of_either_kind() -> None:
    assert check_totals([table(2)]) is None
    refusal = check_totals([table(2), table(2, "data_table")])
    assert refusal is not None
    assert refusal.error == "invalid_attachments"
    assert refusal.extra["response_metadata"]["messages"] == ["[ERROR] only_one_table_allowed"]


def test_a_message_holds_twelve_thousand_characters_in_all() -> None:
    assert check_totals([section("x" * 3000)] * 4) is None
    refusal = check_totals([section("x" * 3000)] * 4 + [section("x")])
    assert refusal is not None
    assert refusal.error == "msg_blocks_too_long"


def test_images_must_be_reachable_from_outside() -> None:
    for url in ("http://127.0.0.1/a.png", "http://10.0.0.7/a.png", "http://plots.internal/a", "file:///a", "data:,a"):
        assert refused({"type": "image", "alt_text": "a", "image_url": url}), url
    assert refused({"type": "image", "alt_text": "a", "image_url": "https://example.com/a.png"}) == []


def test_plans_charts_and_markdown_are_limited_in_a_message() -> None:
    plan = {"type": "plan", "title": "t", "tasks": [{"task_id": "1", "title": "t", "status": "pending"}]}
    assert refused(plan) == []
    assert len(refused(plan, plan)) == 1
    pie = {
        "type": "data_visualization",
        "title": "t",
        "chart": {"type": "pie", "segments": [{"label": "a", "value": 1}]},
    }
    assert refused(pie, pie) == []
    assert len(refused(pie, pie, pie)) == 1
    half = {"type": "markdown", "text": "x" * 6000}
    assert refused(half, half) == []
    assert len(refused(half, half, {"type": "markdown", "text": "x"})) == 1


def test_every_block_stands_only_on_its_surfaces() -> None:
    assert refused({"type": "alert", "text": plain("a")}) == ["unsupported type: alert [json-pointer:/blocks/0/type]"]
    assert refused({"type": "alert", "text": plain("a")}, surface="modal") == []
    assert refused({"type": "markdown", "text": "a"}, surface="home") != []
    assert refused(entry({"type": "file_input", "action_id": "f"})) != []
    assert refused(entry({"type": "file_input", "action_id": "f"}), surface="modal") == []


def test_lengths_count_code_points() -> None:
    assert refused(section("🦉" * 3000)) == []
    assert refused(section("🦉" * 3001)) != []


def test_every_rule_names_its_source() -> None:
    shapes = {**BLOCKS, **ELEMENTS, **OBJECTS, **RICH_TEXT, **CHARTS, **VIEWS}
    assert [name for name, shape in shapes.items() if not shape.source] == []
    assert [rule.name for rule in RULES if not rule.source] == []
