"""What may a service be called?"""

import re

from bot.errors import InputError

LENGTH_MAX = 100
_NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.:@-]{{0,{LENGTH_MAX - 1}}}")


def service_name(text: str) -> str:
    """`text` when it can be a service's name, else an `InputError`."""
    if not _NAME.fullmatch(text):
        shown = text if len(text) <= LENGTH_MAX else f"{text[:20]}…"
        raise InputError(
            f"{shown!r} cannot be a service's name: up to {LENGTH_MAX} letters, digits and _ . : @ -, "
            "beginning with a letter, a digit or _"
        )
    return text
