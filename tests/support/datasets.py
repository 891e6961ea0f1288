"""Data in memory, with everything that data can have."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vae_analyze.data.dataset import Factor, Samples


@dataclass(frozen=True, eq=False)
class Memory:
    """Arrays as a dataset."""

    x: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None
    factor_values: NDArray[np.float64] | None = None
    value_range: tuple[float, float] | None = None
    name: str = "memory"
    description: str = "arrays in memory"
    reads: list[int] = field(default_factory=list)

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.x.shape[1:]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.x.tobytes()).hexdigest()

    @property
    def label_names(self) -> tuple[str, ...] | None:
        return None if self.labels is None else tuple(str(k) for k in range(int(self.labels.max()) + 1))

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        if self.factor_values is None:
            return None
        return tuple(
            Factor(name=f"f{k}", kind="ordinal", levels=np.unique(column))
            for k, column in enumerate(self.factor_values.T)
        )

    def __len__(self) -> int:
        return len(self.x)

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        at = np.asarray(index, dtype=np.int64)
        self.reads.append(len(at))
        return Samples(
            index=at,
            x=self.x[at],
            labels=None if self.labels is None else self.labels[at],
            factors=None if self.factor_values is None else self.factor_values[at],
        )


def vectors(n: int, features: int, *, seed: int = 0) -> Memory:
    return Memory(np.random.default_rng(seed).normal(size=(n, features)).astype(np.float32))


def images(n: int, *, seed: int = 0, size: int = 8) -> Memory:
    """Random images with labels and two factors."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, size=n)
    factors = np.stack([rng.integers(0, 4, size=n), rng.integers(0, 3, size=n)], axis=1).astype(np.float64)
    x = rng.random((n, 1, size, size), dtype=np.float32)
    return Memory(x, labels.astype(np.int64), factors, value_range=(0.0, 1.0))
