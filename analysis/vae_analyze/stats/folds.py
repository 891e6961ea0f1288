"""Which part of the data a sample belongs to when a model is fitted to the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vae_analyze.stats.bootstrap import hashed


def folds(index: NDArray[np.int64], k: int, *, seed: int) -> NDArray[np.int64]:
    """Fold numbers 0 to k - 1, ``(n,)``, as even in size as can be.

    A function of the set of samples and the seed: in whatever order the samples come, each has the same fold.

    Args:
        index: Distinct sample indices, ``(n,)``.
        k: Folds; with fewer samples than folds some are empty.
        seed: Of the run.

    Raises:
        ValueError: Fewer than two folds.
    """
    if k < 2:
        raise ValueError(f"expected at least 2 folds, got {k}")
    order = np.lexsort((index, hashed(index, f"folds {seed}")))
    found = np.empty(len(index), dtype=np.int64)
    found[order] = np.arange(len(index)) % k
    return found


def stratified(index: NDArray[np.int64], classes: NDArray[np.int64], k: int, *, seed: int) -> NDArray[np.int64]:
    """Fold numbers as of `folds`, and each class as even over them as can be.

    Where classes are even, folds that are not stratified hold back more of what is rare in the others: a classifier
    that has learnt nothing is then right less often than by chance.

    Args:
        index: Distinct sample indices, ``(n,)``.
        classes: Class of each, ``(n,)``.
        k: Folds.
        seed: Of the run.

    Raises:
        ValueError: Fewer than two folds.
    """
    if k < 2:
        raise ValueError(f"expected at least 2 folds, got {k}")
    order = np.lexsort((index, hashed(index, f"folds {seed}"), classes))
    found = np.empty(len(index), dtype=np.int64)
    found[order] = np.arange(len(index)) % k
    return found
