"""Means over anchors with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.stats.bootstrap import bootstrap_means, interval
from vae_analyze.stats.rows import Chunk

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over anchors, its 95 % interval and standard error, and how many anchors it is over."""

    value: float
    low: float
    high: float
    se: float
    n: int


def over_anchors(index: NDArray[np.int64], values: Floats, *, seed: int) -> list[Estimate]:
    """The mean of each column of ``(m, columns)`` over the anchors at which it is defined.

    Args:
        index: Samples of the anchors, ``(m,)``: a bootstrap replicate gives a sample one weight, in every column.
        values: NaN where undefined.
        seed: Of the run.
    """
    found: list[Estimate | None] = [None] * values.shape[1]
    defined = np.isfinite(values)
    patterns, which = np.unique(defined, axis=1, return_inverse=True)
    for at in range(patterns.shape[1]):
        rows, columns = patterns[:, at], np.flatnonzero(which.reshape(-1) == at)
        chunk = Chunk(index[rows], values[rows][:, columns])
        means = bootstrap_means([chunk], len(columns), seed=seed)
        for place, column in enumerate(columns):
            value = float(means.mean[place])
            spread = interval(value, means.replicates[:, place], n=means.n)
            found[column] = Estimate(value, spread.low, spread.high, spread.se, means.n)
    return [one for one in found if one is not None]


def counted(index: NDArray[np.int64], values: Floats, threshold: float, *, seed: int) -> Estimate:
    """How many columns of ``(m, columns)`` have a mean of the threshold or more, over anchors where all are defined.

    A column that is defined at no anchor does not count.
    """
    values = values[:, np.isfinite(values).any(axis=0)]
    whole = np.isfinite(values).all(axis=1)
    means = bootstrap_means([Chunk(index[whole], values[whole])], values.shape[1], seed=seed)
    value = float((means.mean >= threshold).sum()) if whole.any() else math.nan
    counts = np.where(np.isnan(means.replicates).any(axis=1), np.nan, (means.replicates >= threshold).sum(axis=1))
    spread = interval(value, counts, n=means.n)
    return Estimate(value, spread.low, spread.high, spread.se, means.n)
