"""What must a place know where changes are proposed (GitHub's pull requests, GitLab's merge requests)?"""

from dataclasses import dataclass
from typing import Literal, Protocol

from bot.connectors._web import Web


@dataclass(frozen=True, slots=True)
class Proposal:
    """One pull or merge request. `merged_as`: the commit that it became; `failed`: the checks that did; `checked` of
    `checks` are over; `reviewed`: what its reviewers say, in words."""

    number: str
    state: Literal["open", "merged", "closed"]
    link: str
    title: str
    merged_as: str = ""
    failed: tuple[str, ...] = ()
    checked: int = 0
    checks: int = 0
    reviewed: str = ""
    conflicts: bool = False


class Forge(Protocol):
    """Every call raises `ConnectorError`."""

    web: Web
    called: str
    """What it calls a proposal."""

    def find(self, branch: str) -> Proposal | None:
        """The one whose changes come from `branch`, whatever became of it."""
        ...

    def open(self, branch: str, base: str, title: str, text: str) -> Proposal:
        """Raises `bot.connectors._web.Problem` with a status in `EXISTS` when there is one."""
        ...

    def look(self, number: str) -> Proposal:
        """With its checks and reviews, as long as it is open."""
        ...

    def close(self, number: str) -> None: ...


EXISTS = frozenset({409, 422})
"""The refusals that can mean: there is one from this branch already."""


def first(found: list[Proposal]) -> Proposal | None:
    """The one that counts, where people opened more from the same branch; the latest stand first."""
    rank = {"merged": 0, "open": 1, "closed": 2}
    return min(found, key=lambda one: rank[one.state], default=None)


def said(asking: list[str], approving: list[str]) -> str:
    """What the reviewers say, by their names."""
    if asking:
        return f"{', '.join(sorted(asking))} asked for changes"
    return f"approved by {', '.join(sorted(approving))}" if approving else "waits for a review"
