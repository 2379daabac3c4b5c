"""What do all sections share? Frozen models that refuse unknown keys, and some checked values."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is not a time zone; write one like 'Europe/Berlin' or 'UTC'") from error
    return name


Zone = Annotated[str, AfterValidator(_zone)]


Minutes = Annotated[float, Field(gt=0, le=60 * 24 * 90)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
