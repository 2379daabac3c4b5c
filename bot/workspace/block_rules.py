"""What may stand in blocks, elements, composition objects and views? One table, each row with its source.

`D/…` is a page below docs.slack.dev/reference/block-kit, `TS` is @slack/types 3.2.0, `SB` is slackblocks 3.0 (where the
docs give no number); a number after the kind is Slack's limit. Rules that look at several fields at once are in
`cross_rules`. Where sources disagree the reason stands beside the row.
"""

from bot.workspace.rule_kinds import (
    MRKDWN,
    PLAIN,
    Flag,
    Kind,
    Many,
    Nullable,
    Number,
    Shape,
    Shaped,
    String,
    Text,
    Typed,
    Word,
)

URL = String(3000)
ID = String(255, 1)
ANY = String()


def _plain(longest: int) -> Text:
    return Text(longest, (PLAIN,))


PLACEHOLDER = _plain(150)  # D/block-elements: every placeholder
CONFIRM = Shaped("confirm")
OPTION, RICH_OPTION, LINK_OPTION = Shaped("option"), Shaped("rich_option"), Shaped("link_option")
DISPATCH = Shaped("dispatch_action_config")

SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTI_SELECTS = tuple(f"multi_{name}" for name in SELECTS)
PICKERS = ("datepicker", "timepicker", "datetimepicker")
GROUPS = ("checkboxes", "radio_buttons")
# D/blocks/section-block, actions-block, input-block: which element may stand where. datetimepicker is no accessory, and
# rich_text_input is an action in TS only; the docs' tables list neither the one nor refuse the other.
ACCESSORIES = (
    "button",
    "image",
    "overflow",
    "workflow_button",
    "datepicker",
    "timepicker",
    *SELECTS,
    *MULTI_SELECTS,
    *GROUPS,
)
ACTIONS = ("button", "overflow", "workflow_button", "rich_text_input", *PICKERS, *SELECTS, *MULTI_SELECTS, *GROUPS)
TEXT_INPUTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input")
INPUTS = (*TEXT_INPUTS, "file_input", *PICKERS, *SELECTS, *MULTI_SELECTS, *GROUPS)
CHILD_BLOCKS = (
    "actions",
    "context",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "table",
    "video",
)

# Which block stands on which surface: the Surfaces column of D/blocks (docs.slack.dev/blocks.json).
_EVERYWHERE = frozenset(
    {"actions", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
)
_MESSAGE_AND_HOME = frozenset({"carousel", "container", "data_table", "data_visualization", "table"})
SURFACES: dict[str, frozenset[str]] = {
    "message": _EVERYWHERE | _MESSAGE_AND_HOME | {"context_actions", "file", "markdown", "plan", "task_card"},
    "modal": _EVERYWHERE | {"alert"},
    "home": _EVERYWHERE | _MESSAGE_AND_HOME,
}


def _block(source: str, **fields: Kind) -> Shape:
    return Shape(source, {"type!": ANY, "block_id": String(255), **_named(fields)})


def _element(source: str, **fields: Kind) -> Shape:
    """Every element may have an action_id; where the docs require one, `action_id_` is among the fields."""
    named = _named(fields)
    return Shape(source, {"type!": ANY, **({} if "action_id!" in named else {"action_id": ID}), **named})


def _object(source: str, **fields: Kind) -> Shape:
    return Shape(source, _named(fields))


def _named(fields: dict[str, Kind]) -> dict[str, Kind]:
    """`text_` in a keyword is the required field `text!`."""
    return {f"{name[:-1]}!" if name.endswith("_") else name: kind for name, kind in fields.items()}


def _select(source: str, *, multi: bool, **fields: Kind) -> Shape:
    common: dict[str, Kind] = {"confirm": CONFIRM, "focus_on_load": Flag(), "placeholder": PLACEHOLDER}
    if multi:
        common["max_selected_items"] = Number(1)
    return _element(source, **common, **fields)


def _input(source: str, **fields: Kind) -> Shape:
    common: dict[str, Kind] = {"dispatch_action_config": DISPATCH, "focus_on_load": Flag(), "placeholder": PLACEHOLDER}
    return _element(source, **common, **fields)


BLOCKS: dict[str, Shape] = {
    "actions": _block("D/blocks/actions-block", elements_=Many(Typed(ACTIONS), 25, 1)),
    "alert": _block(
        "D/blocks/alert-block", text_=Text(200), level=Word(("default", "info", "warning", "error", "success"))
    ),
    "card": _block(
        "D/blocks/card-block; subtext and slack_icon: SB, spec 1.0.1",
        hero_image=Typed(("image",)),
        icon=Typed(("image",)),
        slack_icon=Shaped("slack_icon"),
        title=Text(150, (MRKDWN,)),
        subtitle=Text(150, (MRKDWN,)),
        body=Text(200, (MRKDWN,)),
        subtext=Text(200, (MRKDWN,)),
        actions=Many(Typed(("button",)), 3),
    ),
    "carousel": _block("D/blocks/carousel-block", elements_=Many(Typed(("card",)), 10, 1)),
    "container": _block(
        "D/blocks/container-block",
        title=_plain(150),
        rich_text_title=Typed(("rich_text",)),
        subtitle=Text(150),
        child_blocks_=Many(Typed(CHILD_BLOCKS, is_block=True), 10, 1),
        icon=Typed(("image",)),
        width=Word(("narrow", "standard", "wide", "full")),
        is_collapsible=Flag(),
        default_collapsed=Flag(),
        has_header_divider=Flag(),
    ),
    "context": _block("D/blocks/context-block", elements_=Many(Typed(("image", PLAIN, MRKDWN)), 10, 1)),
    "context_actions": _block(
        "D/blocks/context-actions-block", elements_=Many(Typed(("feedback_buttons", "icon_button")), 5, 1)
    ),
    "data_table": _block(
        "D/blocks/data-table-block; 201 rows: SB (the docs of mid-2026 say 101)",
        caption_=String(None, 1),
        rows_=Many(Many(Typed(("raw_text", "raw_number", "rich_text")), 20, 1), 201, 2),
        page_size=Number(1, 100),
        row_header_column_index=Number(0),
    ),
    "data_visualization": _block(
        "D/blocks/data-visualization-block; unknown to TS",
        title_=String(50, 1),
        chart_=Typed(("pie", "bar", "area", "line")),
    ),
    "divider": _block("D/blocks/divider-block"),
    "file": _block("D/blocks/file-block", external_id_=String(255, 1), source_=Word(("remote",))),
    "header": _block("D/blocks/header-block; level: slack_sdk 3.47", text_=_plain(150), level=Number(1, 4)),
    "image": _block(
        "D/blocks/image-block",
        alt_text_=String(2000, 1),
        image_url=String(3000, 1),
        slack_file=Shaped("slack_file"),
        title=_plain(2000),
    ),
    "input": _block(
        "D/blocks/input-block",
        label_=_plain(2000),
        element_=Typed(INPUTS),
        hint=_plain(2000),
        optional=Flag(),
        dispatch_action=Flag(),
    ),
    "markdown": _block("D/blocks/markdown-block", text_=String(12000, 1)),
    "plan": _block(
        "D/blocks/plan-block; 50 tasks: SB", title_=String(None, 1), tasks_=Many(Typed(("task_card",), "task_card"), 50)
    ),
    "rich_text": _block(
        "D/blocks/rich-text-block",
        elements_=Many(
            Typed(("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")), None, 1
        ),
    ),
    "section": _block(
        "D/blocks/section-block",
        text=Text(3000),
        fields=Many(Text(2000), 10, 1),
        accessory=Typed(ACCESSORIES),
        expand=Flag(),
    ),
    "table": _block(
        "D/blocks/table-block",
        rows_=Many(Many(Typed(("raw_text", "raw_number", "rich_text")), 20, 1), 100, 1),
        column_settings=Many(Nullable(Shaped("column_settings")), 20),
    ),
    "task_card": _block(
        "D/blocks/task-card-block",
        task_id_=String(None, 1),
        title_=String(None, 1),
        status_=Word(("pending", "in_progress", "complete", "error")),
        details=Typed(("rich_text",)),
        output=Typed(("rich_text",)),
        sources=Many(Typed(("url",))),
    ),
    "video": _block(
        "D/blocks/video-block; url and alt_text sizes: SB",
        alt_text_=String(200, 1),  # limits.json of spec 1.0.1; the library itself takes 2,000
        title_=_plain(199),  # "must be less than 200 characters"
        thumbnail_url_=String(3000, 1),
        video_url_=String(3000, 1),
        author_name=String(49),  # "must be less than 50 characters"
        description=_plain(200),
        provider_name=String(50),
        provider_icon_url=String(2000),
        title_url=String(2000),
    ),
}

ELEMENTS: dict[str, Shape] = {
    "button": _element(
        "D/block-elements/button-element; agent_prompt: slack_sdk 3.47",
        text_=_plain(75),
        url=URL,
        value=String(2000),
        style=Word(("primary", "danger")),
        confirm=CONFIRM,
        accessibility_label=String(75),
        agent_prompt=String(4000),
        agent_prompt_display=ANY,
    ),
    "workflow_button": _element(
        "D/block-elements/workflow-button-element",
        text_=_plain(75),
        workflow_=Shaped("workflow"),
        style=Word(("primary", "danger")),
        confirm=CONFIRM,
        accessibility_label=String(75),
    ),
    "feedback_buttons": _element(
        "D/block-elements/feedback-buttons-element",
        positive_button_=Shaped("feedback_button"),
        negative_button_=Shaped("feedback_button"),
    ),
    "icon_button": _element(
        "D/block-elements/icon-button-element",
        icon_=Word(("trash",)),
        text_=_plain(3000),
        value=String(2000),
        confirm=CONFIRM,
        accessibility_label=String(75),
        visible_to_user_ids=Many(ANY, 10),
    ),
    "checkboxes": _element(
        "D/block-elements/checkboxes-element",
        options_=Many(RICH_OPTION, 10, 1),
        initial_options=Many(RICH_OPTION, 10, 1),
        confirm=CONFIRM,
        focus_on_load=Flag(),
    ),
    "radio_buttons": _element(
        "D/block-elements/radio-button-group-element",
        options_=Many(RICH_OPTION, 10, 1),
        initial_option=RICH_OPTION,
        confirm=CONFIRM,
        focus_on_load=Flag(),
    ),
    "overflow": _element("D/block-elements/overflow-menu-element", options_=Many(LINK_OPTION, 5, 1), confirm=CONFIRM),
    "datepicker": _element(
        "D/block-elements/date-picker-element",
        initial_date=String(None, 0, None, "date"),
        confirm=CONFIRM,
        focus_on_load=Flag(),
        placeholder=PLACEHOLDER,
    ),
    "timepicker": _element(
        "D/block-elements/time-picker-element",
        initial_time=String(None, 0, r"^([01]\d|2[0-3]):[0-5]\d$"),
        timezone=ANY,
        confirm=CONFIRM,
        focus_on_load=Flag(),
        placeholder=PLACEHOLDER,
    ),
    "datetimepicker": _element(
        "D/block-elements/datetime-picker-element (10 digits)",
        initial_date_time=Number(1_000_000_000, 9_999_999_999),
        confirm=CONFIRM,
        focus_on_load=Flag(),
    ),
    "static_select": _select(
        "D/block-elements/select-menu-element",
        multi=False,
        options=Many(OPTION, 100, 1),
        option_groups=Many(Shaped("option_group"), 100, 1),
        initial_option=OPTION,
    ),
    "external_select": _select(
        "D/block-elements/select-menu-element", multi=False, initial_option=OPTION, min_query_length=Number(0)
    ),
    "users_select": _select("D/block-elements/select-menu-element", multi=False, initial_user=ANY),
    "conversations_select": _select(
        "D/block-elements/select-menu-element",
        multi=False,
        initial_conversation=ANY,
        default_to_current_conversation=Flag(),
        response_url_enabled=Flag(),
        filter=Shaped("filter"),
    ),
    "channels_select": _select(
        "D/block-elements/select-menu-element", multi=False, initial_channel=ANY, response_url_enabled=Flag()
    ),
    "multi_static_select": _select(
        "D/block-elements/multi-select-menu-element",
        multi=True,
        options=Many(OPTION, 100, 1),
        option_groups=Many(Shaped("option_group"), 100, 1),
        initial_options=Many(OPTION, 100, 1),
    ),
    "multi_external_select": _select(
        "D/block-elements/multi-select-menu-element",
        multi=True,
        initial_options=Many(OPTION, 100, 1),
        min_query_length=Number(0),
    ),
    "multi_users_select": _select("D/block-elements/multi-select-menu-element", multi=True, initial_users=Many(ANY)),
    "multi_conversations_select": _select(
        "D/block-elements/multi-select-menu-element",
        multi=True,
        initial_conversations=Many(ANY),
        default_to_current_conversation=Flag(),
        filter=Shaped("filter"),
    ),
    "multi_channels_select": _select(
        "D/block-elements/multi-select-menu-element", multi=True, initial_channels=Many(ANY)
    ),
    "plain_text_input": _input(
        "D/block-elements/plain-text-input-element",
        initial_value=ANY,
        multiline=Flag(),
        min_length=Number(0, 3000),
        max_length=Number(1, 3000),
    ),
    "email_text_input": _input("D/block-elements/email-input-element", initial_value=ANY),
    "url_text_input": _input("D/block-elements/url-input-element", initial_value=ANY),
    "number_input": _input(
        "D/block-elements/number-input-element",
        is_decimal_allowed_=Flag(),
        initial_value=ANY,
        min_value=String(None, 0, r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"),
        max_value=String(None, 0, r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"),
    ),
    "rich_text_input": _input(
        "D/block-elements/rich-text-input-element; lines: SB",
        action_id_=ID,
        initial_value=Typed(("rich_text",)),
        min_lines=Number(1, 100),
        max_lines=Number(1, 100),
    ),
    "file_input": _element(
        "D/block-elements/file-input-element", filetypes=Many(ANY, None, 1), max_files=Number(1, 10)
    ),
    "image": _object(
        "D/block-elements/image-element",
        type_=ANY,
        alt_text_=String(2000, 1),
        image_url=String(3000, 1),
        slack_file=Shaped("slack_file"),
    ),
    "url": _object("D/block-elements/url-source-element", type_=ANY, url_=String(3000, 1), text_=String(None, 1)),
    "raw_text": _object("D/blocks/table-block", type_=ANY, text_=String(None, 1)),
    "raw_number": _object("D/blocks/table-block", type_=ANY, value_=Number(whole=False), text_=String(None, 1)),
    "plain_text": _object("D/composition-objects/text-object", type_=ANY, text_=String(3000, 1), emoji=Flag()),
    "mrkdwn": _object("D/composition-objects/text-object", type_=ANY, text_=String(3000, 1), verbatim=Flag()),
}
