"""Folds: even, and the same for the same set of samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_analyze.stats.folds import folds


@given(n=st.integers(0, 200), k=st.integers(2, 9), seed=st.integers(0, 5))
def test_they_are_even_and_do_not_depend_on_the_order(n: int, k: int, seed: int) -> None:
    index = 3 * np.arange(n)
    found = folds(index, k, seed=seed)
    counts = np.bincount(found, minlength=k)
    assert counts.max() - counts.min() <= 1
    order = np.random.default_rng(seed).permutation(n)
    assert (folds(index[order], k, seed=seed) == found[order]).all()


def test_seeds_differ_and_neighbours_are_not_dealt_in_turn() -> None:
    index = np.arange(1000)
    one, other = folds(index, 5, seed=0), folds(index, 5, seed=1)
    assert 0.1 < (one == other).mean() < 0.3
    assert 0.1 < (one[1:] == one[:-1]).mean() < 0.3


def test_one_fold_is_none() -> None:
    with pytest.raises(ValueError, match="at least 2 folds"):
        folds(np.arange(4), 1, seed=0)
