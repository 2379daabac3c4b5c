"""What is a log record? One line with its time, service and level."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """`at` is aware UTC; `text` is one logical line, free of line breaks' meaning; `level` is lower case or ''.

    A struct and no dataclass: one is made for every line, and a frozen dataclass takes many times as long.
    """

    at: datetime
    service: str
    text: str
    level: str = ""
    attributes: Mapping[str, str] = msgspec.field(default_factory=dict)
