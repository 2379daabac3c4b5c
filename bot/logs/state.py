"""Which plain values are the miner's settings and its rows?"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MinerSettings:
    """`similarity`: the share of a line's words that must equal a template's constants (drain3's sim_th).

    The limits hold per service, and `Miner.limits` counts how often each was reached.
    """

    similarity: float = 0.5
    clusters_max: int = 20_000  # about 2 kB each: a garbage service costs 40 MB; the least recently used goes
    words_max: int = 1_024  # the rest of a longer line is cut: matching costs by the word
    characters_max: int = 32_768  # the rest of a longer line is cut: masking costs by the character
    memory_lines: int = 100_000  # shapes and masked lines remembered, about 30 MB; then the memory starts again


@dataclass(frozen=True, slots=True)
class TemplateState:
    """A row: all that rebuilding the tree needs, in plain values. `tokens` joined by spaces is the template's text."""

    id: str
    service: str
    bucket: int  # 0 … 255: what moves together between workers
    number: int  # order of creation within the service
    tokens: list[str]
    size: int  # lines so far
    touched: int  # the service's line number of the last match: the order of least recent use
    cluster: int = 0  # drain3's group
    alias_of: str | None = None  # the template this one was joined to
    alive: bool = True  # false: evicted; keep the row for its id, a restore skips it
    masked: Mapping[str, str] = field(default_factory=dict)  # place → masked word, where `tokens` shows the raw one
    cluster_tokens: list[str] | None = None  # the cluster's own template; on its first row only
    cluster_places: Mapping[str, list[str] | None] = field(default_factory=dict)  # words that tell apart; None: values
