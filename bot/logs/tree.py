"""Which cluster does a masked line belong to? drain3's tree for one service, with a short road to its answer.

With `plain` the only module that knows drain3. `Tree` is a `Drain` whose leaf is found in one step and searched
through an index; what it answers, line by line, is what drain3 0.9.11 answers (tests/logs/test_exactness.py). Why one
step is enough: after our masks no word holds a digit or is `<*>`, and the number of children is not limited, so that a
leaf is exactly (number of words, first word) and no line of one leaf can ever meet a cluster of another.
"""

import operator
import zlib
from collections.abc import Collection, Iterable, Sequence

from drain3.drain import Drain, LogCluster

from bot.logs.masks import WILDCARD

BUCKETS = 256  # the grain in which a service's templates move between workers
UNLIMITED = 1 << 60
SCAN_MAX = 6  # a leaf of so few clusters is scanned; the index pays above it

Words = tuple[str, ...]
LeafKey = tuple[int, str]


class Cluster(LogCluster):  # type: ignore[misc]
    """drain3's cluster, with its leaf and the number of the service's line that it last matched."""

    __slots__ = ("leaf", "touched")

    def __init__(self, words: Sequence[str], number: int, leaf: "Leaf") -> None:
        super().__init__(list(words), number)
        self.leaf = leaf
        self.touched = 0


class Leaf:
    """The clusters that share a number of words and the first word.

    `version` rises when any answer here may change. A leaf of many clusters has an index: by place and word, the
    clusters that want this word there.
    """

    __slots__ = ("clusters", "index", "is_gone", "key", "version")

    def __init__(self, key: LeafKey) -> None:
        self.key = key
        self.clusters: dict[int, Cluster] = {}  # by number, so in order of creation
        self.index: list[dict[str, dict[int, Cluster]]] | None = None
        self.version = 0
        self.is_gone = False

    def add(self, cluster: Cluster) -> None:
        self.clusters[cluster.cluster_id] = cluster
        self.version += 1
        if self.index is not None:
            _enter(self.index, cluster)
        elif len(self.clusters) > SCAN_MAX:
            self.index = [{} for _ in range(self.key[0])]
            for known in self.clusters.values():
                _enter(self.index, known)

    def remove(self, cluster: Cluster) -> None:
        del self.clusters[cluster.cluster_id]
        self.version += 1
        if self.index is not None:
            for place, word in zip(self.index, cluster.log_template_tokens, strict=True):
                if word != WILDCARD:
                    _leave(place, word, cluster)

    def change(self, cluster: Cluster, words: Words) -> None:
        if self.index is not None:
            for place, old, new in zip(self.index, cluster.log_template_tokens, words, strict=True):
                if old != new:
                    _leave(place, old, cluster)
        cluster.log_template_tokens = words
        self.version += 1

    def candidates(self, words: Sequence[str], needed: int) -> Collection[Cluster]:
        """Every cluster that can share `needed` of its constants with these words, and perhaps some that cannot.

        Whoever shares `needed` of n words shares one of any n - needed + 1 of them: of those with the fewest clusters.
        """
        if self.index is None or needed <= 0:
            return self.clusters.values()
        wanted = [place.get(word) for place, word in zip(self.index, words, strict=True)]
        rest = len(words) - needed + 1
        missing = wanted.count(None)
        if missing >= rest:
            return ()
        found = sorted(filter(None, wanted), key=len)[: rest - missing]
        if len(found) == 1:
            return found[0].values()
        united: dict[int, Cluster] = {}
        for clusters in found:
            united.update(clusters)
        return united.values()


def _enter(index: list[dict[str, dict[int, Cluster]]], cluster: Cluster) -> None:
    for place, word in zip(index, cluster.log_template_tokens, strict=True):
        if word != WILDCARD:
            place.setdefault(word, {})[cluster.cluster_id] = cluster


def _leave(place: dict[str, dict[int, Cluster]], word: str, cluster: Cluster) -> None:
    clusters = place[word]
    del clusters[cluster.cluster_id]
    if not clusters:
        del place[word]


def leaf_key(words: Sequence[str]) -> LeafKey:
    """Drain's first two levels. Lines of a single word share one leaf, as they do in drain3."""
    return len(words), words[0] if len(words) > 1 else ""


def bucket_of(words: Sequence[str]) -> int:
    """Which of the service's buckets (0 … 255) these masked words belong to; a leaf never spans two."""
    count, first = leaf_key(words)
    return zlib.crc32(f"{count} {first}".encode("utf-8", "surrogatepass")) % BUCKETS


class Tree(Drain):  # type: ignore[misc]
    """The clusters of one service."""

    sim_th: float
    clusters_counter: int
    id_to_cluster: dict[int, Cluster]

    def __init__(self, *, similarity: float) -> None:
        super().__init__(depth=4, sim_th=similarity, max_children=UNLIMITED)
        self.leaves: dict[LeafKey, Leaf] = {}
        self._needed: dict[int, int] = {}

    def leaf(self, words: Sequence[str]) -> Leaf:
        key = leaf_key(words)
        leaf = self.leaves.get(key)
        if leaf is None:
            leaf = self.leaves[key] = Leaf(key)
        return leaf

    def find(self, leaf: Leaf, words: Words) -> tuple[Cluster | None, bool]:
        """drain3's `fast_match`: the most similar cluster; of equals the one with more wildcards, then the older.
        Beside it, whether the cluster's template covers the words already."""
        if not words:
            return next(iter(leaf.clusters.values()), None), True
        needed = self._needed.get(len(words)) or self._need(len(words))
        return _best(leaf.candidates(words, needed), words, needed)

    def _need(self, count: int) -> int:
        """The fewest equal words of so many that drain3 takes for similar enough, by its own division."""
        needed = next((k for k in range(count + 1) if k / count >= self.sim_th), count + 1)
        self._needed[count] = needed
        return needed

    def generalise(self, cluster: Cluster, words: Words) -> None:
        """Let the template cover these words too."""
        merged = [old if old == new else WILDCARD for old, new in zip(cluster.log_template_tokens, words, strict=True)]
        cluster.leaf.change(cluster, tuple(merged))

    def put(self, cluster: Cluster) -> None:
        """A cluster that was made elsewhere, as from a row."""
        self.id_to_cluster[cluster.cluster_id] = cluster
        cluster.leaf.add(cluster)

    def drop(self, cluster: Cluster) -> None:
        del self.id_to_cluster[cluster.cluster_id]
        cluster.leaf.remove(cluster)


def _best(clusters: Iterable[Cluster], words: Words, needed: int) -> tuple[Cluster | None, bool]:
    best: Cluster | None = None
    best_equal, best_rank = needed, (0, 0)
    for cluster in clusters:
        template = cluster.log_template_tokens
        equal = sum(map(operator.eq, template, words))
        if equal < best_equal:
            continue
        rank = (template.count(WILDCARD), -cluster.cluster_id)
        if best is None or equal > best_equal or rank > best_rank:
            best, best_equal, best_rank = cluster, equal, rank
    return best, best_equal + best_rank[0] == len(words)
