"""Values per sample side by side, so that two models are compared on the same samples and resampled alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.stats.bootstrap import BootstrappedMeans, Interval, bootstrap_means, interval
from vae_analyze.stats.rows import Chunk, RowColumn, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vae_analyze.findings import Param

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval."""

    value: float
    spread: Interval

    @classmethod
    def of(cls, value: float, replicates: Floats, n: int) -> Estimate:
        """From its bootstrap replicates."""
        return cls(float(value), interval(float(value), replicates, n=n))

    @property
    def sure(self) -> bool:
        """Whether its interval leaves zero out."""
        low, high = self.spread.low, self.spread.high
        return math.isfinite(low) and (low > 0 or high < 0)


NOTHING = Estimate(math.nan, Interval(math.nan, math.nan, math.nan))


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Paired:
    """Columns of values per sample.

    Args:
        index: The samples, ``(n,)``.
        columns: What the values are.
        values: ``(n, columns)``.
        means: Over samples, with replicates.
    """

    index: NDArray[np.int64]
    columns: tuple[RowColumn, ...]
    values: Floats
    means: BootstrappedMeans

    @classmethod
    def of(cls, index: NDArray[np.int64], columns: Sequence[tuple[RowColumn, Floats]], *, seed: int) -> Paired:
        """From columns ``(n,)``."""
        values = np.stack([one for _, one in columns], axis=1)
        means = bootstrap_means([Chunk(index, values)], len(columns), seed=seed)
        return cls(index=index, columns=tuple(column for column, _ in columns), values=values, means=means)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def rows(self) -> Rows:
        """The values, to be kept."""
        return Rows(self.columns, [Chunk(self.index, self.values)])

    def has(self, name: str, **params: Param) -> bool:
        """Whether there is such a column."""
        return any(column.name == name and dict(column.params) == params for column in self.columns)

    def column(self, name: str, **params: Param) -> Floats:
        """The values of one column, ``(n,)``."""
        return self.values[:, self.position(name, **params)]

    def mean(self, name: str, **params: Param) -> Estimate:
        """Of one column."""
        at = self.position(name, **params)
        return Estimate.of(self.means.mean[at], self.means.replicates[:, at], len(self))

    def difference(self, name: str, ours: dict[str, Param], theirs: dict[str, Param]) -> Estimate:
        """Mean of one column less that of another."""
        a, b = self.position(name, **ours), self.position(name, **theirs)
        mean, every = self.means.mean, self.means.replicates
        return Estimate.of(mean[a] - mean[b], every[:, a] - every[:, b], len(self))

    def ratio(self, name: str, ours: dict[str, Param], theirs: dict[str, Param]) -> Estimate:
        """Mean of one column over that of another; undefined where that is zero."""
        a, b = self.position(name, **ours), self.position(name, **theirs)
        mean, every = self.means.mean, self.means.replicates
        return Estimate.of(mean[a] / mean[b], every[:, a] / every[:, b], len(self))

    def position(self, name: str, **params: Param) -> int:
        """Which column it is.

        Raises:
            KeyError: There is none.
        """
        for at, column in enumerate(self.columns):
            if column.name == name and dict(column.params) == params:
                return at
        raise KeyError(f"no column {name!r} with {params}")
