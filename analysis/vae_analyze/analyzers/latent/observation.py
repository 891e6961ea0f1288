"""p(x | z): what the checkpoint says it is, or what the person declares it to be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

import torch

from vae_analyze.stats.moments import as_float64

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from vae_analyze.analyzers.latent.gathered import Gathered

    Floats = NDArray[np.float64]

LEAST_VARIANCE = 1e-12


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """Independent features around the decoded mean.

    Args:
        kind: Their distribution.
        variance: Of a Gaussian, in data unit².
        words: What it is and who says so, for people; for an unknown one why there is none.
    """

    kind: Literal["bernoulli", "gaussian", "unknown"]
    variance: float = math.nan
    words: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a density."""
        return self.kind != "unknown"

    def nats(self, squared: Floats, cross_entropy: Floats, features: int) -> Floats:
        """-log p(x | z) from the mean squared error over features, or from the cross-entropy, per sample."""
        if self.kind == "bernoulli":
            return cross_entropy
        if self.kind == "unknown":
            return squared * math.nan
        return 0.5 * features * (math.log(2 * math.pi * self.variance) + squared / self.variance)

    def log_density(self, x: Tensor, mean: Tensor) -> Floats:
        """Log density of each sample given its decoded mean, in nats, ``(n,)``."""
        if self.kind == "bernoulli":
            return -cross_entropies(x, mean)
        error = (x.cpu().double() - mean.cpu().double()).flatten(start_dim=1)
        squared = as_float64(error.square().mean(dim=1))
        return -self.nats(squared, squared, error.shape[1])


def observation_of(gathered: Gathered, mean_squared_error: float) -> Observation:
    """The likelihood that nats are counted under.

    Args:
        gathered: Options and card.
        mean_squared_error: Of the model, over samples and features: the variance of most likelihood.
    """
    asked, stated = gathered.options.likelihood, gathered.context.card.likelihood
    if asked == "bernoulli" or (asked == "auto" and stated == "bernoulli"):
        who = "declared" if asked == "bernoulli" else "as the checkpoint says"
        return Observation(kind="bernoulli", words=f"Bernoulli pixels, {who}")
    if asked == "gaussian":
        given = gathered.options.variance
        variance = given or max(mean_squared_error, LEAST_VARIANCE)
        whose = "declared" if given else "declared, its variance fitted: the model's own mean squared error"
        return Observation(kind="gaussian", variance=variance, words=f"Gaussian with variance {variance:.3g}, {whose}")
    hint = "declare one: --likelihood bernoulli, or --likelihood gaussian --variance V"
    known = "Gaussian of unstated variance" if stated == "gaussian" else "not stated by the checkpoint"
    return Observation(kind="unknown", words=f"p(x | z) is {known}; {hint}")


def cross_entropies(x: Tensor, mean: Tensor) -> Floats:
    """-log p(x | z) of each sample under independent Bernoulli features of these means, in nats, ``(n,)``.

    NaN where a value is not finite. Logarithms stop at -100, as in torch's own binary cross-entropy, so that one sure
    and wrong pixel is not infinite.
    """
    target, given = (part.cpu().double().flatten(start_dim=1) for part in (x, mean))
    whole = torch.isfinite(target).all(dim=1) & torch.isfinite(given).all(dim=1)
    losses = torch.nn.functional.binary_cross_entropy(
        given.nan_to_num(0.5).clamp(0, 1), target.nan_to_num(0.5).clamp(0, 1), reduction="none"
    )
    return as_float64(torch.where(whole, losses.sum(dim=1), torch.nan))
