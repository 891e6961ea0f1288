"""What each latent dimension does: alive or dead, what it costs, how it lies to the prior, what it repeats."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.activity import ACTIVE, DEAD, Activity
from vae_analyze.analyzers.latent.normality import Normality, normality_of
from vae_analyze.findings import Cell, Column
from vae_analyze.findings import Table as TidyTable
from vae_analyze.metrics import Marginals, correlations, marginals
from vae_analyze.stats.normal import around
from vae_analyze.vae import DiagonalGaussian

if TYPE_CHECKING:
    from vae_analyze.analyzers.latent.gathered import Gathered
    from vae_analyze.analyzers.latent.table import Table

Floats = NDArray[np.float64]
COPY = 0.95  # correlation from which a dimension says what another says
MOST_CORRELATED = 512  # dimensions whose correlations are computed
MOST_LISTED = 64
MOST_SHAPED = 256  # dimensions whose marginals are held against the prior, those of most KL


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Dimensions(Activity):
    """What is known of each dimension.

    Args:
        shape: Of the aggregate posterior's marginals, ``(d,)``; NaN beyond the 256 dimensions of most KL.
        normality: Tests of the aggregate posterior's marginals; NaN likewise, and for a deterministic model.
        correlation: Of the posterior means, ``(d, d)``; None for very many dimensions.
        covariance: Likewise.
    """

    shape: Marginals
    normality: Normality
    correlation: Floats | None
    covariance: Floats | None

    def copies(self) -> dict[int, tuple[int, float]]:
        """For a live dimension that repeats a more informative one: which, and their correlation."""
        if self.correlation is None:
            return {}
        found: dict[int, tuple[int, float]] = {}
        live = [int(j) for j in self.order if self.active[j]]
        for at, j in enumerate(live[1:], start=1):
            earlier = np.asarray(live[:at])
            strength = np.abs(self.correlation[j, earlier])
            best = int(np.argmax(strength))
            if strength[best] >= COPY:
                found[j] = (int(earlier[best]), float(self.correlation[j, earlier[best]]))
        return found


def dimensions_of(gathered: Gathered, table: Table) -> Dimensions:
    """From the moments over all samples, and shapes and correlations from the posteriors in memory."""
    covariance = None
    if table.d <= MOST_CORRELATED and len(table) > 1:
        covariance = np.asarray(torch.cov(table.posteriors.mean.T).numpy().reshape(table.d, table.d), dtype=np.float64)
    activity = gathered.activity.finish()
    return Dimensions(
        kl=activity.kl,
        kl_error=activity.kl_error,
        code_variance=activity.code_variance,
        posterior_variance=activity.posterior_variance,
        n=activity.n,
        shape=_shapes(table, activity.order),
        normality=_normality(gathered, table, activity.order),
        correlation=None if covariance is None else correlations(covariance),
        covariance=covariance,
    )


def _shapes(table: Table, order: NDArray[np.int64]) -> Marginals:
    if table.d <= MOST_SHAPED:
        return marginals(table.posteriors)
    at = torch.from_numpy(np.sort(order[:MOST_SHAPED]))
    few = marginals(DiagonalGaussian(table.posteriors.mean[:, at], table.posteriors.logvar[:, at]))
    parts = {}
    for part in fields(few):
        parts[part.name] = torch.full((table.d,), torch.nan, dtype=torch.float64)
        parts[part.name][at] = getattr(few, part.name)
    return Marginals(**parts)


def _normality(gathered: Gathered, table: Table, order: NDArray[np.int64]) -> Normality:
    d = table.d
    if gathered.deterministic:
        return Normality(prior=np.full(d, np.nan), shape=np.full(d, np.nan), n=0)
    at = np.sort(order[:MOST_SHAPED])
    # One draw from each posterior: independent draws from the aggregate, which is what the tests ask for.
    draws, _ = table.drawn(len(table), gathered.context.generator("normality"))
    few = normality_of(draws.numpy()[:, at])
    prior, shape = np.full(d, np.nan), np.full(d, np.nan)
    prior[at], shape[at] = few.prior, few.shape
    return Normality(prior=prior, shape=shape, n=few.n)


def dimension_table(found: Dimensions, *, deterministic: bool) -> TidyTable:
    """A row per dimension, by falling KL."""
    copies = found.copies()
    total = found.kl.sum()
    shape = found.shape
    rows: list[tuple[Cell, ...]] = []
    for j in map(int, found.order[:MOST_LISTED]):
        partner, strength = copies.get(j, (-1, float("nan")))
        kl, error = (float("nan"), float("nan")) if deterministic else (float(found.kl[j]), float(found.kl_error[j]))
        rows.append(
            (
                f"z{j}",
                found.state(j),
                kl,
                *around(kl, error),
                float("nan") if deterministic else float(found.kl[j] / total),
                float(found.code_variance[j]),
                float(found.posterior_variance[j]),
                *(float(part[j]) for part in (shape.mean, shape.variance, shape.skewness, shape.kurtosis)),
                *(float(part[j]) for part in (shape.distance, shape.transport)),
                *(float(part[j]) for part in (found.normality.prior, found.normality.shape)),
                "" if partner < 0 else f"z{partner} (r = {strength:.2f})",
            )
        )
    left = len(found.kl) - len(rows)
    more = f" The {left} dimensions of least KL are left out." if left else ""
    return TidyTable(
        name="dimensions",
        title="By latent dimension",
        columns=_COLUMNS,
        rows=tuple(rows),
        caption=(
            f"By falling KL, n = {found.n} samples. Active: the variance of the posterior mean is above {ACTIVE}; "
            f"dead: not active and a KL below {DEAD} nat; constant: neither.{more}"
        ),
    )


_COLUMNS = (
    Column(name="dimension", description="latent dimension"),
    Column(name="state", description="active, dead or constant"),
    Column(name="kl", unit="nat", description="mean KL divergence of the posterior to the prior"),
    Column(name="kl_low", unit="nat", description="low end, 95 %, normal over samples"),
    Column(name="kl_high", unit="nat", description="high end, 95 %"),
    Column(name="share", unit="1", description="of the KL of all dimensions"),
    Column(name="code_variance", unit="latent unit²", description="variance of the posterior means"),
    Column(name="posterior_variance", unit="latent unit²", description="mean posterior variance; 1 if dead"),
    Column(name="mean", unit="latent unit", description="of the aggregate posterior; 0 under the prior"),
    Column(name="variance", unit="latent unit²", description="of the aggregate posterior; 1 under the prior"),
    Column(name="skewness", unit="1", description="of the aggregate posterior; 0 under the prior"),
    Column(name="kurtosis", unit="1", description="excess kurtosis of the aggregate posterior; 0 under the prior"),
    Column(name="ks_distance", unit="1", direction="lower", description="Kolmogorov-Smirnov distance to the prior"),
    Column(
        name="wasserstein",
        unit="latent unit",
        direction="lower",
        description="Wasserstein-1 distance to the prior: how far mass would have to be moved on average",
    ),
    Column(name="p_prior", unit="1", description="P value of being N(0, 1): Kolmogorov-Smirnov, Holm over dimensions"),
    Column(name="p_normal", unit="1", description="P value of being normal at all: D'Agostino-Pearson, Holm"),
    Column(name="repeats", description=f"a more informative dimension with which it correlates by {COPY} or more"),
)
