"""Means over pairs with their intervals; the pairs, not their points, are what is resampled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.stats.bootstrap import BootstrappedMeans, bootstrap_means, interval
from vae_analyze.stats.rows import Chunk
from vae_analyze.stats.share import wilson

Floats = NDArray[np.float64]
_PAIRS = 1 << 40  # pair numbers start here: their weights have nothing to do with those of samples


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A number, its 95 % interval, and how many of how many pairs it rests on."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    n: int = 0
    of: int = 0


def mean_of(values: Floats, seed: int, *, over: BootstrappedMeans | None = None) -> Estimate:
    """The mean over the pairs that have a value.

    Args:
        values: ``(m,)``; NaN where undefined.
        seed: Of the resampling.
        over: A mean that this one is divided by, with its own replicates.
    """
    return _estimate(values[:, None], seed, lambda means: means[..., 0], over=over)


def ratio_of(values: Floats, to: Floats, seed: int) -> Estimate:
    """The mean over pairs divided by another mean over the same pairs."""
    return _estimate(np.stack((values, to), axis=1), seed, lambda means: means[..., 0] / means[..., 1])


def share_of(hits: Floats) -> Estimate:
    """A share of the pairs: 1 and 0, NaN where undefined. Wilson interval."""
    known = hits[np.isfinite(hits)]
    if not len(known):
        return Estimate(of=len(hits))
    count = int(known.sum())
    low, high = wilson(count, len(known))
    return Estimate(value=count / len(known), low=low, high=high, n=len(known), of=len(hits))


def sample_mean(values: Floats, index: NDArray[np.int64], seed: int) -> BootstrappedMeans:
    """The mean of a value per sample, where it is defined."""
    known = np.flatnonzero(np.isfinite(values))
    return bootstrap_means([Chunk(index[known], values[known, None])], 1, seed=seed)


def mean_curve(values: Floats, seed: int, *, over: BootstrappedMeans | None = None) -> list[Estimate]:
    """`mean_of` each column, over the pairs for which all columns have a value."""
    return _estimates(values, seed, lambda means: means, over=over)


def _estimate(
    values: Floats, seed: int, combined: Callable[[Floats], Floats], *, over: BootstrappedMeans | None = None
) -> Estimate:
    return _estimates(values, seed, lambda means: combined(means)[:, None], over=over)[0]


def _estimates(
    values: Floats, seed: int, combined: Callable[[Floats], Floats], *, over: BootstrappedMeans | None
) -> list[Estimate]:
    """From means of the columns and behind them their replicates to numbers; a pair counts if its row is finite."""
    of, columns = values.shape
    numbers = np.flatnonzero(np.isfinite(values).all(axis=1))
    means = bootstrap_means([Chunk(numbers + _PAIRS, values[numbers])], columns, seed=seed)
    every = combined(np.concatenate((means.mean[None], means.replicates)))
    if over is not None:
        every = every / np.concatenate((over.mean, over.replicates[:, 0]))[:, None]
    return [_spread(column, means.n, of) for column in every.T]


def _spread(every: Floats, n: int, of: int) -> Estimate:
    value = float(every[0])
    if not math.isfinite(value):  # no pair, or a ratio to nothing
        return Estimate(of=of)
    spread = interval(value, every[1:], n=n)
    return Estimate(value=value, low=spread.low, high=spread.high, se=spread.se, n=n, of=of)
