"""What is a log record? One line with its time, service and level."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LogRecord:
    """`at` is aware UTC; `text` is one logical line, free of line breaks' meaning; `level` is lower case or ''."""

    at: datetime
    service: str
    text: str
    level: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
