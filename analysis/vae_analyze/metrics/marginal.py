"""Each dimension of the aggregate posterior against the standard normal prior, without drawing anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.vae import DiagonalGaussian

_GRID = 1024
_TAILS = 6.0  # standard deviations beyond which nothing of a Gaussian is counted
_NUMBERS_AT_ONCE = 2**22


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Marginals:
    """Shape of q(z_j) = 1/N sum_n q(z_j | x_n) for each dimension j, float64 ``(d,)`` each.

    Args:
        mean: 0 under the prior.
        variance: 1 under the prior: the variance of the posterior means plus the mean posterior variance.
        skewness: Third standardised moment, 0 under the prior; NaN without variance.
        kurtosis: Fourth standardised moment less 3, 0 under the prior; NaN without variance.
        distance: Kolmogorov-Smirnov distance to N(0, 1), the largest difference of the distribution functions, 0 to 1.
        transport: Wasserstein-1 distance to N(0, 1), in latent units: how far mass has to be moved on average.
    """

    mean: Tensor
    variance: Tensor
    skewness: Tensor
    kurtosis: Tensor
    distance: Tensor
    transport: Tensor


def marginals(posteriors: DiagonalGaussian) -> Marginals:
    """The aggregate posterior's marginals: exact moments of the mixture, and distances to the prior.

    The distances are read from both distribution functions on 1024 points that span both, so they are lower bounds, by
    less than 0.01 where no posterior is narrower than a hundredth of the span.

    Args:
        posteriors: Means and log variances ``(n, *latent_shape)``; a log variance of minus infinity is a point mass.

    Raises:
        ValueError: No posterior, or a mean that is not finite.
    """
    mean, logvar = (part.flatten(start_dim=1).cpu().double() for part in (posteriors.mean, posteriors.logvar))
    if len(mean) == 0 or not bool(torch.isfinite(mean).all()) or bool((logvar.isnan() | (logvar == math.inf)).any()):
        raise ValueError("expected at least one posterior, all of finite means and variances")
    variance = logvar.exp()
    centre = mean.mean(dim=0)
    off = mean - centre
    second = (off.square() + variance).mean(dim=0)
    third = (off**3 + 3 * off * variance).mean(dim=0)
    fourth = (off**4 + 6 * off.square() * variance + 3 * variance.square()).mean(dim=0)
    spread = torch.where(second > 0, second, math.nan)
    distance, transport = _distances(mean, variance)
    return Marginals(
        mean=centre,
        variance=second,
        skewness=third / spread**1.5,
        kurtosis=fourth / spread.square() - 3,
        distance=distance,
        transport=transport,
    )


def _distances(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    deviation = variance.sqrt()
    # The prior's own span too; dimension by dimension, as one wide dimension would spoil the grid of the others.
    low = torch.minimum((mean - _TAILS * deviation).min(dim=0).values, torch.tensor(-_TAILS))
    high = torch.maximum((mean + _TAILS * deviation).max(dim=0).values, torch.tensor(_TAILS))
    steps = torch.linspace(0, 1, _GRID, dtype=torch.float64)
    grid = low + steps[:, None] * (high - low)
    below = torch.zeros_like(grid)
    rows = max(1, _NUMBERS_AT_ONCE // (mean.shape[1] * _GRID))
    for start in range(0, len(mean), rows):
        centre, width = mean[start : start + rows, None], deviation[start : start + rows, None]
        below += torch.special.ndtr((grid - centre) / width).nan_to_num(0.5).sum(dim=0)
    gap = (below / len(mean) - torch.special.ndtr(grid)).abs()
    return gap.max(dim=0).values, torch.trapezoid(gap, grid, dim=0)
