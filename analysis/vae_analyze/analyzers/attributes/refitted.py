"""How far a mean over moved samples depends on the samples that the vector and its judge were made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.streamed import FOLDS
from vae_analyze.stats.normal import Z

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Moved:
    """One number of each of an attribute's moved samples.

    Args:
        values: ``(r,)``.
        folds: Fold of each, ``(r,)``: samples of one fold share their vector and their judge.
    """

    values: Floats
    folds: Integers


def refit_error(attributes: Sequence[Moved]) -> float:
    """Standard error, from vectors and judges alone, of a mean over attributes of means over moved samples.

    Args:
        attributes: One for each; folds of one number belong together.

    Returns:
        NaN with fewer than two folds, and of values that are not finite.
    """
    found = _variance(attributes)
    return math.sqrt(max(0.0, found)) if math.isfinite(found) else math.nan


def shared_error(own: Moved, peers: Sequence[Moved]) -> float:
    """The same of one attribute's mean, from it and the others of its grouping: five folds alone tell little.

    Args:
        own: The attribute's.
        peers: Those of all attributes of its grouping.
    """
    if not math.isfinite(_variance([own])):
        return math.nan
    every = [_variance([one]) for one in peers]
    return math.sqrt(max(0.0, float(np.mean([one for one in every if math.isfinite(one)]))))


def _variance(attributes: Sequence[Moved]) -> float:
    """Squared standard error, from vectors and judges alone, of a mean over attributes of means over moved samples.

    The variance between the means of folds, less what so few samples make it without any difference of vectors and
    judges, by the jackknife that leaves out a fold: x (K - 1)² / K of K folds. In first order a mean depends on the
    samples of every fold in the same way, so that this is right where there is a direction; where there is none it is
    twice too large. Less than zero by chance.

    References:
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 11: the jackknife, here over folds.
    """
    means = np.full((len(attributes), FOLDS), math.nan)
    noise = 0.0
    for at, one in enumerate(attributes):
        counts = np.bincount(one.folds, minlength=FOLDS)
        used = counts > 0
        if not used.any():
            continue
        means[at, used] = np.bincount(one.folds, weights=one.values, minlength=FOLDS)[used] / counts[used]
        degrees = max(1, len(one.values) - int(used.sum()))
        within = float(((one.values - means[at, one.folds]) ** 2).sum()) / degrees
        noise += within * float((1 / counts[used]).mean()) / len(attributes) ** 2
    held = np.isfinite(means).any(axis=0)
    if held.sum() < 2 or not math.isfinite(noise):
        return math.nan
    found = np.nanmean(means[:, held], axis=0)
    k = len(found)
    return (float(found.var(ddof=1)) - noise) * (k - 1) ** 2 / k


def widened(
    value: float, low: float, high: float, error: float, *, least: float = -1.0, most: float = 1.0
) -> tuple[float, float]:
    """An interval with another, independent and normal error: squares of the distances to both ends are added.

    Args:
        value: The estimate.
        low: Lower end of its interval.
        high: Upper end.
        error: Standard error to be added.
        least: The least that the value can be.
        most: The most.

    Returns:
        NaN where either is unknown.
    """
    if not all(math.isfinite(one) for one in (low, high, error)):
        return math.nan, math.nan
    below, above = (math.hypot(end - value, Z * error) for end in (low, high))
    return max(least, value - below), min(most, value + above)
