"""Scalars of a latent space, each with unit, interval and definition."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.latent.density import uncovered
from vae_analyze.analyzers.latent.gathered import CROSS_ENTROPY, DISTORTION, RATE
from vae_analyze.findings import Direction, Scalar
from vae_analyze.metrics import effective_rank, participation_ratio
from vae_analyze.stats.bootstrap import bootstrap_means, interval
from vae_analyze.stats.normal import around
from vae_analyze.stats.rows import Chunk
from vae_analyze.stats.share import wilson

if TYPE_CHECKING:
    from vae_analyze.analyzers.latent.findings import Health
    from vae_analyze.analyzers.latent.likelihood import Likelihood

Floats = NDArray[np.float64]
NO_POSTERIOR = "the model is deterministic: it has no posterior"


@final
@dataclass(frozen=True, slots=True)
class Definition:
    """What a number is: unit, direction, a sentence, and whether a summary shows it."""

    unit: str
    direction: Direction
    text: str
    headline: bool = False


_ELBO = {
    "rate": Definition(
        "nat", "none", "KL(q(z|x) || N(0, I)), summed over dimensions, mean over samples", headline=True
    ),
    "distortion_mse": Definition("data unit²", "lower", "mean over features of (g(mu(x)) - x)^2", headline=True),
    "distortion_rmse": Definition("data unit", "lower", "square root of the distortion MSE"),
    "cross_entropy": Definition(
        "nat", "lower", "-sum over features of x log g + (1 - x) log(1 - g), g = g(mu(x)); for data from 0 to 1"
    ),
    "distortion_nats": Definition(
        "nat", "lower", "-log p(x | z) at the posterior mean, under the likelihood that is stated or declared"
    ),
    "elbo_at_mean": Definition(
        "nat", "higher", "-(distortion in nats) - rate: the ELBO with the posterior mean in place of draws"
    ),
}


_DECOMPOSITION = {
    "mutual_information": Definition(
        "nat",
        "none",
        "E log q(z|x) - log q(z): what a code tells of which sample it is from; at most log n",
        headline=True,
    ),
    "total_correlation": Definition(
        "nat",
        "none",
        "E log q(z) - sum_j log q(z_j): dependence between dimensions of the aggregate posterior",
        headline=True,
    ),
    "dimension_wise_kl": Definition(
        "nat", "lower", "sum_j E log q(z_j) - log p(z_j): how far the marginals are from the prior", headline=True
    ),
}
_BOUNDS = {"mutual_information": "a lower bound", "total_correlation": "an upper bound"}
_COVERAGE = {
    "uncovered_prior": Definition(
        "1",
        "lower",
        "share of prior draws farther from the nearest code than 99 % of codes are from theirs: holes, and places that "
        "no data point explains; 0.01 is ideal",
        headline=True,
    ),
    "codes_outside_prior": Definition(
        "1", "lower", "share of posterior draws outside the ball that holds 99 % of the prior; 0.01 is ideal"
    ),
    "mmd2_to_prior": Definition(
        "kernel unit",
        "lower",
        "squared maximum mean discrepancy between posterior draws and the prior, Gaussian kernel of width √d",
    ),
}


def elbo(health: Health) -> list[Scalar]:
    """Both sides of the ELBO, and what they come to."""
    gathered = health.gathered
    means = bootstrap_means(gathered.rows, len(gathered.rows.columns), seed=gathered.context.seed)
    every = np.concatenate((means.mean[None], means.replicates))
    rate, mse, cross = every[:, RATE], every[:, DISTORTION], every[:, CROSS_ENTROPY]
    nats = health.observation.nats(mse, cross, math.prod(gathered.context.data.input_shape))
    values = {
        "rate": rate,
        "distortion_mse": mse,
        "distortion_rmse": np.sqrt(mse),
        "cross_entropy": cross,
        "distortion_nats": nats,
        "elbo_at_mean": -nats - rate,
    }
    no_rate = NO_POSTERIOR if gathered.deterministic else "a posterior mean or variance vanished or overflowed"
    broken = "a decoded value is not finite"
    no_nats = broken if health.observation.known else health.observation.words
    reasons = {
        "rate": no_rate,
        "cross_entropy": broken if gathered.bounded else "the data are not shares from 0 to 1",
        "distortion_nats": no_nats,
        "elbo_at_mean": no_rate if health.observation.known else no_nats,
    }
    return [
        _scalar(name, values[name], means.n, definition, reason=reasons.get(name, "a decoded value is not finite"))
        for name, definition in _ELBO.items()
    ]


def _scalar(name: str, values: Floats, n: int, definition: Definition, *, reason: str) -> Scalar:
    """A scalar from its value and, behind it, its replicates."""
    value = float(values[0])
    spread = interval(value, values[1:], n=n)
    return Scalar(
        name=name,
        value=value,
        unit=definition.unit,
        direction=definition.direction,
        n=n,
        low=spread.low,
        high=spread.high,
        se=spread.se,
        reason="" if math.isfinite(value) else reason,
        definition=definition.text,
        headline=definition.headline,
    )


def dimensional(health: Health) -> list[Scalar]:
    """How many dimensions do what."""
    found, n, d = health.dimensions, health.dimensions.n, health.table.d
    active = int(found.active.sum())
    deterministic = health.gathered.deterministic
    covariance = found.covariance
    many = "" if covariance is not None else f"{d} latent dimensions are too many for a covariance"
    still = "the codes do not vary"
    rank = math.nan if covariance is None else effective_rank(covariance)
    ratio = math.nan if covariance is None else participation_ratio(covariance)
    return [
        Scalar(
            name="active_units",
            value=active,
            unit="dimensions",
            direction="none",
            n=n,
            headline=True,
            definition=f"dimensions whose posterior mean has a variance above 0.01, of {d}",
        ),
        Scalar(
            name="dead_units",
            value=math.nan if deterministic else int(found.dead.sum()),
            unit="dimensions",
            direction="none",
            n=n,
            reason=NO_POSTERIOR if deterministic else "",
            definition="dimensions that are not active and whose KL to the prior is below 0.01 nat",
        ),
        Scalar(
            name="redundant_units",
            value=len(found.copies()) if found.correlation is not None else math.nan,
            unit="dimensions",
            direction="lower",
            n=n,
            reason=many,
            definition="active dimensions that correlate by 0.95 or more with a more informative one",
        ),
        Scalar(
            name="effective_rank",
            value=rank,
            unit="dimensions",
            direction="none",
            n=len(health.table),
            reason="" if math.isfinite(rank) else many or still,
            definition="exponential of the entropy of the normalised eigenvalues of the codes' covariance",
        ),
        Scalar(
            name="participation_ratio",
            value=ratio,
            unit="dimensions",
            direction="none",
            n=len(health.table),
            reason="" if math.isfinite(ratio) else many or still,
            definition="(sum of eigenvalues)^2 / sum of their squares, of the codes' covariance",
        ),
        Scalar(
            name="posterior_variance",
            value=math.nan if deterministic else float(found.posterior_variance.mean()),
            unit="latent unit²",
            direction="none",
            n=n,
            reason=NO_POSTERIOR if deterministic else "",
            definition="mean posterior variance, averaged over dimensions",
        ),
    ]


def decomposition(health: Health) -> list[Scalar]:
    """What the rate is made of."""
    density = health.density
    if density is None:
        return [
            _undefined(name, definition, health.dimensions.n, health.no_density)
            for name, definition in _DECOMPOSITION.items()
        ]
    terms = density.terms
    parts = (terms.mutual_information, terms.total_correlation, terms.dimension_wise_kl.sum(dim=1))
    values = np.stack([part.numpy() for part in parts], axis=1)
    means = bootstrap_means([Chunk(density.index, values)], len(parts), seed=health.gathered.context.seed)
    every = np.concatenate((means.mean[None], means.replicates))
    found = []
    for at, (name, definition) in enumerate(_DECOMPOSITION.items()):
        scalar = _scalar(name, every[:, at], means.n, definition, reason="a density vanished or overflowed")
        if density.at_ceiling and name in _BOUNDS and math.isfinite(scalar.value):
            reason = f"{_BOUNDS[name]}: the mutual information is at its ceiling, log n = {density.ceiling:.3g}"
            scalar = replace(scalar, status="warning", reason=reason)
        found.append(scalar)
    return found


def _undefined(name: str, definition: Definition, n: int, reason: str) -> Scalar:
    return Scalar(
        name=name,
        value=math.nan,
        unit=definition.unit,
        direction=definition.direction,
        n=n,
        reason=reason,
        definition=definition.text,
    )


def coverage(health: Health) -> list[Scalar]:
    """How the aggregate posterior and the prior cover each other."""
    density = health.density
    if density is None:
        return [
            _undefined(name, definition, health.dimensions.n, health.no_density)
            for name, definition in _COVERAGE.items()
        ]
    mmd = density.discrepancy
    share, replicates = uncovered(density, seed=health.gathered.context.seed)
    spread = interval(share, replicates, n=min(len(density.prior_distances), len(np.unique(density.code_index))))
    found = {
        "uncovered_prior": (share, (spread.low, spread.high)),
        "codes_outside_prior": (
            float(density.outside.mean()),
            wilson(int(density.outside.sum()), len(density.outside)),
        ),
        "mmd2_to_prior": (mmd.value, around(mmd.value, mmd.se)),
    }
    sizes = {"uncovered_prior": len(density.prior_distances), "codes_outside_prior": len(density.outside)}
    return [
        Scalar(
            name=name,
            value=value,
            unit=_COVERAGE[name].unit,
            direction=_COVERAGE[name].direction,
            n=sizes.get(name, density.codes),
            low=low,
            high=high,
            se={"mmd2_to_prior": mmd.se, "uncovered_prior": spread.se}.get(name, math.nan),
            reason="" if math.isfinite(value) else "a code is not finite",
            definition=_COVERAGE[name].text,
            headline=_COVERAGE[name].headline,
        )
        for name, (value, (low, high)) in found.items()
    ]


def bounds(health: Health) -> list[Scalar]:
    """The log likelihood by growing numbers of importance weights."""
    likelihood = health.likelihood
    text = "importance-weighted lower bound of log p(x) (Burda et al. 2016), mean over samples"
    asked = health.gathered.options.likelihood_samples
    if likelihood is None:
        reason = NO_POSTERIOR if health.gathered.deterministic else health.observation.words
        reason = reason if asked else "it was not asked for: --likelihood-samples is 0"
        return [
            Scalar(
                name="log_likelihood_bound",
                value=math.nan,
                unit="nat",
                direction="higher",
                n=0,
                params={"weights": health.gathered.options.importance_weights},
                reason=reason,
                definition=text,
            )
        ]
    means = bootstrap_means(
        [Chunk(likelihood.index, likelihood.bounds)], len(likelihood.weights), seed=health.gathered.context.seed
    )
    found = []
    for at, k in enumerate(likelihood.weights):
        value = float(means.mean[at])
        spread = interval(value, means.replicates[:, at], n=means.n)
        effective = float(likelihood.effective[:, at].mean())
        thin = k == likelihood.weights[-1] > 1 and effective < 2
        found.append(
            Scalar(
                name="log_likelihood_bound",
                value=value,
                unit="nat",
                direction="higher",
                n=means.n,
                params={"weights": k},
                low=spread.low,
                high=spread.high,
                se=spread.se,
                status="warning" if thin else "ok",
                reason=f"it rests on {effective:.1f} of {k} weights on average"
                if thin
                else ""
                if math.isfinite(value)
                else "a weight vanished or overflowed",
                definition=text,
            )
        )
    found.append(_effective(likelihood, seed=health.gathered.context.seed))
    return found


def _effective(likelihood: Likelihood, *, seed: int) -> Scalar:
    """On how many weights the largest bound rests."""
    k = likelihood.weights[-1]
    means = bootstrap_means([Chunk(likelihood.index, likelihood.effective[:, -1:])], 1, seed=seed)
    value = float(means.mean[0])
    spread = interval(value, means.replicates[:, 0], n=means.n)
    return Scalar(
        name="effective_weights",
        value=value,
        unit="weights",
        direction="higher",
        n=means.n,
        params={"weights": k},
        low=spread.low,
        high=spread.high,
        se=spread.se,
        reason="" if math.isfinite(value) else "a weight vanished or overflowed",
        definition="(sum of weights)^2 / sum of their squares (Kish), mean over samples: on how many the bound rests",
    )
