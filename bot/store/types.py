"""How do our values look in a column?"""

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out: `timestamptz` on PostgreSQL, naive UTC text on SQLite. A naive value is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are stored as aware datetimes")
        in_utc = value.astimezone(UTC)
        return in_utc if dialect.name == "postgresql" else in_utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
Id = BigInteger().with_variant(Integer(), "sqlite")  # SQLite's rowid must be spelled INTEGER


def plain(value: object) -> Any:
    """A dataclass as the builtins a JSON column takes."""
    return msgspec.to_builtins(value)


def revive(value: Any, kind: type[T]) -> T:
    """The dataclass that `plain` made into builtins."""
    return msgspec.convert(value, kind, strict=False)
