"""Which latent dimensions follow the data, and which are the prior: for every analyzer that goes through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.stats.moments import Moments, as_float64
from vae_analyze.vae import flatten

if TYPE_CHECKING:
    from vae_analyze.vae import DiagonalGaussian

Floats = NDArray[np.float64]
ACTIVE = 0.01  # variance of the posterior mean, Burda et al. 2016
DEAD = 0.01  # nats, below which a dimension is the prior


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Activity:
    """Per dimension, ``(d,)`` each; an analyzer that knows more of its dimensions adds to it.

    Args:
        kl: Mean KL divergence to the prior in nats; infinite without a posterior.
        kl_error: Its standard error over samples.
        code_variance: Variance of the posterior means.
        posterior_variance: Mean posterior variance.
        n: Samples.
    """

    kl: Floats
    kl_error: Floats
    code_variance: Floats
    posterior_variance: Floats
    n: int

    @property
    def active(self) -> NDArray[np.bool_]:
        """Whether the code moves with the data."""
        return np.asarray(self.code_variance > ACTIVE)

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Whether the posterior is the prior, whatever the input."""
        return np.asarray(~self.active & (self.kl < DEAD))

    @property
    def order(self) -> NDArray[np.int64]:
        """Dimensions by falling KL; without a posterior by falling variance of the code."""
        return np.argsort(-(self.kl if np.isfinite(self.kl).all() else self.code_variance), kind="stable")

    def state(self, j: int) -> str:
        """In a word: "active", "dead", or "constant": it does not follow the data, and is not the prior either."""
        return "active" if self.active[j] else "dead" if self.dead[j] else "constant"


@final
@dataclass(slots=True)
class ActivityMoments:
    """What `Activity` is made of, gathered over batches.

    Args:
        means: Of the posterior means.
        variances: Of the posterior variances.
        kl: Of the KL divergence to the prior, per dimension.
    """

    means: Moments = field(default_factory=Moments)
    variances: Moments = field(default_factory=Moments)
    kl: Moments = field(default_factory=Moments)

    def update(self, posterior: DiagonalGaussian) -> Floats:
        """Take in the posteriors of a batch; returns their KL per sample and dimension, ``(n, d)``, in nats.

        A posterior that is not finite is left out: one broken sample must not make every dimension look dead.
        """
        kl = as_float64(flatten(posterior.kl_to_prior()))
        mean, logvar = (as_float64(flatten(part)) for part in (posterior.mean, posterior.logvar))
        # Minus infinity is a point mass, which is a posterior.
        whole = np.isfinite(mean).all(axis=1) & ~(np.isnan(logvar) | (logvar == np.inf)).any(axis=1)
        self.means.update(mean[whole])
        self.variances.update(np.exp(logvar[whole]))
        self.kl.update(kl[whole])
        return kl

    def merge(self, other: ActivityMoments) -> None:
        """Take in what another one has gathered."""
        self.means.merge(other.means)
        self.variances.merge(other.variances)
        self.kl.merge(other.kl)

    def finish(self) -> Activity:
        """The activity of every dimension."""
        return Activity(
            kl=self.kl.mean,
            kl_error=self.kl.standard_error(),
            code_variance=self.means.variance(ddof=1),
            posterior_variance=self.variances.mean,
            n=self.kl.count,
        )
