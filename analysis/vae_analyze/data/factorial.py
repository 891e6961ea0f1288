"""Images drawn from their factors on demand: every combination is addressable, none is stored."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol, final

import numpy as np

from vae_analyze.data.dataset import Factor, Samples
from vae_analyze.data.digest import digest_arrays
from vae_analyze.data.factors import Lattice
from vae_analyze.data.index import checked_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DrawnDataset", "Renderer"]

# Coprime to the number of levels of any factor in use, so that the probe meets every level of every factor.
_PROBE_STEP = 997


class Renderer(Protocol):
    """Draws images from factor values, each image from its own row alone."""

    def __call__(self, values: NDArray[np.float64], /) -> NDArray[np.float32]:
        """Images in [0, 1], ``(n, *input_shape)``, of factor values ``(n, k)``."""


@final
class DrawnDataset:
    """Every combination of some factors' levels, drawn when read.

    Args:
        name: The spec that opens the same data again.
        description: One line for people.
        factors: The factors, slowest first: the last one varies fastest with the sample index.
        input_shape: Shape of one image, ``(c, h, w)``.
        render: Draws images from factor values; a function at module level, so that it travels between processes.
        labelled: Whether the level of the first factor is the class of a sample.
    """

    def __init__(
        self,
        *,
        name: str,
        description: str,
        factors: tuple[Factor, ...],
        input_shape: tuple[int, int, int],
        render: Renderer,
        labelled: bool = False,
    ) -> None:
        self._name = name
        self._description = description
        self._lattice = Lattice(factors)
        self._input_shape = input_shape
        self._render = render
        self._labelled = labelled

    @property
    def name(self) -> str:
        """The spec that opens the same data again."""
        return self._name

    @property
    def description(self) -> str:
        """One line for people."""
        return self._description

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(c, h, w)``."""
        return self._input_shape

    @property
    def value_range(self) -> tuple[float, float] | None:
        """(0, 1)."""
        return (0.0, 1.0)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of every factor's levels and of every 997th image in 256 grey levels.

        The images follow from the levels and the drawing; the drawn ones stand for the drawing, so that a changed
        drawing changes the fingerprint without drawing everything.
        """
        index = np.arange(0, len(self), _PROBE_STEP, dtype=np.int64)
        grey = np.round(self.read(index).x * 255.0).astype(np.uint8)
        levels = [(factor.name, factor.levels) for factor in self.factors]
        return digest_arrays([*levels, ("probe", grey)], *(factor.kind for factor in self.factors))

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Names of the first factor's levels when they are the classes, else None."""
        return self.factors[0].level_names if self._labelled else None

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The ground-truth factors, slowest first."""
        return self._lattice.factors

    def __len__(self) -> int:
        return len(self._lattice)

    def index_of(self, levels: NDArray[np.int64], /) -> NDArray[np.int64]:
        """Sample indices of combinations of level numbers, int64 ``(n, k)`` to ``(n,)``.

        Raises:
            IndexError: A level that its factor does not have.
        """
        return self._lattice.index_of(levels)

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        """The samples at these indices, in this order, drawn now.

        Raises:
            IndexError: An index is not in ``range(len(self))``.
        """
        rows = checked_index(index, len(self))
        levels = self._lattice.levels_of(rows)
        values = self._lattice.values_of(levels)
        return Samples(
            index=rows,
            x=self._render(values),
            labels=levels[:, 0] if self._labelled else None,
            factors=values,
        )
