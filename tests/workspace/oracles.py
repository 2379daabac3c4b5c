"""What do validators not written by us say? slackblocks 3.0 and the schema of @slack/types, as plain verdicts."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import slackblocks as sb
from slackblocks import _surfaces, objects
from slackblocks.rich_text import elements as rich
from slackblocks.rich_text import objects as rich_objects

Json = dict[str, Any]

DEFINITIONS = {
    "actions": "ActionsBlock",
    "alert": "AlertBlock",
    "card": "CardBlock",
    "carousel": "CarouselBlock",
    "container": "ContainerBlock",
    "context": "ContextBlock",
    "context_actions": "ContextActionsBlock",
    "data_table": "DataTableBlock",
    "divider": "DividerBlock",
    "file": "FileBlock",
    "header": "HeaderBlock",
    "image": "ImageBlock",
    "input": "InputBlock",
    "markdown": "MarkdownBlock",
    "plan": "PlanBlock",
    "rich_text": "RichTextBlock",
    "section": "SectionBlock",
    "table": "TableBlock",
    "task_card": "TaskCardBlock",
    "video": "VideoBlock",
    "modal": "ModalView",
    "home": "HomeView",
}


class TypesSchema:
    """@slack/types as JSON Schema: structure, unknown keys, enums; no lengths."""

    def __init__(self, path: Path) -> None:
        self._definitions: Json = json.loads(path.read_text())["definitions"]

    def refuses(self, value: Json) -> str | None:
        """Why it is no such block or view, or None. Raises KeyError for a type the schema does not know."""
        error = next(self._validator(DEFINITIONS[value["type"]]).iter_errors(value), None)
        return str(error.message)[:300] if error is not None else None

    @lru_cache(maxsize=64)  # noqa: B019 - one instance for the whole run
    def _validator(self, name: str) -> Any:
        schema = {"$ref": f"#/definitions/{name}", "definitions": self._definitions}
        return jsonschema.Draft7Validator(schema)


BLOCKS: dict[str, Any] = {
    "actions": sb.ActionsBlock,
    "alert": sb.AlertBlock,
    "card": sb.CardBlock,
    "carousel": sb.CarouselBlock,
    "container": sb.ContainerBlock,
    "context": sb.ContextBlock,
    "context_actions": sb.ContextActionsBlock,
    "data_table": sb.DataTableBlock,
    "data_visualization": sb.DataVisualizationBlock,
    "divider": sb.DividerBlock,
    "file": sb.FileBlock,
    "header": sb.HeaderBlock,
    "image": sb.ImageBlock,
    "input": sb.InputBlock,
    "markdown": sb.MarkdownBlock,
    "plan": sb.PlanBlock,
    "rich_text": sb.RichTextBlock,
    "section": sb.SectionBlock,
    "table": sb.TableBlock,
    "task_card": sb.TaskCardBlock,
    "video": sb.VideoBlock,
}
ELEMENTS: dict[str, Any] = {
    **BLOCKS,
    "image": sb.Image,
    "button": sb.Button,
    "workflow_button": sb.WorkflowButton,
    "feedback_buttons": sb.FeedbackButtons,
    "icon_button": sb.IconButton,
    "checkboxes": sb.CheckboxGroup,
    "radio_buttons": sb.RadioButtonGroup,
    "overflow": sb.OverflowMenu,
    "datepicker": sb.DatePicker,
    "timepicker": sb.TimePicker,
    "datetimepicker": sb.DateTimePicker,
    "static_select": sb.StaticSelectMenu,
    "external_select": sb.ExternalSelectMenu,
    "users_select": sb.UserSelectMenu,
    "conversations_select": sb.ConversationSelectMenu,
    "channels_select": sb.ChannelSelectMenu,
    "multi_static_select": sb.StaticMultiSelectMenu,
    "multi_external_select": sb.ExternalMultiSelectMenu,
    "multi_users_select": sb.UserMultiSelectMenu,
    "multi_conversations_select": sb.ConversationMultiSelectMenu,
    "multi_channels_select": sb.ChannelMultiSelectMenu,
    "plain_text_input": sb.PlainTextInput,
    "email_text_input": sb.EmailInput,
    "url_text_input": sb.URLInput,
    "number_input": sb.NumberInput,
    "rich_text_input": sb.RichTextInput,
    "file_input": sb.FileInput,
    "url": sb.URLSource,
    "raw_text": objects.RawText,
    "raw_number": objects.RawNumber,
    "icon": objects.SlackIcon,
    "pie": objects.PieChart,
    "bar": objects.BarChart,
    "area": objects.AreaChart,
    "line": objects.LineChart,
    "text": rich.RichText,
    "link": rich.RichTextLink,
    "user": rich.RichTextUser,
    "usergroup": rich.RichTextUserGroup,
    "channel": rich.RichTextChannel,
    "emoji": rich.RichTextEmoji,
    "rich_text_section": rich_objects.RichTextSection,
    "rich_text_list": rich_objects.RichTextList,
    "rich_text_quote": rich_objects.RichTextQuote,
    "rich_text_preformatted": rich_objects.RichTextCodeBlock,
}
UNTYPED: dict[str, Any] = {
    "options": objects.Option,
    "initial_option": objects.Option,
    "initial_options": objects.Option,
    "option_groups": objects.OptionGroup,
    "confirm": objects.ConfirmationDialogue,
    "filter": objects.ConversationFilter,
    "dispatch_action_config": objects.DispatchActionConfiguration,
    "slack_file": objects.SlackFile,
    "workflow": objects.Workflow,
    "trigger": objects.Trigger,
    "customizable_input_parameters": objects.InputParameter,
    "positive_button": sb.FeedbackButton,
    "negative_button": sb.FeedbackButton,
    "segments": objects.ChartSegment,
    "series": objects.DataSeries,
    "data": objects.DataPoint,
    "axis_config": objects.AxisConfig,
    "tasks": sb.TaskCardBlock,
}
RENAMED = {"initial_date_time": "initial_datetime", "usergroup_id": "user_group_id"}
UNIDENTIFIED = ("checkboxes", "radio_buttons", "overflow", "multi_static_select")  # action_id may be None, not left out
UNNAMED_STYLE = ("rich_text_list", "button", "workflow_button")


def slackblocks_refuses(value: Json, surface: str) -> str | None:
    """Why slackblocks does not build this block or view, or None."""
    try:
        if value.get("type") in ("modal", "home"):
            fields = {key: _build(item, key, is_block=key == "blocks") for key, item in value.items() if key != "type"}
            (sb.ModalView if value["type"] == "modal" else sb.HomeTabView)(**fields)
        else:
            block = _build(value, "", is_block=True)
            _surfaces.validate_surface_blocks([block], surface)  # type: ignore[arg-type]
    except (sb.InvalidUsageError, TypeError, ValueError, AttributeError, KeyError, AssertionError) as error:
        return f"{type(error).__name__}: {error}"[:300]
    return None


def _build(value: Any, key: str, *, is_block: bool) -> Any:
    if isinstance(value, list):
        return [_build(item, key, is_block=is_block) for item in value]
    if not isinstance(value, dict):
        return value
    name = value.get("type")
    if name in ("plain_text", "mrkdwn"):
        return _text(value)
    if isinstance(name, str):
        known = (BLOCKS if is_block else ELEMENTS)[name]
    elif key in UNTYPED:
        known = UNTYPED[key]
    else:
        return value  # column_settings
    fields = _fields(value, name)
    if name in UNIDENTIFIED:
        fields.setdefault("action_id", None)
    return known(**fields)


def _text(value: Json) -> Any:
    extra = "emoji" if value["type"] == "plain_text" else "verbatim"
    unknown = set(value) - {"type", "text", extra}
    if unknown:
        raise TypeError(f"unexpected {unknown}")
    return sb.Text(value["text"], sb.TextType(value["type"]), **({extra: value[extra]} if extra in value else {}))


def _fields(value: Json, name: str | None) -> Json:
    fields: Json = {}
    for key, item in value.items():
        if key == "type":
            continue
        if key == "style" and isinstance(item, dict) and name not in UNNAMED_STYLE:
            fields.update(item)
        else:
            fields[RENAMED.get(key, key)] = _build(item, key, is_block=key == "child_blocks")
    return fields
