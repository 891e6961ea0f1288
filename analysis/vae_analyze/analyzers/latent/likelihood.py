"""The log likelihood of some samples, bounded by importance weighting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.metrics import importance_bound
from vae_analyze.metrics.aggregate import log_normal
from vae_analyze.vae import flatten

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Batch, Context
    from vae_analyze.analyzers.latent.observation import Observation

Floats = NDArray[np.float64]
_AT_ONCE = 64
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Likelihood:
    """Bounds by number of weights.

    Args:
        index: The samples, ``(n,)``.
        weights: Numbers of weights, rising.
        bounds: ``(n, len(weights))`` in nats.
        effective: Effective number of weights at each of these, ``(n, len(weights))``.
    """

    index: NDArray[np.int64]
    weights: tuple[int, ...]
    bounds: Floats
    effective: Floats


def likelihood_of(context: Context, observation: Observation, samples: int, weights: int) -> Likelihood:
    """Bounds for samples evenly spread over the data."""
    total = len(context.index)
    index = context.index[np.arange(min(samples, total)) * total // max(1, min(samples, total))]
    generator = context.generator("importance weights")
    logs = [_log_weights(context.read(index[at : at + 1]), observation, weights, generator) for at in range(len(index))]
    every = torch.stack(logs)
    steps = (*(k for k in _STEPS if k < weights), weights)
    found = [importance_bound(every, k) for k in steps]
    return Likelihood(
        index=index,
        weights=steps,
        bounds=np.stack([one.bound.numpy() for one in found], axis=1),
        effective=np.stack([one.effective.numpy() for one in found], axis=1),
    )


def _log_weights(batch: Batch, observation: Observation, weights: int, generator: torch.Generator) -> Tensor:
    """Log p(x | z) + log p(z) - log q(z | x) of draws from one sample's posterior, ``(weights,)``."""
    posterior = batch.posterior
    mean, logvar = (flatten(part).cpu().double() for part in (posterior.mean, posterior.logvar))
    found = []
    for start in range(0, weights, _AT_ONCE):
        count = min(_AT_ONCE, weights - start)
        noise = torch.randn((count, mean.shape[1]), generator=generator, dtype=torch.float64)
        z = mean + (0.5 * logvar).exp() * noise
        ratio = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)) - log_normal(z, mean, logvar)
        codes = z.to(posterior.mean).reshape(count, *posterior.mean.shape[1:])
        x_hat = batch.decode(codes, of=np.zeros(count, dtype=np.int64))
        given = torch.from_numpy(observation.log_density(batch.x.expand_as(x_hat), x_hat))
        found.append(given + ratio.sum(dim=1))
    return torch.cat(found)
