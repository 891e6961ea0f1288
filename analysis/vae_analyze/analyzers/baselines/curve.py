"""Held-out error of PCA against the number of components, and where it meets the model's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.baselines.paired import NOTHING, Estimate
from vae_analyze.stats.bootstrap import bootstrap_means
from vae_analyze.stats.rows import Chunk

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.paired import Paired

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curve:
    """Means over samples.

    Args:
        errors: With 0, 1, ... K components.
        to_match: The fewest components with which PCA is no worse than the model.
        reason: Why there is no such number.
    """

    errors: tuple[Estimate, ...]
    to_match: Estimate
    reason: str = ""


_ROUNDING = 1e-9


def curve_of(held_out: Floats, paired: Paired, *, seed: int) -> Curve:
    """The curve of errors per sample ``(n, K + 1)``, and the number of components that reaches the model's error.

    In every replicate both are of the same resampled samples.
    """
    means = bootstrap_means([Chunk(paired.index, held_out)], held_out.shape[1], seed=seed)
    n, most = means.n, held_out.shape[1] - 1
    theirs = np.concatenate((means.mean[None], means.replicates))
    model = paired.position("reconstruction_mse", by="model")
    ours = np.concatenate((paired.means.mean[None], paired.means.replicates))[:, model]
    # A model that is exactly as good is so to rounding, against the error of the mean.
    reached = theirs <= ours[:, None] + _ROUNDING * theirs[:, :1]
    fewest = np.where(reached.any(axis=1), reached.argmax(axis=1), math.inf)
    errors = tuple(Estimate.of(means.mean[k], means.replicates[:, k], n) for k in range(most + 1))
    if math.isfinite(fewest[0]):
        return Curve(errors=errors, to_match=Estimate.of(fewest[0], fewest[1:], n))
    reason = (
        f"PCA with {most} components, the most that were tried, is still worse than the model"
        if math.isfinite(ours[0])
        else "a decoded value is not finite"
    )
    return Curve(errors=errors, to_match=NOTHING, reason=reason)
