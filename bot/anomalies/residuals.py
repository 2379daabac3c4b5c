"""How far is a count vector from the plane in which the usual ones lie? Principal components and what they leave over.

Xu, Huang, Fox, Patterson and Jordan, "Detecting Large-Scale System Problems by Mining Console Logs" (SOSP 2009): the
squared prediction error of a vector is its squared distance from the span of the first principal components, and it is
unusual above the Q statistic of Jackson and Mudholkar, "Control Procedures for Residuals Associated with Principal
Component Analysis" (Technometrics 1979), at 0.1 %.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

Vectors = NDArray[np.float64]
ALPHA = 0.001
SHARE_EXPLAINED = 0.95


@dataclass(frozen=True, slots=True)
class Residuals:
    """`middle`: the mean vector (d); `components`: k x d, orthonormal; `limit`: of the squared prediction errors of
    usual vectors `ALPHA` exceed it by chance."""

    middle: Vectors
    components: Vectors
    limit: float

    def of(self, vectors: Vectors) -> Vectors:
        """n x d: what the components do not explain of each."""
        apart = vectors - self.middle
        left: Vectors = apart - (apart @ self.components.T) @ self.components
        return left

    def errors(self, vectors: Vectors) -> Vectors:
        """n: the squared prediction errors."""
        errors: Vectors = (self.of(vectors) ** 2).sum(axis=1)
        return errors


def fit_residuals(vectors: Vectors, *, above_chance: bool) -> Residuals:
    """From usual vectors (n x d, n of at least 2). Xu et al. keep the components that explain 95 % of the variance.

    `above_chance`: of those only the ones that chance cannot give, at most half: eigenvalues beyond the edge of
    Marchenko and Pastur (1967) for noise as strong as the median one. Counts of independent templates are chance in
    every direction; explaining 95 % of that leaves hardly a direction in which to be unusual.
    """
    if not np.ptp(vectors, axis=0).any():
        return Residuals(vectors.mean(axis=0), np.empty((0, vectors.shape[1])), 0.0)  # all alike: nothing to explain
    pca = PCA(svd_solver="full").fit(vectors)
    strengths = np.maximum(np.asarray(pca.explained_variance_, dtype=np.float64), 0.0)
    kept = int(np.searchsorted(np.cumsum(strengths), SHARE_EXPLAINED * strengths.sum())) + 1
    if above_chance:
        edge = float(np.median(strengths)) * (1 + np.sqrt(vectors.shape[1] / vectors.shape[0])) ** 2
        kept = min(kept, int((strengths > edge).sum()), vectors.shape[1] // 2)
    kept = min(kept, len(strengths))
    components = np.asarray(pca.components_[:kept], dtype=np.float64)
    return Residuals(np.asarray(pca.mean_, dtype=np.float64), components, q_statistic(strengths[kept:]))


def q_statistic(strengths: Vectors, alpha: float = ALPHA) -> float:
    """The limit of the squared prediction error; `strengths`: the eigenvalues of the directions that are left over."""
    first, second, third = (float((strengths**power).sum()) for power in (1, 2, 3))
    if first <= 0 or second <= 0:
        return 0.0
    bend = 1 - 2 * first * third / (3 * second**2)
    if abs(bend) < 1e-6:
        bend = 1e-6
    beyond = NormalDist().inv_cdf(1 - alpha)
    root = beyond * np.sqrt(2 * second * bend**2) / first + 1 + second * bend * (bend - 1) / first**2
    return float(first * max(root, 0.0) ** (1 / bend)) if root > 0 else float(first)
