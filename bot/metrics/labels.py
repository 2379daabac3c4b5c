"""What tells one series from its neighbours, as a text?"""

from collections.abc import Mapping, Sequence

LENGTH_MAX = 1_000


def labels_text(labels: Mapping[str, str]) -> str:
    """The same labels are the same text, at most `LENGTH_MAX` long."""
    text = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return text.replace("\x00", "")[:LENGTH_MAX]  # PostgreSQL keeps no NUL in a text


def labels_of(text: str) -> dict[str, str]:
    """The labels of such a text."""
    return dict(part.split("=", 1) for part in text.split(",") if "=" in part)


def label_set(
    attributes: Mapping[str, str], resource: Mapping[str, str], service: str, by: Sequence[str] | None
) -> dict[str, str]:
    """Of a stream of OpenTelemetry: its service and, unless `by` names others, what its points carry."""
    both = {**resource, **attributes}
    own = attributes if by is None else {name: both[name] for name in by if name in both}
    return {**own, "service": service}
