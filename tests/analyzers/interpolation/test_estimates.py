"""Means, ratios and shares over pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vae_analyze.analyzers.interpolation.estimates import mean_curve, mean_of, ratio_of, sample_mean, share_of

VALUES = np.random.default_rng(0).normal(3, 1, size=400)


def test_a_mean_and_its_error_are_those_of_the_textbook() -> None:
    found = mean_of(VALUES, 0)
    assert found.value == pytest.approx(VALUES.mean())
    assert found.se == pytest.approx(VALUES.std() / 20, rel=0.1)
    assert found.low < found.value < found.high
    assert (found.n, found.of) == (400, 400)


def test_pairs_without_a_value_are_left_out_and_counted() -> None:
    values = VALUES.copy()
    values[:100] = math.nan
    found = mean_of(values, 0)
    assert found.value == pytest.approx(VALUES[100:].mean())
    assert (found.n, found.of) == (300, 400)
    nothing = mean_of(np.full(5, math.nan), 0)
    assert math.isnan(nothing.value)
    assert (nothing.n, nothing.of) == (0, 5)


def test_a_ratio_is_of_means_and_sure_where_both_move_together() -> None:
    found = ratio_of(2 * VALUES, VALUES, 0)
    assert found.value == pytest.approx(2)
    assert found.high - found.low < 1e-9
    with np.errstate(divide="ignore"):
        assert math.isnan(ratio_of(VALUES, np.zeros(400), 0).value)


def test_a_denominator_adds_its_own_uncertainty() -> None:
    others = np.random.default_rng(1).normal(2, 1, size=100)
    over = sample_mean(others, np.arange(100), 0)
    found = mean_of(VALUES, 0, over=over)
    value = VALUES.mean() / others.mean()
    relative = math.hypot(VALUES.std() / 20 / VALUES.mean(), others.std() / 10 / others.mean())
    assert found.value == pytest.approx(value)
    assert found.se == pytest.approx(value * relative, rel=0.15)


def test_a_curve_is_a_mean_at_every_place() -> None:
    columns = np.stack((VALUES, VALUES**2), axis=1)
    one, other = mean_curve(columns, 0)
    assert one.low == pytest.approx(mean_of(VALUES, 0).low)
    assert other.value == pytest.approx((VALUES**2).mean())


def test_a_share_has_width_at_its_ends() -> None:
    found = share_of(np.zeros(20))
    assert found.value == 0
    assert found.high > 0.1
    assert share_of(np.array([1.0, 0.0, math.nan])).n == 2
    assert math.isnan(share_of(np.array([math.nan])).value)
