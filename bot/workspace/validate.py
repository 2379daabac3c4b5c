"""Would Slack take these blocks, this view, this message? The verdict, and the refusals that methods answer with."""

from typing import Any

from bot.workspace.block_rules import SURFACES
from bot.workspace.cross_rules import check_together, modal_problems, table_count, text_total
from bot.workspace.object_rules import VIEWS
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.rule_kinds import Anything, Many, Shape
from bot.workspace.shape_check import Problem, check, check_shape, shape_of, unsupported

MESSAGE_BLOCKS_MAX = 50
VIEW_BLOCKS_MAX = 100
TEXT_TOTAL_MAX = 12_000  # undocumented: refused between 11,341 and 13,297 characters (bolt-js#2509, bolt-js#2867)


def check_blocks(blocks: Any, *, surface: str = "message", at: str = "/blocks", fewest: int = 0) -> list[Problem]:
    """Problems of a list of blocks on a surface (`message`, `modal`, `home`); empty if Slack would take them."""
    most = MESSAGE_BLOCKS_MAX if surface == "message" else VIEW_BLOCKS_MAX
    if problems := check(blocks, Many(Anything(), most, fewest), at):
        return problems
    for i, block in enumerate(blocks):
        problems += _check_block(block, surface, f"{at}/{i}")
    return problems or check_together(blocks, at, surface)


def _check_block(block: Any, surface: str, at: str) -> list[Problem]:
    if not isinstance(block, dict):
        return check_shape(block, Shape(""), at)
    name = block.get("type")
    if not isinstance(name, str) or name not in SURFACES[surface]:
        return [unsupported(block, at)]
    return check_shape(block, shape_of(name, is_block=True), at)


def check_view(view: Any, *, kinds: tuple[str, ...] = ("modal", "home"), at: str = "/view") -> list[Problem]:
    """Problems of a modal or home."""
    if not isinstance(view, dict):
        return check_shape(view, Shape(""), at)
    name = view.get("type")
    if not isinstance(name, str) or name not in kinds:
        return [unsupported(view, at)]
    shape = VIEWS[name]
    outline = Shape(shape.source, {**shape.fields, "blocks!": Anything()})
    problems = check_shape(view, outline, at)
    if "blocks" in view:
        problems += check_blocks(view["blocks"], surface=name, at=f"{at}/blocks", fewest=1)
    if not problems and name == "modal":
        problems = modal_problems(view)
    return problems


def check_attachments(attachments: list[Json], at: str = "/attachments") -> list[Problem]:
    """Problems of the blocks in a message's attachments."""
    found: list[Problem] = []
    for number, attachment in enumerate(attachments):
        if "blocks" in attachment:
            found += check_blocks(attachment["blocks"], at=f"{at}/{number}/blocks")
    return found


def check_message(message: Any) -> list[Problem]:
    """Problems of a whole message, as `blocks.validate` takes it."""
    if not isinstance(message, dict):
        return check_shape(message, Shape(""), "/message")
    found = check_blocks(message.get("blocks") or [], at="/message/blocks")
    return found + check_attachments(message.get("attachments") or [], "/message/attachments")


def check_totals(blocks: list[Json]) -> ApiRefusal | None:
    """What no single block is to blame for: too much text, or two tables."""
    if table_count(blocks) > 1:
        return ApiRefusal("invalid_attachments", response_metadata={"messages": ["[ERROR] only_one_table_allowed"]})
    if text_total(blocks) > TEXT_TOTAL_MAX:
        return ApiRefusal("msg_blocks_too_long")
    return None


def refuse_blocks(problems: list[Problem]) -> ApiRefusal:
    """The answer of chat.* to bad blocks (recorded shape: incidentbot#328)."""
    lines = [problem.line for problem in problems]
    return ApiRefusal(
        "invalid_blocks", errors=lines, response_metadata={"messages": [f"[ERROR] {line}" for line in lines]}
    )


def refuse_view(problems: list[Problem]) -> ApiRefusal:
    """The answer of views.* to a bad view: `invalid_arguments`, the outer line first."""
    lines = ["failed to match all allowed schemas [json-pointer:/view]", *(problem.line for problem in problems)]
    return ApiRefusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {line}" for line in lines]})
