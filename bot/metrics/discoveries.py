"""Which of many p-values are discoveries, when each new one may be false?"""

import numpy as np
from numpy.typing import NDArray


def discoveries(p_values: NDArray[np.float64], rate: float, tests: int | None = None) -> NDArray[np.bool_]:
    """True where the p-value belongs to the largest set whose expected share of false ones is at most `rate`.

    `tests`: how many hypotheses there were in all, when only the small p-values are handed in; the others count as 1.
    Benjamini and Hochberg, "Controlling the false discovery rate" (1995).
    """
    found = np.zeros(p_values.shape, dtype=np.bool_)
    if not p_values.size:
        return found
    order = np.argsort(p_values)
    limits = rate * np.arange(1, p_values.size + 1) / max(tests or 0, p_values.size)
    below = np.flatnonzero(p_values[order] <= limits)
    if below.size:
        found[order[: below[-1] + 1]] = True
    return found
