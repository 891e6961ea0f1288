"""How many directions a set of codes uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def effective_rank(covariance: Floats) -> float:
    """Exponential of the entropy of the covariance's normalised eigenvalues, from 1 to d; NaN without any variance.

    It is d for equal variances in all directions and 1 where all variance lies along one line.

    Args:
        covariance: Symmetric, positive semidefinite, ``(d, d)``.

    Raises:
        ValueError: Not square.

    References:
        Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality", equation 6, there of
        singular values; here of the covariance's eigenvalues, the squares of the codes' singular values.
    """
    share = _shares(covariance)
    if share is None:
        return float("nan")
    share = share[share > 0]
    return float(np.exp(-np.sum(share * np.log(share))))


def participation_ratio(covariance: Floats) -> float:
    """Square of the sum of the covariance's eigenvalues over the sum of their squares, 1 to d; NaN without variance.

    Args:
        covariance: Symmetric, positive semidefinite, ``(d, d)``.

    Raises:
        ValueError: Not square.

    References:
        Gao, Trautmann, Yu, Santhanam, Ryu, Shenoy and Ganguli 2017, "A theory of multineuronal dimensionality".
    """
    share = _shares(covariance)
    return float("nan") if share is None else float(1 / np.sum(np.square(share)))


def correlations(covariance: Floats) -> Floats:
    """Correlation matrix ``(d, d)``; NaN in the row and column of a dimension without variance, 1 on the diagonal else.

    Args:
        covariance: ``(d, d)``.
    """
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    deviation = np.where(deviation > 0, deviation, np.nan)
    found = np.clip(covariance / deviation[:, None] / deviation[None, :], -1.0, 1.0)
    np.fill_diagonal(found, np.where(np.isnan(deviation), np.nan, 1.0))
    return np.asarray(found, dtype=np.float64)


def _shares(covariance: Floats) -> Floats | None:
    covariance = np.asarray(covariance, dtype=np.float64)
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
        raise ValueError(f"expected a square matrix, got {covariance.shape}")
    values = np.maximum(np.linalg.eigvalsh(covariance), 0.0)
    total = float(values.sum())
    return np.asarray(values / total, dtype=np.float64) if total > 0 else None
