"""The aggregate posterior q(z) = 1/N sum_n q(z | x_n), and what the KL to the prior is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from vae_analyze.vae import DiagonalGaussian

_LOG_2PI = math.log(2 * math.pi)
_NUMBERS_AT_ONCE = 2**22  # of pairs times dimensions: 32 MiB of float64


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AggregateTerms:
    """Log densities in nats at one draw from the posterior of each of ``m`` samples, float64.

    Their means over the draws are the three parts of the rate, E KL(q(z | x) || p(z)):

    - index-code mutual information, ``mutual_information``: E log q(z | x) - log q(z);
    - total correlation, ``total_correlation``: E log q(z) - sum_j log q(z_j);
    - dimension-wise KL, ``dimension_wise_kl``: E log q(z_j) - log p(z_j), for each dimension j.

    Args:
        posterior: log q(z | x) of each draw's own posterior, ``(m,)``.
        aggregate: log q(z), ``(m,)``.
        marginals: log q(z_j), ``(m, d)``.
        prior: log p(z_j) under N(0, 1), ``(m, d)``.
        n: Posteriors in the mixture.
    """

    posterior: Tensor
    aggregate: Tensor
    marginals: Tensor
    prior: Tensor
    n: int

    @property
    def mutual_information(self) -> Tensor:
        """Per draw, ``(m,)``; its mean is at most log n, whatever the model."""
        return self.posterior - self.aggregate

    @property
    def total_correlation(self) -> Tensor:
        """Per draw, ``(m,)``."""
        return self.aggregate - self.marginals.sum(dim=1)

    @property
    def dimension_wise_kl(self) -> Tensor:
        """Per draw and dimension, ``(m, d)``."""
        return self.marginals - self.prior


def aggregate_terms(posteriors: DiagonalGaussian, z: Tensor, of: Tensor) -> AggregateTerms:
    """Log densities of draws under their own posterior, the aggregate posterior, its marginals and the prior.

    The mixture is over all the posteriors given, not over a minibatch: minibatch estimators (weighted or stratified)
    are off by several nats at the usual sizes and give impossible signs. What remains is the bias of a finite sample:
    q(z) is estimated with the draw's own posterior among the n, so the mutual information cannot exceed log n.

    Args:
        posteriors: Means and log variances ``(n, *latent_shape)``, finite.
        z: Draws ``(m, *latent_shape)``.
        of: The posterior each draw is from, int64 ``(m,)``.

    Raises:
        ValueError: The shapes do not belong together, or a posterior is a point mass or not finite.

    References:
        Hoffman and Johnson 2016, "ELBO surgery"; Chen, Li, Grosse and Duvenaud 2018, "Isolating sources of
        disentanglement in variational autoencoders", equation 2; there by minibatches.
    """
    mean, logvar = (part.flatten(start_dim=1).cpu().double() for part in (posteriors.mean, posteriors.logvar))
    z = z.flatten(start_dim=1).cpu().double()
    if z.shape[1] != mean.shape[1] or len(z) != len(of):
        raise ValueError(
            f"expected draws (m, {mean.shape[1]}) and m indices, got {tuple(z.shape)} and {tuple(of.shape)}"
        )
    if len(mean) == 0 or not bool(torch.isfinite(mean).all() and torch.isfinite(logvar).all()):
        raise ValueError("expected at least one posterior, all of finite means and log variances")
    if len(of) and not 0 <= int(of.min()) <= int(of.max()) < len(mean):
        raise ValueError(f"expected indices of {len(mean)} posteriors, got {int(of.min())} to {int(of.max())}")
    aggregate, marginals = [], []
    for part in _parts(z, mean):
        dimensions = log_normal(part[:, None], mean, logvar)
        aggregate.append(dimensions.sum(dim=2).logsumexp(dim=1))
        marginals.append(dimensions.logsumexp(dim=1))
    log_n = math.log(len(mean))
    none = z.new_zeros(0)
    return AggregateTerms(
        posterior=log_normal(z, mean[of], logvar[of]).sum(dim=1),
        aggregate=torch.cat(aggregate) - log_n if aggregate else none,
        marginals=torch.cat(marginals) - log_n if marginals else z,
        prior=log_normal(z, torch.zeros_like(z), torch.zeros_like(z)),
        n=len(mean),
    )


def log_normal(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """Logarithm of N(z; mean, exp(logvar)) in nats, element by element."""
    return -0.5 * (_LOG_2PI + logvar + (z - mean).square() * torch.exp(-logvar))


def _parts(z: Tensor, mean: Tensor) -> Iterator[Tensor]:
    rows = max(1, _NUMBERS_AT_ONCE // max(1, mean.numel()))
    return (z[start : start + rows] for start in range(0, len(z), rows))
