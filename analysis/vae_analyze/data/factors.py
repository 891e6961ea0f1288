"""Ground-truth factors: tables of values, and lattices that hold every combination of levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final, get_args

import numpy as np

from vae_analyze.data.dataset import Factor, FactorKind
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Lattice", "factors_of"]

_KINDS: tuple[FactorKind, ...] = get_args(FactorKind)


@final
@dataclass(frozen=True, eq=False, slots=True)
class Lattice:
    """Every combination of the factors' levels, numbered row by row: the last factor varies fastest.

    Args:
        factors: The factors, slowest first.
    """

    factors: tuple[Factor, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of levels per factor."""
        return tuple(len(factor.levels) for factor in self.factors)

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def levels_of(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Level numbers of samples, int64 ``(n,)`` to ``(n, k)``; the inverse of `index_of`."""
        return np.stack(np.unravel_index(index, self.shape), axis=1).astype(np.int64)

    def values_of(self, levels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Factor values of level numbers, both ``(n, k)``."""
        columns = [factor.levels[levels[:, i]] for i, factor in enumerate(self.factors)]
        return np.stack(columns, axis=1)

    def index_of(self, levels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sample indices of combinations of level numbers, int64 ``(n, k)`` to ``(n,)``.

        Raises:
            IndexError: Not one level per factor, or a level that the factor does not have.
        """
        levels = np.asarray(levels, dtype=np.int64)
        shape = np.array(self.shape)
        if levels.ndim != 2 or levels.shape[1] != len(shape):
            raise IndexError(f"expected level numbers (n, {len(shape)}), got shape {levels.shape}")
        wrong = (levels < 0) | (levels >= shape)
        if wrong.any():
            row, column = (int(axis[0]) for axis in np.nonzero(wrong))
            raise IndexError(
                f"expected levels 0..{shape[column] - 1} of factor {self.factors[column].name!r}, "
                f"got {levels[row, column]}"
            )
        index: NDArray[np.int64] = np.ravel_multi_index(tuple(levels.T), self.shape).astype(np.int64)
        return index


def factors_of(
    values: NDArray[Any],
    *,
    n: int,
    source: str,
    names: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
) -> tuple[Factor, ...]:
    """Factors of a table of values ``(n, k)``: the levels are the distinct values of each column.

    Unless said otherwise, a column of whole numbers is ordinal and any other continuous.

    Raises:
        DataError: Not one row per sample, values that are not finite numbers, or names or kinds that do not fit.
    """
    if values.ndim != 2 or len(values) != n or values.dtype.kind not in "buif":
        raise DataError(
            f"expected factors in {source} as numbers of shape ({n}, k), found {values.dtype} of {values.shape}"
        )
    table = values.astype(np.float64)
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        raise DataError(f"expected finite factor values in {source}, found NaN or infinite in sample {row}")
    k = table.shape[1]
    found = [f"factor{i}" for i in range(k)] if names is None else [str(name) for name in names]
    if len(found) != k or len(set(found)) != k:
        raise DataError(f"expected {k} different factor names in {source}, found {', '.join(found) or 'none'}")
    said = [_kind_of(column) for column in table.T] if kinds is None else [_named_kind(kind, source) for kind in kinds]
    if len(said) != k:
        raise DataError(f"expected {k} factor kinds in {source}, found {len(said)}")
    return tuple(
        Factor(name=name, kind=kind, levels=np.unique(column))
        for name, kind, column in zip(found, said, table.T, strict=True)
    )


def _kind_of(column: NDArray[np.float64]) -> FactorKind:
    return "ordinal" if (column == np.round(column)).all() else "continuous"


def _named_kind(kind: str, source: str) -> FactorKind:
    for known in _KINDS:
        if str(kind) == known:
            return known
    raise DataError(f"expected factor kinds among {', '.join(_KINDS)} in {source}, found {str(kind)!r}")
