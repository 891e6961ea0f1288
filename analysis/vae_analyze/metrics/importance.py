"""The marginal likelihood by importance weighting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from torch import Tensor


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImportanceBound:
    """What ``k`` importance weights per sample give, float64 ``(n,)`` each.

    Args:
        bound: log (1/k sum_i w_i), in nats: a lower bound of log p(x) in expectation, higher is tighter.
        effective: Effective number of weights, (sum w)^2 / sum w^2, in [1, k]; near 1 the bound rests on one draw.
        k: Weights per sample.
    """

    bound: Tensor
    effective: Tensor
    k: int


def importance_bound(log_weights: Tensor, k: int | None = None) -> ImportanceBound:
    """The importance-weighted bound of the log likelihood from log weights.

    With fewer than all weights asked for, the bound is the mean over the disjoint groups of ``k`` of them, which has
    the same expectation as one group and less variance. So the bounds for k = 1, 10, 100, ... of the same weights form
    a curve that rises towards log p(x) up to noise.

    Args:
        log_weights: log p(x | z_i) + log p(z_i) - log q(z_i | x) for draws z_i from q(z | x), ``(n, draws)``.
        k: Weights per bound, at most the number of draws; default all.

    Raises:
        ValueError: Not ``(n, draws)``, or ``k`` outside 1 to draws.

    References:
        Burda, Grosse and Salakhutdinov 2016, "Importance weighted autoencoders", equation 8; Kong 1992 for the
        effective sample size.
    """
    if log_weights.dim() != 2:
        raise ValueError(f"expected log weights (n, draws), got {tuple(log_weights.shape)}")
    draws = log_weights.shape[1]
    k = draws if k is None else k
    if not 1 <= k <= draws:
        raise ValueError(f"expected k from 1 to {draws}, the number of draws, got {k}")
    groups = draws // k
    weights = log_weights[:, : groups * k].double().reshape(len(log_weights), groups, k)
    sums = weights.logsumexp(dim=2)
    effective = (2 * sums - (2 * weights).logsumexp(dim=2)).exp()
    return ImportanceBound(bound=(sums - math.log(k)).mean(dim=1), effective=effective.mean(dim=1), k=k)
