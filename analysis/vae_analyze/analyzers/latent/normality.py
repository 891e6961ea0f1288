"""Whether draws from the aggregate posterior could be draws from a normal distribution, dimension by dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST = 20  # draws; the approximations of the tests need them
LEVEL = 0.05


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Normality:
    """P values per dimension, each adjusted for the number of dimensions, ``(d,)``; NaN where there is none.

    Args:
        prior: That the marginal is N(0, 1): Kolmogorov-Smirnov.
        shape: That it is normal with any mean and variance: D'Agostino and Pearson, of skewness and kurtosis.
        n: Draws, one from each posterior.
    """

    prior: Floats
    shape: Floats
    n: int


def normality_of(z: Floats) -> Normality:
    """Tests of ``z``, independent draws ``(n, d)``, one from each posterior.

    References:
        D'Agostino and Pearson 1973, Biometrika 60; Holm 1979, Scandinavian Journal of Statistics 6, for the adjustment.
    """
    from scipy.stats import kstest, normaltest

    n, d = z.shape
    prior, shape = np.full(d, np.nan), np.full(d, np.nan)
    if n >= LEAST:
        for j in range(d):
            prior[j] = kstest(z[:, j], "norm").pvalue
            if np.ptp(z[:, j]) > 0:
                shape[j] = normaltest(z[:, j]).pvalue
    return Normality(prior=holm(prior), shape=holm(shape), n=n)


def holm(p: Floats) -> Floats:
    """P values adjusted for their number; NaN is not counted and stays."""
    found = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    factors = np.arange(len(order), 0, -1)
    found[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return found
