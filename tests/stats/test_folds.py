"""Folds: even, and the same for the same set of samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_analyze.stats.folds import folds, stratified


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


@given(n=st.integers(0, 120), k=st.integers(2, 6), classes=st.integers(1, 5), seed=st.integers(0, 3))
def test_each_class_is_even_over_the_folds_too(n: int, k: int, classes: int, seed: int) -> None:
    index = 2 * np.arange(n)
    labels = np.random.default_rng(seed).integers(0, classes, n)
    found = stratified(index, labels, k, seed=seed)
    for part in (np.ones(n, dtype=bool), *(labels == c for c in range(classes))):
        counts = np.bincount(found[part], minlength=k)
        assert counts.max() - counts.min() <= 1
    order = np.random.default_rng(seed).permutation(n)
    assert (stratified(index[order], labels[order], k, seed=seed) == found[order]).all()


def test_one_stratified_fold_is_none_either() -> None:
    with pytest.raises(ValueError, match="at least 2 folds"):
        stratified(np.arange(4), np.zeros(4, dtype=np.int64), 1, seed=0)
