"""The held-out part: which samples no shipped model has seen.

Whether a sample is held out depends on its index alone: a hash of the index (the finaliser of SplitMix64, Steele, Lea
and Flood 2014, "Fast splittable pseudorandom number generators", section 4; constants of Stafford's variant 13) is
compared with a fifth of its range. The same rule holds for every set, needs no stored list, does not move when samples
are appended, and mixes an ordered set.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, final, get_args

import numpy as np

from vae_analyze.data.dataset import Dataset, Factor, Samples
from vae_analyze.data.digest import digest_text
from vae_analyze.data.index import checked_index
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["PARTS", "Part", "PartName", "held_out"]

PartName = Literal["train", "test", "all"]
PARTS: tuple[PartName, ...] = get_args(PartName)

_ONE_FIFTH = np.uint64((1 << 64) // 5)


def held_out(index: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether samples belong to the test part, bool ``(n,)``; one in five does."""
    z = index.astype(np.uint64) + np.uint64(1)
    # Unsigned arithmetic wraps by design; on arrays NumPy does so without a warning.
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))) < _ONE_FIFTH


@final
class Part:
    """The training or the test part of a dataset, numbered from 0; `base_index` leads back.

    Args:
        base: The whole.
        part: Which part.
        name: The spec that opens this part again.

    Raises:
        DataError: The part has no samples.
    """

    def __init__(self, base: Dataset, *, part: Literal["train", "test"], name: str) -> None:
        test = held_out(np.arange(len(base), dtype=np.int64))
        self._base = base
        self._part = part
        self._name = name
        self._index = np.flatnonzero(test if part == "test" else ~test).astype(np.int64)
        if not len(self._index):
            raise DataError(
                f"expected samples in the {part} part of {base.name}, found none among its {len(base)}",
                hint=f"use all of them: end the data's name in ':all' instead of ':{part}'",
            )

    @property
    def base_index(self) -> NDArray[np.int64]:
        """Index in the whole of each sample of the part, ascending, int64 ``(n,)``."""
        return self._index

    @property
    def name(self) -> str:
        """The spec that opens the same part again."""
        return self._name

    @property
    def description(self) -> str:
        """One line for people: the whole, and how many of its samples these are."""
        kind = "held-out part" if self._part == "test" else "training part"
        return f"{self._base.description}; {kind}, {len(self):,} of {len(self._base):,} samples"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self._base.input_shape

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Lowest and highest value of the whole."""
        return self._base.value_range

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the whole's fingerprint and the part's name."""
        return digest_text(self._base.fingerprint, self._part)

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Names of the classes of the whole."""
        return self._base.label_names

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        """The factors of the whole."""
        return self._base.factors

    def __len__(self) -> int:
        return len(self._index)

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        """The samples at these indices of the part, in this order.

        Raises:
            DataError: A sample cannot be read.
            IndexError: An index is not in ``range(len(self))``.
        """
        rows = checked_index(index, len(self))
        found = self._base.read(self._index[rows])
        return Samples(index=rows, x=found.x, labels=found.labels, factors=found.factors)
