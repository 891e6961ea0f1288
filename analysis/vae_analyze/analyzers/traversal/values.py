"""The values that a dimension takes on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Codes

Floats = NDArray[np.float64]
MOST_POSTERIORS = 2_000  # of which the aggregate posterior's quantiles are taken
_HALVINGS = 60


def values_of(
    dimensions: NDArray[np.int64], *, steps: int, extent: float, spacing: str, codes: Codes, deterministic: bool
) -> Floats:
    """Values of z, ``(dimensions, steps)``, rising.

    Even steps from -extent to extent; or quantiles at even steps of probability, from Phi(-extent) to Phi(extent), of
    N(0, 1) or of the dimension's aggregate posterior (1/n) sum_i q(z_j | x_i) (of the codes where there is no
    posterior).
    """
    from scipy.stats import norm

    if spacing == "linear":
        return np.tile(np.linspace(-extent, extent, steps), (len(dimensions), 1))
    levels = levels_of(steps, extent)
    if spacing == "prior":
        row = np.asarray(norm.ppf(levels), dtype=np.float64)
        return np.tile((row - row[::-1]) / 2, (len(dimensions), 1))  # exactly symmetric: the middle one is zero
    mean, sd = _posteriors(codes, dimensions)
    if deterministic:
        rising: Floats = np.asarray(np.quantile(mean, levels, axis=0), dtype=np.float64).T
        return rising
    return _mixture_quantiles(mean, sd, levels)


def levels_of(steps: int, extent: float) -> Floats:
    """Probabilities of the quantiles, ``(steps,)``."""
    from scipy.stats import norm

    return np.asarray(np.linspace(float(norm.cdf(-extent)), float(norm.cdf(extent)), steps), dtype=np.float64)


def _posteriors(codes: Codes, dimensions: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Means and standard deviations of at most `MOST_POSTERIORS` finite posteriors, evenly spread."""
    total, taken = len(codes.index), 0
    wanted = np.arange(total) if total <= MOST_POSTERIORS else np.arange(MOST_POSTERIORS) * total // MOST_POSTERIORS
    means, spreads = [], []
    for numbers, mean, logvar in codes.chunks():
        here = wanted[(wanted >= taken) & (wanted < taken + len(numbers))] - taken
        means.append(mean[here].reshape(len(here), -1)[:, dimensions].astype(np.float64))
        spreads.append(np.exp(0.5 * logvar[here].reshape(len(here), -1)[:, dimensions].astype(np.float64)))
        taken += len(numbers)
    mean, sd = np.concatenate(means), np.concatenate(spreads)
    whole = np.isfinite(mean).all(axis=1) & np.isfinite(sd).all(axis=1)
    return mean[whole], sd[whole]


def _mixture_quantiles(mean: Floats, sd: Floats, levels: Floats) -> Floats:
    """Quantiles ``(d, levels)`` of mixtures of normals ``(n, d)``, by bisection."""
    from scipy.special import ndtr

    sd = np.maximum(sd, 1e-6)
    shape = (mean.shape[1], len(levels))
    low = np.broadcast_to((mean - 12 * sd).min(axis=0)[:, None], shape).copy()
    high = np.broadcast_to((mean + 12 * sd).max(axis=0)[:, None], shape).copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = np.stack([ndtr((row[None] - mean[:, [j]]) / sd[:, [j]]).mean(axis=0) for j, row in enumerate(middle)])
        low, high = np.where(below < levels, middle, low), np.where(below < levels, high, middle)
    found: Floats = (low + high) / 2
    return found
