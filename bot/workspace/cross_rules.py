"""Which rules look at several fields, several blocks or a whole message at once? Each a function with its source.

No schema of single objects knows these; Slack does. `RULES` is the list of them.
"""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.workspace.refusal import Json
from bot.workspace.shape_check import Problem

_Check = Callable[[list[Json], str, str], Iterator[Problem]]  # (blocks, pointer of the list, surface)


@dataclass(frozen=True, slots=True)
class CrossRule:
    name: str
    source: str
    check: _Check


def _each(blocks: list[Json], at: str) -> Iterator[tuple[Json, str]]:
    """All blocks with their pointers, those in containers and cards in carousels too."""
    for i, block in enumerate(blocks):
        here = f"{at}/{i}"
        yield block, here
        if block.get("type") == "container":
            yield from _each(block.get("child_blocks", []), f"{here}/child_blocks")
        elif block.get("type") == "carousel":
            yield from _each(block.get("elements", []), f"{here}/elements")


def _elements(block: Json, at: str) -> Iterator[tuple[Json, str]]:
    """The elements of one block with their pointers."""
    for key in ("elements", "actions"):
        for i, element in enumerate(block.get(key) or ()):
            if block.get("type") != "carousel":
                yield element, f"{at}/{key}/{i}"
    for key in ("accessory", "element", "hero_image", "icon"):
        if isinstance(block.get(key), dict):
            yield block[key], f"{at}/{key}"


def _all_elements(blocks: list[Json], at: str) -> Iterator[tuple[Json, str]]:
    for block, here in _each(blocks, at):
        yield from _elements(block, here)


def section_has_content(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for block, here in _each(blocks, at):
        if block["type"] == "section" and "text" not in block and "fields" not in block:
            yield Problem("must define either `text` or `fields`", f"{here}/type", "missing_field")


def block_ids_differ(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for block, here in _each(blocks, at):
        block_id = block.get("block_id")
        if block_id and block_id in seen:
            yield Problem(f'`block_id` "{block_id}" already exists', f"{here}/block_id")
        seen.add(block_id or "")


def action_ids_differ(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for block, here in _each(blocks, at):
        seen: set[str] = set()
        for element, place in _elements(block, here):
            action_id = element.get("action_id")
            if action_id and action_id in seen:
                yield Problem(f'`action_id` "{action_id}" already exists', f"{place}/action_id")
            seen.add(action_id or "")


def image_has_one_source(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for image, here in _images(blocks, at):
        if ("image_url" in image) == ("slack_file" in image):
            yield Problem("failed to match exactly one allowed schema", here)
        file = image.get("slack_file")
        if isinstance(file, dict) and ("id" in file) == ("url" in file):
            yield Problem("invalid slack file", f"{here}/slack_file")


def image_can_be_downloaded(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for image, here in _images(blocks, at):
        url = image.get("image_url")
        if isinstance(url, str) and not _is_public(url):
            yield Problem("downloading image failed", f"{here}/image_url")


def _images(blocks: list[Json], at: str) -> Iterator[tuple[Json, str]]:
    for block, here in _each(blocks, at):
        if block["type"] == "image":
            yield block, here
        for element, place in _elements(block, here):
            if element.get("type") == "image":
                yield element, place


def _is_public(url: str) -> bool:
    """Could Slack's servers reach it? Not this machine, not a private network, not another scheme."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if (
        parts.scheme not in ("http", "https")
        or not host
        or host == "localhost"
        or host.endswith((".local", ".internal"))
    ):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host


def select_has_options_or_groups(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for element, here in _all_elements(blocks, at):
        if element.get("type") in ("static_select", "multi_static_select"):
            given = ("options" in element) + ("option_groups" in element)
            if given == 2:
                yield Problem("failed to match exactly one allowed schema", here)
            elif given == 0:
                yield Problem("missing required field: options", here, "missing_field")


def initial_options_are_offered(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for element, here in _all_elements(blocks, at):
        if element.get("type") not in ("static_select", "multi_static_select", "radio_buttons", "checkboxes"):
            continue
        groups = element.get("option_groups") or ()
        offered = [*(element.get("options") or ()), *(o for group in groups for o in group["options"])]
        known = {_option_key(option) for option in offered}
        if "initial_option" in element and _option_key(element["initial_option"]) not in known:
            yield Problem("must be one of the provided options", f"{here}/initial_option")
        for i, option in enumerate(element.get("initial_options") or ()):
            if _option_key(option) not in known:
                yield Problem("must be one of the provided options", f"{here}/initial_options/{i}")


def _option_key(option: Json) -> tuple[Any, Any]:
    return option.get("value"), option["text"].get("text")


def lengths_and_values_are_in_order(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for element, here in _all_elements(blocks, at):
        for low, high in (("min_length", "max_length"), ("min_value", "max_value"), ("min_lines", "max_lines")):
            if low in element and high in element and float(element[low]) > float(element[high]):
                yield Problem(f"`{low}` must not be greater than `{high}`", f"{here}/{low}")


def a_filter_filters(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for element, here in _all_elements(blocks, at):
        if element.get("filter") == {}:
            yield Problem("must provide at least 1 items", f"{here}/filter")


def files_are_asked_for_in_modals_only(blocks: list[Json], at: str, surface: str) -> Iterator[Problem]:
    for element, here in _all_elements(blocks, at):
        if element.get("type") == "file_input" and surface != "modal":
            yield Problem("unsupported type: file_input", f"{here}/type")


def one_element_has_the_focus(blocks: list[Json], at: str, surface: str) -> Iterator[Problem]:
    focused = [here for element, here in _all_elements(blocks, at) if element.get("focus_on_load")]
    if surface != "message":
        for here in focused[1:]:
            yield Problem("only one element can set `focus_on_load`", f"{here}/focus_on_load")


def a_card_shows_something(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for block, here in _each(blocks, at):
        if block["type"] == "card":
            if not any(block.get(key) for key in ("hero_image", "title", "body", "actions")):
                yield Problem("must define `hero_image`, `title`, `actions` or `body`", f"{here}/type", "missing_field")
            if "icon" in block and "slack_icon" in block:
                yield Problem("failed to match exactly one allowed schema", here)


def a_container_is_headed(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for block, here in _each(blocks, at):
        if block["type"] == "container":
            if "title" not in block and "rich_text_title" not in block:
                yield Problem("missing required field: title", here, "missing_field")
            if block.get("has_header_divider") and block.get("is_collapsible"):
                yield Problem("not allowed with `is_collapsible`", f"{here}/has_header_divider")
            if block.get("default_collapsed") and not block.get("is_collapsible"):
                yield Problem("requires `is_collapsible`", f"{here}/default_collapsed")


def buttons_prompt_before_they_display(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for element, here in _all_elements(blocks, at):
        if "agent_prompt_display" in element and "agent_prompt" not in element:
            yield Problem("missing required field: agent_prompt", here, "missing_field")


def rows_are_equally_long(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for block, here in _each(blocks, at):
        if block["type"] in ("table", "data_table"):
            columns = len(block["rows"][0])
            for i, row in enumerate(block["rows"]):
                if len(row) != columns:
                    yield Problem(f"must provide {columns} items", f"{here}/rows/{i}")
            if len(block.get("column_settings") or ()) > columns:
                yield Problem(f"no more than {columns} items allowed", f"{here}/column_settings")


def a_data_table_fits(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    total = 0
    for block, here in _each(blocks, at):
        if block["type"] == "data_table":
            for i, cell in enumerate(block["rows"][0]):
                if cell.get("type") == "rich_text":
                    yield Problem("unsupported type: rich_text", f"{here}/rows/0/{i}/type")
            if block.get("row_header_column_index", 0) >= len(block["rows"][0]):
                yield Problem(f"must be less than {len(block['rows'][0])}", f"{here}/row_header_column_index")
            total += sum(_characters(cell) for row in block["rows"] for cell in row)
            if total > _TABLE_CHARACTERS:
                yield Problem(f"must be less than {_TABLE_CHARACTERS + 1} characters", f"{here}/rows")


_TABLE_CHARACTERS = 20_000


def _characters(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_characters, value))
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_characters(item) for item in value.values() if isinstance(item, dict | list))
    return 0


def charts_agree_with_their_axes(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for block, here in _each(blocks, at):
        chart = block.get("chart")
        if block["type"] != "data_visualization" or not isinstance(chart, dict) or "series" not in chart:
            continue
        categories, names = chart["axis_config"]["categories"], set()
        if len(set(categories)) != len(categories):
            yield Problem("Input contains duplicate items", f"{here}/chart/axis_config/categories")
        for i, series in enumerate(chart["series"]):
            place = f"{here}/chart/series/{i}"
            if series["name"] in names:
                yield Problem("Input contains duplicate items", f"{here}/chart/series")
            names.add(series["name"])
            if sorted(point["label"] for point in series["data"]) != sorted(categories):
                yield Problem("labels must match the categories", f"{place}/data")


def tasks_are_told_apart(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    plans = [here for block, here in _each(blocks, at) if block["type"] == "plan"]
    for here in plans[1:]:
        yield Problem("only one `plan` block allowed", here)
    for block, here in _each(blocks, at):
        if block["type"] == "task_card" and block.get("status") == "pending":
            yield Problem("must be a valid enum value", f"{here}/status")
        ids = [task["task_id"] for task in block.get("tasks", ())]
        if len(set(ids)) != len(ids):
            yield Problem("Input contains duplicate items", f"{here}/tasks")


def two_charts_are_enough(blocks: list[Json], at: str, surface: str) -> Iterator[Problem]:
    charts = [here for block, here in _each(blocks, at) if block["type"] == "data_visualization"]
    if surface == "message":
        for here in charts[2:]:
            yield Problem("no more than 2 `data_visualization` blocks allowed", here)


def markdown_fits(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    total = 0
    for block, here in _each(blocks, at):
        if block["type"] == "markdown":
            total += len(block["text"])
            if total > _MARKDOWN_CHARACTERS:
                yield Problem(f"must be less than {_MARKDOWN_CHARACTERS + 1} characters", f"{here}/text")


_MARKDOWN_CHARACTERS = 12_000


def video_is_public(blocks: list[Json], at: str, _: str) -> Iterator[Problem]:
    for block, here in _each(blocks, at):
        for key in ("video_url", "title_url"):
            if block["type"] == "video" and key in block and not block[key].startswith("https://"):
                yield Problem("input must match regex pattern: ^https://", f"{here}/{key}")


RULES: tuple[CrossRule, ...] = (
    CrossRule("section content", "recorded: must define either `text` or `fields`", section_has_content),
    CrossRule("block_id unique", "D/blocks: block_id should be unique for each message", block_ids_differ),
    CrossRule(
        "action_id unique",
        "D/block-elements: unique in the containing block; recorded within one actions block",
        action_ids_differ,
    ),
    CrossRule("image source", "D/blocks/image-block: image_url or slack_file", image_has_one_source),
    CrossRule("image reachable", "recorded: downloading image failed", image_can_be_downloaded),
    CrossRule("options or groups", "D/block-elements/select-menu-element", select_has_options_or_groups),
    CrossRule("initial option", "D/block-elements: must exactly match one of the options", initial_options_are_offered),
    CrossRule(
        "minimum, maximum",
        "D/block-elements/plain-text-input-element, number-input-element",
        lengths_and_values_are_in_order,
    ),
    CrossRule("filter", "D/composition-objects/conversation-filter-object: at least one field", a_filter_filters),
    CrossRule("file_input", "D/block-elements/file-input-element: modals only", files_are_asked_for_in_modals_only),
    CrossRule("one focus", "D/block-elements: only one focus_on_load", one_element_has_the_focus),
    CrossRule("card content", "D/blocks/card-block", a_card_shows_something),
    CrossRule("container", "D/blocks/container-block", a_container_is_headed),
    CrossRule("agent prompt", "slack_sdk 3.47", buttons_prompt_before_they_display),
    CrossRule(
        "table rows", "slackblocks spec 1.0.1: table-ragged-rows, table-column-settings-mismatch", rows_are_equally_long
    ),
    CrossRule("data table", "D/blocks/data-table-block", a_data_table_fits),
    CrossRule("chart", "D/blocks/data-visualization-block", charts_agree_with_their_axes),
    CrossRule("tasks", "D/blocks/plan-block, D/blocks/task-card-block", tasks_are_told_apart),
    CrossRule(
        "two charts",
        "slackblocks spec: message.data_visualizations.max_items; undocumented by Slack",
        two_charts_are_enough,
    ),
    CrossRule("markdown total", "D/blocks/markdown-block: cumulative 12,000", markdown_fits),
    CrossRule("video", "D/blocks/video-block: publicly accessible https", video_is_public),
)


def check_together(blocks: list[Json], at: str, surface: str) -> list[Problem]:
    """All problems of valid-looking blocks taken together."""
    return [problem for rule in RULES for problem in rule.check(blocks, at, surface)]


def modal_problems(view: Json) -> list[Problem]:
    """`input` needs `submit` (recorded: node-slack-sdk#875)."""
    if view.get("submit") is not None:
        return []
    return [
        Problem("must define `submit` to use `input` block", f"/view/blocks/{i}/input")
        for i, block in enumerate(view["blocks"])
        if block["type"] == "input"
    ]


def table_count(blocks: list[Json]) -> int:
    return sum(block["type"] in ("table", "data_table") for block, _ in _each(blocks, ""))


def text_total(blocks: list[Json]) -> int:
    """Characters of all texts in the blocks: what `msg_blocks_too_long` counts."""
    return sum(_characters(block) for block in blocks)
