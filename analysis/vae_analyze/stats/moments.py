"""Means and variances that merge, by pairwise update in float64."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]


@final
@dataclass(slots=True)
class Moments:
    """Count, mean and sum of squared deviations of vectors ``(d,)``, one per sample.

    Raw second moments lose every digit once the mean is large against the spread; the pairwise update of Chan,
    Golub and LeVeque (1983) does not, and merging is the same formula.

    An empty one is neutral in `merge` whatever its ``d``.
    """

    count: int = 0
    mean: Floats = field(default_factory=lambda: np.zeros(0))
    squares: Floats = field(default_factory=lambda: np.zeros(0))

    def update(self, values: Tensor | Floats) -> None:
        """Add samples ``(n, ...)``; trailing axes are flattened to ``d``.

        Raises:
            ValueError: The number of features differs from what was added before.
        """
        block = as_float64(values)
        if len(block) == 0:
            return
        block = block.reshape(len(block), -1)
        with np.errstate(invalid="ignore", over="ignore"):  # a value that is not finite shows in the result
            mean = block.mean(axis=0)
            self.merge(Moments(len(block), mean, np.square(block - mean).sum(axis=0)))

    def merge(self, other: Moments) -> None:
        """Add what ``other`` has seen.

        Raises:
            ValueError: The numbers of features differ.
        """
        if other.count == 0:
            return
        if self.count == 0:
            self.count, self.mean, self.squares = other.count, other.mean.copy(), other.squares.copy()
            return
        if self.mean.shape != other.mean.shape:
            raise ValueError(f"expected {self.mean.shape[0]} features, got {other.mean.shape[0]}")
        total = self.count + other.count
        with np.errstate(invalid="ignore", over="ignore"):
            delta = other.mean - self.mean
            self.mean = self.mean + delta * (other.count / total)
            self.squares = self.squares + other.squares + np.square(delta) * (self.count * other.count / total)
        self.count = total

    def variance(self, *, ddof: int = 0) -> Floats:
        """Variance per feature, ``(d,)``; NaN with fewer than ``ddof + 1`` samples."""
        if self.count <= ddof:
            return np.full_like(self.mean, np.nan)
        return self.squares / (self.count - ddof)

    def standard_error(self) -> Floats:
        """Standard error of the mean per feature, ``(d,)``; NaN with fewer than two samples."""
        return np.sqrt(self.variance(ddof=1) / max(self.count, 1))


def as_float64(values: Tensor | Floats) -> Floats:
    """A tensor on any device, or an array, as a float64 array on the CPU."""
    if isinstance(values, np.ndarray):
        return values.astype(np.float64, copy=False)
    # To the CPU first: some accelerators have no float64.
    array: Floats = values.detach().cpu().double().numpy()
    return array
