"""Bootstrap intervals for means over samples, in one pass and in constant memory.

Each sample has, in each replicate, a Poisson(1) weight that is a hash of (seed, replicate, sample index). So the
intervals do not depend on the order of the samples, on shards or on workers, and two models measured on the same
samples are resampled alike, which is what a paired comparison needs.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vae_analyze.stats.rows import Chunk

Floats = NDArray[np.float64]
REPLICATES = 1000
SMALLEST_N = 8  # below, percentile intervals of normal means fall short of 90 % where 95 % is aimed at
_LANES = 4
_BLOCK = 2048  # rows weighted at once: 2048 x 1000 weights are 2 MB
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@final
@dataclass(frozen=True, slots=True)
class Interval:
    """An interval and a standard error; all NaN where they are undefined."""

    low: float
    high: float
    se: float


UNDEFINED = Interval(math.nan, math.nan, math.nan)


@final
@dataclass(frozen=True, slots=True, eq=False)
class BootstrappedMeans:
    """Means over samples and their replicates.

    Args:
        n: Number of samples.
        mean: ``(columns,)``.
        replicates: ``(replicates, columns)``.
    """

    n: int
    mean: Floats
    replicates: Floats


def bootstrap_means(
    chunks: Iterable[Chunk], columns: int, *, seed: int, replicates: int = REPLICATES
) -> BootstrappedMeans:
    """Means of per-sample values and their Poisson-bootstrap replicates.

    Args:
        chunks: Rows of ``columns`` values.
        columns: Number of values per row.
        seed: Of the weights.
        replicates: Number of replicates.

    Returns:
        NaN means without samples; a column with a NaN in any row is NaN.

    References:
        Chamandy, Muralidharan, Najmi and Naidu 2012, "Estimating uncertainty for massive data streams";
        Hanley and MacGibbon 2006 for Poisson weights in place of multinomial ones.
    """
    count = 0
    total = np.zeros(columns)
    weight_sum = np.zeros(replicates)
    weighted = np.zeros((replicates, columns))
    for chunk in chunks:
        for start in range(0, len(chunk.index), _BLOCK):
            index = chunk.index[start : start + _BLOCK]
            values = chunk.values[start : start + _BLOCK]
            weights = poisson_weights(index, replicates=replicates, seed=seed).astype(np.float64)
            count += len(index)
            weight_sum += weights.sum(axis=0)
            with np.errstate(invalid="ignore"):  # an infinite value makes its column undefined, not a warning
                total += values.sum(axis=0)
                weighted += weights.T @ values
    with np.errstate(invalid="ignore", divide="ignore"):
        return BootstrappedMeans(count, total / count, weighted / weight_sum[:, None])


def poisson_weights(index: NDArray[np.int64], *, replicates: int, seed: int) -> NDArray[np.uint8]:
    """Poisson(1) weights ``(n, replicates)``, each a pure function of (seed, replicate, sample index).

    The distribution is quantised to 2^-16: its mean and variance are 1 within 2e-5 and 2e-4.
    """
    lanes = -(-replicates // _LANES)
    sample = hashed(index, f"bootstrap {seed}")
    with np.errstate(over="ignore"):  # unsigned wrap-around is what the mixer is made of
        block = _mix(np.arange(1, lanes + 1, dtype=np.uint64) * _GOLDEN)
        bits = _mix(sample[:, None] ^ block[None, :])
    # Little-endian bytes on every machine, so that the lanes come in one order.
    lanes16 = np.ascontiguousarray(bits.astype("<u8")).view("<u2").reshape(len(index), lanes * _LANES)
    weights: NDArray[np.uint8] = _POISSON[lanes16[:, :replicates]]
    return weights


def interval(value: float, replicates: Floats, *, n: int, level: float = 0.95) -> Interval:
    """Expanded percentile interval and standard error of one statistic.

    The percentile interval of a small sample is too narrow for two reasons (Hesterberg 2015, "What teachers should
    know about the bootstrap"). It has normal quantiles where Student's belong: here they are moved outwards to where
    the interval of a normal mean equals Student's. And resampling has only (n - 1) / n of the variance: that is made
    good by Poisson weights themselves, whose total varies and so raises the variance of a mean by about 1 + 1 / n.

    Args:
        value: The statistic on all samples.
        replicates: The statistic in each replicate, ``(replicates,)``; replicates without any sample are NaN.
        n: Number of samples.
        level: Coverage aimed at.

    Returns:
        NaN for an undefined value, for n < `SMALLEST_N`, where no resampling scheme knows enough of the distribution's
        tails, and where so many replicates are undefined that their tails are missing.
    """
    from scipy.stats import norm, t

    finite = replicates[np.isfinite(replicates)]
    lost = 1 - len(finite) / len(replicates)
    if n < SMALLEST_N or not math.isfinite(value) or lost > (1 - level) / 2:
        return UNDEFINED
    tail = float(norm.cdf(t.ppf((1 - level) / 2, n - 1)))
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Interval(float(low), float(high), float(finite.std()))


def hashed(index: NDArray[np.int64], tag: str) -> NDArray[np.uint64]:
    """64 random bits for each sample index, ``(n,)``: a pure function of (tag, index)."""
    start = np.uint64(int.from_bytes(hashlib.sha256(tag.encode()).digest()[:8], "little"))
    with np.errstate(over="ignore"):
        return _mix(index.astype(np.uint64) * _GOLDEN + start)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _poisson_table() -> NDArray[np.uint8]:
    cumulative = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(16)])
    return np.searchsorted(cumulative, (np.arange(65536) + 0.5) / 65536).astype(np.uint8)


_POISSON = _poisson_table()
