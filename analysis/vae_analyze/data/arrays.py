"""Data in one array, in memory or mapped from a file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vae_analyze.data.classes import as_classes
from vae_analyze.data.dataset import Factor, Samples
from vae_analyze.data.digest import digest_arrays
from vae_analyze.data.factors import factors_of
from vae_analyze.data.index import checked_index
from vae_analyze.data.layout import channels_first
from vae_analyze.data.values import checked_values, known_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ArrayDataset"]


@final
class ArrayDataset:
    """Samples in one array; nothing is converted before it is read, so a mapped file stays on disk.

    Args:
        x: ``(n, features)``, ``(n, h, w)``, ``(n, c, h, w)`` or ``(n, h, w, c)``; uint8 is divided by 255, floating
            point images lie in [0, 1].
        name: The spec that opens the same data again.
        description: One line for people.
        labels: One class per sample, or None; see `as_classes`.
        label_names: Names of the classes 0, 1, ...; by default their numbers.
        factors: Factor values ``(n, k)``, or None.
        factor_names: Names of the ``k`` factors.
        factor_kinds: Their kinds; by default whole numbers are ordinal, others continuous.

    Raises:
        DataError: An array does not fit the others, or its axes cannot be read.
    """

    def __init__(
        self,
        x: NDArray[Any],
        *,
        name: str,
        description: str,
        labels: NDArray[Any] | None = None,
        label_names: Sequence[str] | None = None,
        factors: NDArray[Any] | None = None,
        factor_names: Sequence[str] | None = None,
        factor_kinds: Sequence[str] | None = None,
    ) -> None:
        self._x = channels_first(x, source=name)
        self._name = name
        self._description = description
        n = len(self._x)
        classes = None if labels is None else as_classes(labels, n=n, source=name, names=label_names)
        self._labels = None if classes is None else classes.labels
        self._label_names = None if classes is None else classes.names
        self._factors: tuple[Factor, ...] | None = None
        self._values: NDArray[np.float64] | None = None
        if factors is not None:
            self._factors = factors_of(factors, n=n, source=name, names=factor_names, kinds=factor_kinds)
            self._values = factors.astype(np.float64)

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
        """``(c, h, w)`` for images, ``(features,)`` for vectors."""
        return tuple(self._x.shape[1:])

    @property
    def value_range(self) -> tuple[float, float] | None:
        """(0, 1) for images and for 8-bit data, else None."""
        return known_range(self._x.dtype, images=self._x.ndim == 4)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all arrays and of the names of classes and factors; read once, in chunks."""
        names = [f"{factor.name}:{factor.kind}" for factor in self._factors or ()]
        arrays = (("x", self._x), ("labels", self._labels), ("factors", self._values))
        return digest_arrays(arrays, *(self._label_names or ()), "|", *names)

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Names of the classes 0, 1, ...; None when there are no labels."""
        return self._label_names

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        """The ground-truth factors; None when they are not known."""
        return self._factors

    def __len__(self) -> int:
        return len(self._x)

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        """The samples at these indices, in this order.

        Raises:
            DataError: A value is not finite, or an image leaves [0, 1].
            IndexError: An index is not in ``range(len(self))``.
        """
        rows = checked_index(index, len(self))
        return Samples(
            index=rows,
            x=checked_values(self._x[rows], rows, images=self._x.ndim == 4, source=self._name),
            labels=None if self._labels is None else self._labels[rows],
            factors=None if self._values is None else self._values[rows],
        )
