"""Which label or factor each dimension follows: the share of the code's variance between its levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Codes, Context
    from vae_analyze.data.dataset import Factor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_LEVELS = 64  # of an ordered factor: with more, by rank correlation
CHANCE = 0.01  # probability of calling any dimension a follower of anything where nothing is followed
FOLLOWS = 0.05  # share of variance from which a dimension is said to follow
_MOST_RANKED = 20_000  # samples whose codes are ranked
LABEL = "label"


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Followed:
    """Shares of variance, corrected for chance: near 0, also below, where nothing is followed.

    Args:
        names: Labels and factors that vary.
        share: ``(d, len(names))``; epsilon squared between levels, or the adjusted squared rank correlation.
        p: Probability of so large a share by chance, likewise.
        n: Samples.
    """

    names: tuple[str, ...]
    share: Floats
    p: Floats
    n: int

    def best(self, k: int) -> tuple[str, float]:
        """The label or factor with the largest share, and it; no name where it is small or may be chance."""
        row = self.share[k]
        if not self.names or np.isnan(row).all():
            return "", math.nan
        at = int(np.nanargmax(row))
        sure = self.p[k, at] * self.share.size < CHANCE
        return (self.names[at] if sure and row[at] >= FOLLOWS else ""), float(row[at])


def followed_of(context: Context, dimensions: Ints, centre: Floats) -> Followed:
    """Shares for every dimension and every label or factor with two levels or more.

    Args:
        context: Codes, labels and factors.
        dimensions: Which.
        centre: Mean codes of these dimensions: sums are taken about it, so that digits are not lost.
    """
    codes = context.codes
    names, shares, chances, n = [], [], [], len(codes.index)
    for name, values, ordered in _groupings(context):
        levels, group = np.unique(values, return_inverse=True)
        if len(levels) < 2:
            continue
        if ordered and len(levels) > MOST_LEVELS:
            share, p = _by_rank(codes, dimensions, values)
        else:
            share, p = _by_level(codes, dimensions, centre, group.reshape(-1).astype(np.int64), len(levels))
        names.append(name)
        shares.append(share)
        chances.append(p)
    empty = np.zeros((len(dimensions), 0))
    return Followed(
        names=tuple(names),
        share=np.stack(shares, axis=1) if shares else empty,
        p=np.stack(chances, axis=1) if shares else empty,
        n=n,
    )


def _groupings(context: Context) -> list[tuple[str, Floats, bool]]:
    """Name, value of every sample, and whether values have an order; factors first, as they are more specific."""
    codes, found = context.codes, []
    factors, values = context.data.factors, codes.factors()
    if factors is not None and values is not None:
        found = [(factor.name, *_column(factor, values[:, at])) for at, factor in enumerate(factors)]
    labels = codes.labels()
    if labels is not None and not any(_same(labels, column) for _, column, _ in found):
        found.append((LABEL, labels.astype(np.float64), False))
    return found


def _same(labels: Ints, column: Floats) -> bool:
    """Whether two groupings are one under different names, as the class of a sprite is its shape."""
    pairs = np.unique(np.stack([labels.astype(np.float64), column], axis=1), axis=0)
    return len(pairs) == len(np.unique(labels)) == len(np.unique(column))


def _column(factor: Factor, values: Floats) -> tuple[Floats, bool]:
    if factor.kind == "periodic" and len(np.unique(values)) > MOST_LEVELS:
        # A circle has no ranks: its levels are put together to arcs that hold equally many samples.
        edges = np.quantile(values, np.linspace(0, 1, MOST_LEVELS + 1)[1:-1])
        return np.searchsorted(edges, values, side="right").astype(np.float64), False
    return values, factor.kind in ("continuous", "ordinal")


def _by_level(codes: Codes, dimensions: Ints, centre: Floats, group: Ints, levels: int) -> tuple[Floats, Floats]:
    """Epsilon squared (Kelley 1935): (SS_between - (k - 1) MS_within) / SS_total, and the p of the F test."""
    from scipy.stats import f

    count, sums, squares = np.zeros(levels), np.zeros((levels, len(dimensions))), np.zeros(len(dimensions))
    taken = 0
    for numbers, mean, _ in codes.chunks():
        here = group[taken : taken + len(numbers)]
        taken += len(numbers)
        value = mean.reshape(len(mean), -1)[:, dimensions].astype(np.float64) - centre
        whole = np.isfinite(value).all(axis=1)
        value, here = value[whole], here[whole]
        count += np.bincount(here, minlength=levels)
        np.add.at(sums, here, value)
        squares += np.square(value).sum(axis=0)
    n, k = count.sum(), int((count > 0).sum())
    undefined = np.full(len(dimensions), np.nan)
    if n <= k or k < 2:
        return undefined, undefined
    total = squares - np.square(sums.sum(axis=0)) / n
    between = (np.square(sums) / np.maximum(count, 1)[:, None]).sum(axis=0) - np.square(sums.sum(axis=0)) / n
    within = np.maximum(total - between, 0)
    error = within / (n - k)
    varies = total > 1e-12 * n  # below, the code is constant up to rounding
    share = np.divide(between - (k - 1) * error, total, out=undefined.copy(), where=varies)
    ratio = np.divide(between / (k - 1), error, out=np.full_like(error, np.inf), where=error > 0)
    return share, np.where(varies, f.sf(ratio, k - 1, n - k), np.nan)


def _by_rank(codes: Codes, dimensions: Ints, values: Floats) -> tuple[Floats, Floats]:
    """Squared Spearman correlation with what chance gives taken off, 1 - (1 - r^2) (n - 1) / (n - 2), and its p."""
    from scipy.stats import f, rankdata

    total, taken = len(values), 0
    wanted = np.arange(total) if total <= _MOST_RANKED else np.arange(_MOST_RANKED) * total // _MOST_RANKED
    parts = []
    for numbers, mean, _ in codes.chunks():
        here = wanted[(wanted >= taken) & (wanted < taken + len(numbers))] - taken
        parts.append(mean[here].reshape(len(here), -1)[:, dimensions].astype(np.float64))
        taken += len(numbers)
    code, given = np.concatenate(parts), values[wanted]
    whole = np.isfinite(code).all(axis=1)
    code, given = code[whole], given[whole]
    n = len(code)
    if n < 3:
        return np.full(len(dimensions), np.nan), np.full(len(dimensions), np.nan)
    ranks, levels = rankdata(code, axis=0), rankdata(given)
    ranks, levels = ranks - ranks.mean(axis=0), levels - levels.mean()
    spread = np.sqrt(np.square(ranks).sum(axis=0) * np.square(levels).sum())
    squared = np.square(np.divide(levels @ ranks, spread, out=np.full(len(dimensions), np.nan), where=spread > 0))
    ratio = np.divide(squared * (n - 2), 1 - squared, out=np.full_like(squared, np.inf), where=squared < 1)
    return 1 - (1 - squared) * (n - 1) / (n - 2), np.where(np.isnan(squared), np.nan, f.sf(ratio, 1, n - 2))
