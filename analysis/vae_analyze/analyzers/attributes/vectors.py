"""The vector of an attribute: the difference of two mean codes, and how well it is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.streamed import FOLDS, MOVERS, PARTS
from vae_analyze.stats.moments import Moments

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.groups import Attribute
    from vae_analyze.analyzers.attributes.streamed import Streamed

Floats = NDArray[np.float64]
SHARES = (0.1, 0.2, 0.5)


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Vector:
    """mean(z | with) - mean(z | without).

    Args:
        value: ``(d,)``.
        moving: The same of two folds alone, for the samples of each of five, ``(5, d)``: neither their own fold nor
            one of the two that their judge is fitted to.
        error: Standard error of its length: s²(u·z | with) / n_with + s²(u·z | without) / n_without for the unit
            vector u along it, square root.
        noise: Expected square of the length that is owed to chance alone: the sum over dimensions of both variances
            of the mean.
        spread: Pooled standard deviation of z along it, within the two groups.
        agreement: Mean cosine between the vectors of two disjoint shares of the samples, by share.
        alike: How many samples in memory have the very same code, where that are more than half of those with and more
            than half of those without; 0 otherwise.
        read: How many samples are in memory.
    """

    value: Floats
    moving: Floats
    error: float
    noise: float
    spread: float
    agreement: dict[float, float]
    alike: int = 0
    read: int = 0

    @property
    def length(self) -> float:
        """|v|."""
        return float(np.linalg.norm(self.value))

    @property
    def corrected(self) -> float:
        """The length less what chance adds to it: √max(0, |v|² - noise)."""
        return math.sqrt(max(0.0, self.length**2 - self.noise)) if math.isfinite(self.noise) else math.nan

    @property
    def reliability(self) -> float:
        """Cosine between the vectors of two random halves; NaN where few samples have a code of their own.

        Groups without any such sample would all have the cosine that the others' few samples make.
        """
        return math.nan if self.alike else self.agreement[0.5]

    @property
    def extrapolated(self) -> float:
        """Cosine to be expected between the vectors of two datasets of this size, by Spearman and Brown."""
        half = self.reliability
        return 2 * half / (1 + half) if half > 0 else half


def vector_of(attribute: Attribute, streamed: Streamed, present: NDArray[np.bool_]) -> Vector:
    """The vector of one attribute.

    Args:
        attribute: With enough samples on both sides.
        streamed: Moments of all samples.
        present: Which codes in memory have it, ``(m,)``.
    """
    cells = streamed.cells[attribute.grouping]
    own = cells[attribute.level]
    rest = tuple(_merged([parts[at] for level, parts in cells.items() if level != attribute.level])
                 for at in range(PARTS))  # fmt: skip
    means = _Means(own, rest, streamed.d)
    everything = np.ones((1, PARTS), dtype=bool)
    value = means.difference(everything)[0]
    fold = np.arange(PARTS) % FOLDS
    unit = value / np.linalg.norm(value) if np.linalg.norm(value) > 0 else np.zeros_like(value)
    along = streamed.codes @ unit
    variances = [float(np.var(along[side], ddof=1)) if side.sum() > 1 else math.nan for side in (present, ~present)]
    sizes = (sum(part.count for part in own), sum(part.count for part in rest))
    degrees = sum(sizes) - 2
    return Vector(
        value=value,
        moving=means.difference(np.stack([np.isin((fold - k) % FOLDS, MOVERS) for k in range(FOLDS)])),
        error=math.sqrt(variances[0] / sizes[0] + variances[1] / sizes[1]),
        noise=sum(
            float((_merged(list(side)).variance(ddof=1)).sum()) / n for side, n in zip((own, rest), sizes, strict=True)
        ),
        spread=math.sqrt(sum(v * (n - 1) for v, n in zip(variances, sizes, strict=True)) / degrees),
        agreement={share: means.agreement(share) for share in SHARES},
        alike=_alike(streamed.alike, present),
        read=len(present),
    )


@final
class _Means:
    """Mean codes of both sides by part, from which those of any parts together follow."""

    def __init__(self, own: tuple[Moments, ...], rest: tuple[Moments, ...], d: int) -> None:
        self._counts = np.array([[part.count for part in side] for side in (own, rest)], dtype=np.float64)
        self._means = np.stack(
            [np.stack([part.mean if part.count else np.zeros(d) for part in side]) for side in (own, rest)]
        )

    def difference(self, chosen: NDArray[np.bool_]) -> Floats:
        """The vector of each choice of parts: ``(k, 10)`` to ``(k, d)``; NaN where a side is empty."""
        sides = []
        for counts, means in zip(self._counts, self._means, strict=True):
            weights = chosen * counts
            with np.errstate(invalid="ignore"):
                sides.append(weights @ means / weights.sum(axis=1, keepdims=True))
        found: Floats = sides[0] - sides[1]
        return found

    def agreement(self, share: float) -> float:
        """Mean cosine between the vectors of two disjoint shares; for halves over all 126 ways to halve ten parts."""
        size = round(share * PARTS)
        if 2 * size == PARTS:
            first = np.array([[part == 0 or part in one for part in range(PARTS)]
                              for one in combinations(range(1, PARTS), size - 1)])  # fmt: skip
            one, other = self.difference(first), self.difference(~first)
        else:
            blocks = np.repeat(np.eye(PARTS // size, dtype=bool), size, axis=1)
            at = np.array(list(combinations(range(len(blocks)), 2)))
            vectors = self.difference(blocks)
            one, other = vectors[at[:, 0]], vectors[at[:, 1]]
        scale = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        found = (one * other).sum(axis=1) / np.where(scale > 0, scale, math.nan)
        found = found[np.isfinite(found)]  # a share without any sample on one side has no vector
        return float(found.mean()) if len(found) else math.nan


def _alike(alike: NDArray[np.bool_], present: NDArray[np.bool_]) -> int:
    most = all(2 * int(alike[side].sum()) > int(side.sum()) for side in (present, ~present))
    return int(alike.sum()) if most else 0


def _merged(parts: list[Moments]) -> Moments:
    whole = Moments()
    for part in parts:
        whole.merge(part)
    return whole


def cosine(one: Floats, other: Floats) -> float:
    """Cosine of the angle between two vectors; NaN if one is zero."""
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / scale if scale > 0 else math.nan
