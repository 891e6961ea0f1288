"""Tests of normality: their level, their power, and the adjustment."""

from __future__ import annotations

import numpy as np
import pytest

from vae_analyze.analyzers.latent.normality import LEAST, holm, normality_of


def test_draws_from_the_prior_are_rejected_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(0)
    rejected = [bool((normality_of(rng.normal(size=(200, 5))).prior < 0.05).any()) for _ in range(400)]
    assert 0.02 < np.mean(rejected) < 0.09


def test_another_mean_is_not_the_prior_but_is_normal() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2000, 3)) + np.array([0, 0.5, 0])
    z[:, 2] = rng.uniform(-1.7, 1.7, 2000)
    found = normality_of(z)
    assert list(found.prior < 1e-4) == [False, True, True]
    assert list(found.shape < 1e-4) == [False, False, True]


def test_few_draws_and_constant_ones_have_no_test() -> None:
    assert np.isnan(normality_of(np.zeros((LEAST - 1, 2))).prior).all()
    constant = normality_of(np.ones((50, 1)))
    assert constant.prior[0] < 1e-6
    assert np.isnan(constant.shape[0])


def test_the_adjustment_is_holms() -> None:
    # The worked example of Holm's procedure: sorted times 4, 3, 2, 1, never falling, at most 1.
    p = np.array([0.01, 0.04, 0.03, np.nan, 0.005])
    assert holm(p)[[0, 1, 2, 4]] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert np.isnan(holm(p)[3])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])
