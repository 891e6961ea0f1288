"""Which samples are analysed, and the fixed shards they are worked off in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.engine.randomness import key

SHARD_SIZE = 512
"""Samples per shard. It is fixed: what a shard holds must not depend on workers or memory."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """One shard: its number and the sample indices it holds."""

    number: int
    index: NDArray[np.int64]


def select(available: int, samples: int | None, *, seed: int) -> NDArray[np.int64]:
    """Sample indices to analyse: the first ``samples`` of a seeded permutation.

    A larger selection continues a smaller one, so its first shards are the same and need not be computed again.

    Args:
        available: Number of samples in the data.
        samples: How many; None for all.
        seed: Of the permutation.
    """
    generator = np.random.Generator(np.random.Philox(key=[key(seed, "engine", "selection"), 0]))
    order = generator.permutation(available).astype(np.int64)
    return order if samples is None else order[:samples]


def shards(index: NDArray[np.int64]) -> list[Shard]:
    """The fixed partition of a selection; only the last shard may be smaller."""
    starts = range(0, len(index), SHARD_SIZE)
    return [Shard(number, index[start : start + SHARD_SIZE]) for number, start in enumerate(starts)]
