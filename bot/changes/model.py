"""What is a change?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    CONFIG = "config"
    PIPELINE_RUN = "pipeline_run"
    DATA_VERSION = "data_version"
    MODEL_VERSION = "model_version"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was changed. `key` is the sender's own identity of it: the same key twice is one change."""

    key: str
    kind: ChangeKind
    service: str
    at: datetime
    version: str = ""
    previous: str = ""
    by: str = ""
    summary: str = ""
    link: str = ""
    environment: str = ""
    source: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
