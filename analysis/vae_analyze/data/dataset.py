"""The contract of data: a known length, samples by index, and a fingerprint of the content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

FactorKind = Literal["categorical", "ordinal", "continuous", "periodic"]


@final
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Samples:
    """Some samples of a dataset, in the order asked for.

    Args:
        index: Sample indices within the dataset, int64 ``(n,)``.
        x: Data, float32 ``(n, *input_shape)``; images are ``(n, c, h, w)`` in [0, 1].
        labels: Class numbers from 0, int64 ``(n,)``, or None.
        factors: Ground-truth factor values, float64 ``(n, k)`` in the order of the factor names, or None.
    """

    index: NDArray[np.int64]
    x: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None
    factors: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.index)


@final
@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Factor:
    """One ground-truth factor of variation.

    Args:
        name: What varies.
        kind: Categorical values have no order; periodic ones wrap around.
        levels: The distinct values it takes, ascending, float64 ``(m,)``.
        level_names: Names of the levels of a categorical factor, or empty.
    """

    name: str
    kind: FactorKind
    levels: NDArray[np.float64]
    level_names: tuple[str, ...] = ()


class Dataset(Protocol):
    """Data of known length; ``read`` may be called in any order, from any process, and always gives the same."""

    @property
    def name(self) -> str:
        """The spec that opens the same data again, such as ``digits:test``."""

    @property
    def description(self) -> str:
        """One line for people: what it is and where it comes from."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(c, h, w)`` for images, ``(features,)`` for vectors."""

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Lowest and highest value a sample can have; None when unbounded. Images: (0, 1)."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the content: equal content, equal fingerprint; any changed byte changes it."""

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Names of the classes 0, 1, ...; None when there are no labels."""

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        """The ground-truth factors; None when they are not known."""

    def __len__(self) -> int:
        """Number of samples."""

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        """The samples at these indices, in this order.

        Raises:
            DataError: A sample cannot be read or does not fit the rest.
            IndexError: An index is not in ``range(len(self))``.
        """


class FactorialDataset(Dataset, Protocol):
    """A dataset that holds every combination of its factors' levels."""

    def index_of(self, levels: NDArray[np.int64], /) -> NDArray[np.int64]:
        """The sample indices of combinations of level numbers, int64 ``(n, k)`` to ``(n,)``."""
