"""How isolated is a vector? scikit-learn's isolation forest as plain arrays: kept without code, asked without its cost.

Liu, Ting and Zhou, "Isolation Forest" (ICDM 2008). Asked for one vector at a time scikit-learn takes milliseconds, most
of them for preparing to; going down all trees at once in numpy takes a fraction of one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

TREES, SAMPLES, SEED = 64, 128, 7
_LEAF = -2

Vectors = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forest:
    """Nodes of all trees in a row, each tree depth first, so that the left child of node i is i + 1. `feature` is
    negative at a leaf; `path`: the expected length of a path that ends in a leaf; `usual`: that of a whole tree."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    right: NDArray[np.int32]
    path: NDArray[np.float32]
    usual: float

    def scores(self, vectors: Vectors) -> Vectors:
        """0..1 for each row, higher is odder: sklearn's `-score_samples`."""
        given = vectors.astype(np.float32)
        rows = np.arange(len(given))[:, None]
        node = np.repeat(self.roots[None, :], len(given), axis=0)
        while True:
            feature = self.feature[node]
            inside = feature >= 0
            if not inside.any():
                break
            goes_left = given[rows, np.maximum(feature, 0)] <= self.threshold[node]
            node = np.where(inside, np.where(goes_left, node + 1, self.right[node]), node)
        depth = self.path[node].astype(np.float64).mean(axis=1)
        scores: Vectors = 2.0 ** (-depth / self.usual)
        return scores


def fit_forest(vectors: Vectors) -> Forest:
    """Seeded; n x d, n of at least 2."""
    trees = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLES, len(vectors)), random_state=SEED, n_jobs=1)
    return forest_of(trees.fit(vectors))


def forest_of(trees: IsolationForest) -> Forest:
    """The same forest as arrays. All features are offered to each tree, as is the default."""
    roots, nodes = [], 0
    parts = []
    for one in trees.estimators_:
        tree = one.tree_
        inner = tree.feature >= 0
        if (tree.children_left[inner] != np.flatnonzero(inner) + 1).any():
            raise ValueError("a tree that is not in depth-first order")
        roots.append(nodes)
        right = np.where(inner, tree.children_right + nodes, 0)
        depth = tree.compute_node_depths() - 1.0 + _average_path(tree.n_node_samples)
        leaf = ~inner
        parts.append((np.where(leaf, _LEAF, tree.feature), np.where(leaf, 0.0, tree.threshold), right, leaf * depth))
        nodes += tree.node_count
    feature, threshold, right, path = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Forest(
        np.array(roots, dtype=np.int32),
        feature.astype(np.int16),
        threshold.astype(np.float32),
        right.astype(np.int32),
        path.astype(np.float32),
        float(_average_path(np.array([trees.max_samples_]))[0]),
    )


def _average_path(samples: NDArray[np.int64]) -> Vectors:
    """Of an unsuccessful search in a binary tree of so many samples: Liu et al., equation 1."""
    n = samples.astype(np.float64)
    path = np.where(n == 2, 1.0, 0.0)
    many = n > 2
    path[many] = 2.0 * (np.log(n[many] - 1.0) + np.euler_gamma) - 2.0 * (n[many] - 1.0) / n[many]
    return path
