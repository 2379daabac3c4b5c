"""Would Slack's own form let a person press Submit? The checks a modal makes before the app is asked."""

import re

from bot.workspace.elements import STATEFUL
from bot.workspace.refusal import Json

REQUIRED = "Please complete this required field."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def form_errors(blocks: list[Json], values: Json) -> dict[str, str]:
    """What is shown under each input block, by block_id; empty if the form may be sent."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] == "input":
            element = block["element"]
            entered = values.get(block["block_id"], {}).get(element["action_id"], {}).get(STATEFUL[element["type"]][0])
            error = _error(block, element, entered)
            if error:
                errors[block["block_id"]] = error
    return errors


def _error(block: Json, element: Json, entered: object) -> str | None:
    if entered is None or entered in ("", []):
        return None if block.get("optional") else REQUIRED
    match element["type"]:
        case "plain_text_input":
            return _length_error(element, str(entered))
        case "number_input":
            return _number_error(element, str(entered))
        case "email_text_input":
            return None if _EMAIL.fullmatch(str(entered)) else "Please enter a valid email address."
        case "url_text_input":
            is_url = str(entered).startswith(("http://", "https://"))
            return None if is_url else "Please enter a valid URL (ex: https://slack.com)."
    return None


def _length_error(element: Json, text: str) -> str | None:
    if len(text) < element.get("min_length", 0):
        return f"Please use at least {element['min_length']} characters."
    if len(text) > element.get("max_length", 3000):
        return f"Please use at most {element.get('max_length', 3000)} characters."
    return None


def _number_error(element: Json, text: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, text):
        return "Please enter a valid number." if element.get("is_decimal_allowed") else "Please enter a whole number."
    value = float(text)
    if "min_value" in element and value < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and value > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None
