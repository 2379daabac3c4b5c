"""What was pulled from another system: records up to a time, each with an identity of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.logs.record import LogRecord

LINES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Pulled:
    """`records`, each under an identity that is equal when it is pulled again. `until` is where to go on; `is_full`:
    there is more."""

    records: Mapping[str, LogRecord]
    until: datetime
    is_full: bool = False


class Puller(Protocol):
    def pull(self, since: datetime, until: datetime) -> Pulled:
        """The records in [since, until). Raises `ConnectorError`."""
        ...
