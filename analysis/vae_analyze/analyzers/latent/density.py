"""The aggregate posterior as a density: what the rate is made of, and how it and the prior cover each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.metrics import AggregateTerms, Discrepancy, aggregate_terms, discrepancy_to_prior
from vae_analyze.stats.bootstrap import REPLICATES, poisson_weights

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.latent.table import Table

Floats = NDArray[np.float64]
MOST_DIMENSIONS = 256  # beyond, a density estimated from posteriors says nothing
EDGE = 0.01  # share of the codes themselves, and of the prior itself, that counts as far off
_ROWS = 512
_NEAR = 0.95  # of log n, from which the mutual information says more of n than of the model
_MOST_PAIRED = 2_000  # codes whose mutual distances are taken


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Density:
    """Log densities at draws.

    Args:
        index: The sample of each posterior draw, ``(m,)``.
        terms: At these draws.
        prior_distances: Of each prior draw to the nearest code, ``(k,)``.
        code_distances: Of posterior draws, one or more of each sample, to the nearest code of another, ``(m',)``.
        code_index: The sample of each of these, ``(m',)``.
        outside: Whether each posterior draw lies where hardly any prior draw would, ``(m,)``.
        discrepancy: To the prior.
        codes: Draws that it rests on.
    """

    index: NDArray[np.int64]
    terms: AggregateTerms
    prior_distances: Floats
    code_distances: Floats
    code_index: NDArray[np.int64]
    outside: NDArray[np.bool_]
    discrepancy: Discrepancy
    codes: int

    @property
    def ceiling(self) -> float:
        """Log n: the mutual information cannot come out above it."""
        return math.log(self.terms.n)

    @property
    def at_ceiling(self) -> bool:
        """Whether there are too few samples to tell mutual information from total correlation."""
        return float(self.terms.mutual_information.mean()) > _NEAR * self.ceiling


def why_none(table: Table, *, deterministic: bool) -> str:
    """Why there is no density to speak of; "" if there is one."""
    if deterministic:
        return "the model is deterministic: it has no posterior"
    if table.d > MOST_DIMENSIONS:
        return f"{table.d} latent dimensions: a density estimated from {len(table)} posteriors would say nothing"
    mean, logvar = table.posteriors.mean, table.posteriors.logvar
    if not bool(torch.isfinite(mean).all() and torch.isfinite(logvar).all()):
        return "a posterior mean or variance vanished or overflowed"
    return ""


def density_of(table: Table, draws: int, context: Context) -> Density:
    """Posterior draws and prior draws under the aggregate posterior."""
    z, of = table.drawn(len(table), context.generator("posterior draws"))
    some = torch.arange(min(draws, len(table))) * len(table) // min(draws, len(table))
    prior = torch.randn((draws, table.d), generator=context.generator("prior draws"), dtype=torch.float64)
    # The far edge of few codes is known from a handful of them: more draws from each posterior tell it better.
    rounds = max(1, -(-_MOST_PAIRED // len(some)))
    again = [table.posteriors_drawn(some, context.generator(f"code draws {k}")) for k in range(rounds)]
    among = torch.cat([nearest(points, z, own=some) for points in again])
    paired = z[:: max(1, -(-len(z) // _MOST_PAIRED))]
    return Density(
        index=table.index[of[some].numpy()],
        terms=aggregate_terms(table.posteriors, z[some], of[some]),
        prior_distances=np.asarray(nearest(prior, z).numpy()),
        code_distances=np.asarray(among.numpy()),
        code_index=np.tile(table.index[of[some].numpy()], rounds),
        outside=_beyond_the_prior(z[some]),
        discrepancy=discrepancy_to_prior(paired),
        codes=len(paired),
    )


def uncovered(density: Density, *, seed: int) -> tuple[float, Floats]:
    """Share of prior draws farther from any code than 99 % of codes are from theirs, and its bootstrap replicates.

    Both sides are resampled, the prior's draws and the samples whose codes set the distance: the share of a few draws
    beyond a distance that is itself known from few codes.
    """
    far = np.sort(density.prior_distances)
    order = np.argsort(density.code_distances, kind="stable")
    among = density.code_distances[order]
    weights = poisson_weights(density.code_index[order], replicates=REPLICATES, seed=seed).astype(np.float64)
    reached = np.cumsum(weights, axis=0)
    at = (reached >= (1 - EDGE) * reached[-1]).argmax(axis=0)
    edge = np.concatenate(([np.quantile(among, 1 - EDGE)], among[at]))
    of_prior = poisson_weights(np.arange(len(far)), replicates=REPLICATES, seed=seed + 1).astype(np.float64)
    beyond = np.concatenate((np.cumsum(of_prior[::-1], axis=0)[::-1], np.zeros((1, REPLICATES))))
    first = np.searchsorted(far, edge, side="right")
    value = (len(far) - first[0]) / len(far)
    replicates = beyond[first[1:], np.arange(REPLICATES)] / of_prior.sum(axis=0)
    return float(value), replicates


def nearest(points: Tensor, codes: Tensor, *, own: Tensor | None = None) -> Tensor:
    """Distance of each point to the nearest code, ``(m,)``; infinite without any.

    Args:
        points: ``(m, d)``.
        codes: ``(n, d)``.
        own: For points that are codes: which one each is, not to be taken as its own neighbour, ``(m,)``.
    """
    found = []
    for start in range(0, len(points), _ROWS):
        distances = torch.cdist(points[start : start + _ROWS], codes)
        if own is not None:
            distances.scatter_(1, own[start : start + _ROWS, None], math.inf)
        found.append(distances.min(dim=1).values)
    return torch.cat(found)


def _beyond_the_prior(z: Tensor) -> NDArray[np.bool_]:
    """Outside the ball that holds all but `EDGE` of the prior."""
    from scipy.stats import chi2

    return np.asarray((z.square().sum(dim=1) > float(chi2.ppf(1 - EDGE, z.shape[1]))).numpy())
