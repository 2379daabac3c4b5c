"""What the tests of the sources share: a moment, the fixtures, a posted body."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot.sources.model import Heard, Posted, Source
from bot.sources.registry import BY_NAME

NOW = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
FIXTURES = Path(__file__).parent / "fixtures"


def fixture(source: Source) -> bytes:
    return (FIXTURES / source.fixture).read_bytes()


def posted(source: Source, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Posted:
    """The source's fixture (or another body) with the headers that its sender sets."""
    told = {"content-type": source.content_types[0] if source.content_types else "", **source.fixture_headers}
    if source.fixture.endswith(".json"):
        told["content-type"] = "application/json"
    return Posted(fixture(source) if body is None else body, {**told, **(headers or {})}, NOW)


def heard(name: str, body: bytes | None = None, **headers: str) -> Heard:
    source = BY_NAME[name]
    return source.decode(posted(source, body, {key.replace("_", "-"): value for key, value in headers.items()}))
