"""What may stand in composition objects, rich text, charts and views? The second half of the table in `block_rules`."""

from bot.workspace.block_rules import ANY, BLOCKS, ELEMENTS, OPTION, URL
from bot.workspace.rule_kinds import PLAIN, Flag, Kind, Many, Number, Shape, Shaped, String, Text, Typed, Word

SLACK_ICONS = tuple(
    """
    archive book bookmark bot bug calendar call caret-left caret-right check clipboard code comment compass copy
    cube download edit email eye-closed eye-open file flag folder gear globe heart help image info key lightbulb
    link map mobile new-window pin plus refine refresh rocket save screen share sparkle star star-filled tag
    thumbs-down thumbs-up trash upload user warning
    """.split()  # noqa: SIM905 - a list of sixty words is not read better one a line
)

_STYLE, _MENTION_STYLE = Shaped("text_style"), Shaped("mention_style")
_RICH = ("text", "link", "user", "usergroup", "channel", "emoji", "broadcast", "date", "color", "team")


def _plain(longest: int) -> Text:
    return Text(longest, (PLAIN,))


def _option(*types: str) -> dict[str, Kind]:
    """The value: 150 in slack_sdk and SB (a comment in TS still says 75); required in the docs and SB, not in TS."""
    fields: dict[str, Kind] = {
        "text!": Text(75, types),
        "value!": String(150),
        "description": Text(75, types),
        "url": URL,
    }
    return fields


OBJECTS: dict[str, Shape] = {
    "confirm": Shape(
        "D/composition-objects/confirmation-dialog-object; title, confirm and deny: optional in TS and in practice",
        {
            "title": _plain(100),
            "text!": Text(300),
            "confirm": _plain(30),
            "deny": _plain(30),
            "style": Word(("primary", "danger")),
        },
    ),
    "option": Shape("D/composition-objects/option-object", _option(PLAIN)),
    "link_option": Shape("D/composition-objects/option-object", _option(PLAIN)),
    "rich_option": Shape("D/composition-objects/option-object", _option(PLAIN, "mrkdwn")),
    "option_group": Shape(
        "D/composition-objects/option-group-object", {"label!": _plain(75), "options!": Many(OPTION, 100, 1)}
    ),
    "filter": Shape(
        "D/composition-objects/conversation-filter-object",
        {
            "include": Many(Word(("im", "mpim", "private", "public")), None, 1),
            "exclude_external_shared_channels": Flag(),
            "exclude_bot_users": Flag(),
        },
    ),
    "dispatch_action_config": Shape(
        "D/composition-objects/dispatch-action-configuration-object",
        {"trigger_actions_on!": Many(Word(("on_enter_pressed", "on_character_entered")), 2, 1)},
    ),
    "slack_file": Shape("D/composition-objects/slack-file-object", {"id": ANY, "url": URL}),
    "slack_icon": Shape("SB, spec 1.0.1", {"type!": Word(("icon",)), "name!": Word(SLACK_ICONS)}),
    "workflow": Shape("D/composition-objects/workflow-object", {"trigger!": Shaped("trigger")}),
    "trigger": Shape(
        "D/composition-objects/trigger-object",
        {"url!": ANY, "customizable_input_parameters": Many(Shaped("input_parameter"))},
    ),
    "input_parameter": Shape("D/composition-objects/trigger-object", {"name!": ANY, "value!": ANY}),
    "feedback_button": Shape(
        "D/block-elements/feedback-buttons-element",
        {"text!": _plain(75), "value!": String(2000), "accessibility_label": String(75)},
    ),
    "column_settings": Shape(
        "D/blocks/table-block", {"align": Word(("left", "center", "right")), "is_wrapped": Flag()}
    ),
    "text_style": Shape(
        "D/blocks/rich-text-block",
        {name: Flag() for name in ("bold", "italic", "strike", "code", "underline")},
    ),
}

OBJECTS["mention_style"] = Shape(
    "D/blocks/rich-text-block: user, usergroup and channel; TS has the plain style",
    {name: Flag() for name in ("bold", "italic", "strike", "highlight", "client_highlight", "unlink")},
)

RICH_TEXT: dict[str, Shape] = {
    "rich_text_section": Shape("D/blocks/rich-text-block", {"type!": ANY, "elements!": Many(Typed(_RICH), None, 1)}),
    "rich_text_list": Shape(
        "D/blocks/rich-text-block; indent and offset: SB",
        {
            "type!": ANY,
            "elements!": Many(Typed(("rich_text_section",)), None, 1),
            "style!": Word(("bullet", "ordered")),
            "indent": Number(0, 8),
            "offset": Number(0),
            "border": Word((0, 1)),
        },
    ),
    "rich_text_quote": Shape(
        "D/blocks/rich-text-block", {"type!": ANY, "elements!": Many(Typed(_RICH), None, 1), "border": Word((0, 1))}
    ),
    "rich_text_preformatted": Shape(
        "D/blocks/rich-text-block; language: slack_sdk 3.47",
        {"type!": ANY, "elements!": Many(Typed(("text", "link")), None, 1), "border": Word((0, 1)), "language": ANY},
    ),
    "text": Shape("D/blocks/rich-text-block", {"type!": ANY, "text!": String(None, 1), "style": _STYLE}),
    "link": Shape(
        "D/blocks/rich-text-block", {"type!": ANY, "url!": ANY, "text": ANY, "unsafe": Flag(), "style": _STYLE}
    ),
    "user": Shape("D/blocks/rich-text-block", {"type!": ANY, "user_id!": ANY, "style": _MENTION_STYLE}),
    "usergroup": Shape("D/blocks/rich-text-block", {"type!": ANY, "usergroup_id!": ANY, "style": _MENTION_STYLE}),
    "channel": Shape("D/blocks/rich-text-block", {"type!": ANY, "channel_id!": ANY, "style": _MENTION_STYLE}),
    "team": Shape("TS", {"type!": ANY, "team_id!": ANY, "style": _STYLE}),
    "emoji": Shape(
        "D/blocks/rich-text-block", {"type!": ANY, "name!": ANY, "unicode": ANY, "url": ANY, "style": _STYLE}
    ),
    "broadcast": Shape(
        "D/blocks/rich-text-block",
        {"type!": ANY, "range!": Word(("here", "channel", "everyone")), "style": _STYLE},
    ),
    "color": Shape("D/blocks/rich-text-block", {"type!": ANY, "value!": ANY, "style": _STYLE}),
    "date": Shape(
        "D/blocks/rich-text-block",
        {"type!": ANY, "timestamp!": Number(), "format!": ANY, "url": ANY, "fallback": ANY, "style": _STYLE},
    ),
}

_SERIES = Many(Shaped("series"), 12, 1)
_AXES = Shaped("axis_config")
CHARTS: dict[str, Shape] = {
    "pie": Shape(
        "D/blocks/data-visualization-block; 12: SB (docs of June 2026 say 6)",
        {"type!": ANY, "segments!": Many(Shaped("segment"), 12, 1)},
    ),
    **{
        name: Shape("D/blocks/data-visualization-block", {"type!": ANY, "series!": _SERIES, "axis_config!": _AXES})
        for name in ("bar", "area", "line")
    },
    "segment": Shape(
        "D/blocks/data-visualization-block", {"label!": String(20, 1), "value!": Number(whole=False, above=0)}
    ),
    "series": Shape(
        "D/blocks/data-visualization-block", {"name!": String(20, 1), "data!": Many(Shaped("point"), 20, 1)}
    ),
    "point": Shape("D/blocks/data-visualization-block", {"label!": String(20, 1), "value!": Number(whole=False)}),
    "axis_config": Shape(
        "D/blocks/data-visualization-block",
        {"categories!": Many(String(20, 1), 20, 1), "x_label": String(50), "y_label": String(50)},
    ),
}

_VIEW: dict[str, Kind] = {
    "type!": ANY,
    "blocks!": Many(Typed(()), 100, 1),
    "private_metadata": String(3000),
    "callback_id": String(255),
    "external_id": String(255),
}
VIEWS: dict[str, Shape] = {
    "modal": Shape(
        "docs.slack.dev/reference/views/modal-views",
        {
            **_VIEW,
            "title!": _plain(24),
            "submit": _plain(24),
            "close": _plain(24),
            "clear_on_close": Flag(),
            "notify_on_close": Flag(),
        },
    ),
    "home": Shape("docs.slack.dev/reference/views/home-tab-views", dict(_VIEW)),
}

# Where a `type` is looked up: an image or a card is a block or an element depending on where it stands.
SHAPES: dict[str, Shape] = {**BLOCKS, **ELEMENTS, **OBJECTS, **RICH_TEXT, **CHARTS}
