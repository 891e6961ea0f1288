"""Maximum mean discrepancy of codes to the standard normal prior, with the prior's side in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from torch import Tensor

_ROWS = 512


@final
@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Squared maximum mean discrepancy, kernel units.

    Args:
        value: Unbiased estimate; around 0, and below it as often as above, when the codes are from the prior.
        se: Standard error by the linearised statistic; NaN with fewer than 3 codes.
        bandwidth: Of the kernel.
    """

    value: float
    se: float
    bandwidth: float


def discrepancy_to_prior(z: Tensor, bandwidth: float | None = None) -> Discrepancy:
    """Squared MMD between codes and N(0, I) under the kernel exp(-|a - b|^2 / (2 h^2)).

    The kernel's mean under the prior is a Gaussian integral, so nothing is drawn from the prior and its noise does not
    enter: E k(z, y) = (h^2 / (h^2 + 1))^(d/2) exp(-|z|^2 / (2 (h^2 + 1))) and E k(y, y') = (h^2 / (h^2 + 2))^(d/2).

    Args:
        z: Codes ``(n, d)``, independent; at least 2.
        bandwidth: h; default sqrt(d), at which two draws of the prior have a kernel of some exp(-1).

    Raises:
        ValueError: Fewer than 2 codes, or a bandwidth that is not above 0.

    References:
        Gretton, Borgwardt, Rasch, Schoelkopf and Smola 2012, "A kernel two-sample test", equation 3 (unbiased).
    """
    if z.dim() != 2 or len(z) < 2:
        raise ValueError(f"expected at least 2 codes (n, d), got {tuple(z.shape)}")
    n, d = z.shape
    h2 = float(d if bandwidth is None else bandwidth**2)
    if not h2 > 0:
        raise ValueError(f"expected a bandwidth above 0, got {bandwidth}")
    z = z.cpu().double()
    squares = z.square().sum(dim=1)
    pairs = torch.empty(n, dtype=torch.float64)  # mean kernel of each code with the others
    for start in range(0, n, _ROWS):
        part = z[start : start + _ROWS]
        distance = (squares[start : start + _ROWS, None] + squares - 2 * part @ z.T).clamp(min=0)
        pairs[start : start + _ROWS] = (torch.exp(-distance / (2 * h2)).sum(dim=1) - 1) / (n - 1)
    with_prior = math.exp(0.5 * d * math.log(h2 / (h2 + 1))) * torch.exp(-squares / (2 * (h2 + 1)))
    among_prior = math.exp(0.5 * d * math.log(h2 / (h2 + 2)))
    value = float(pairs.mean() - 2 * with_prior.mean() + among_prior)
    # Projections of the U-statistic: each code enters every pair it is part of, hence the factor 2.
    projected = 2 * (pairs - with_prior)
    se = float(projected.std() / math.sqrt(n)) if n > 2 else math.nan
    return Discrepancy(value, se, math.sqrt(h2))
