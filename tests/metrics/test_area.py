from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from vae_analyze.metrics import area_under_curve, trapezoid_weights

Floats = NDArray[np.float64]
finite = st.floats(-1e3, 1e3)


@st.composite
def curves(draw: st.DrawFn) -> tuple[Floats, Floats]:
    gaps = draw(st.lists(st.floats(1e-3, 10), min_size=1, max_size=20))
    levels = draw(finite) + np.concatenate([[0.0], np.cumsum(gaps)])
    values = draw(st.lists(finite, min_size=len(levels), max_size=len(levels)))
    return levels, np.array(values)


def test_triangle_has_half_its_height() -> None:
    assert area_under_curve(np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 0.0])) == 1.5


def test_uneven_levels_weigh_by_their_gaps() -> None:
    # Gaps 1 and 3 of an extent of 4: weights 1/8, 4/8, 3/8.
    np.testing.assert_allclose(trapezoid_weights(np.array([0.0, 1.0, 4.0])), [0.125, 0.5, 0.375], rtol=1e-15)


def test_two_levels_give_the_mean_of_two_values() -> None:
    assert area_under_curve(np.array([0.1, 0.3]), np.array([1.0, 2.0])) == pytest.approx(1.5)


def test_constant_curve_has_its_own_height() -> None:
    assert area_under_curve(np.array([0.05, 0.1, 0.5]), np.full(3, 7.0)) == pytest.approx(7.0, rel=1e-15)


def test_line_has_the_height_of_its_middle() -> None:
    levels = np.array([0.05, 0.1, 0.2, 0.3, 0.5])
    assert area_under_curve(levels, 4 * levels + 1) == pytest.approx(4 * (0.05 + 0.5) / 2 + 1, rel=1e-14)


def test_convex_curve_is_overestimated_as_documented() -> None:
    levels = np.linspace(0, 1, 4)
    assert area_under_curve(levels, levels**2) > 1 / 3


def test_higher_curve_has_the_larger_area() -> None:
    levels = np.array([0.0, 0.5, 2.0])
    assert area_under_curve(levels, np.array([1.0, 2.0, 3.0])) < area_under_curve(levels, np.array([1.0, 2.1, 3.0]))


@given(curves())
def test_agrees_with_scipy(curve: tuple[Floats, Floats]) -> None:
    levels, values = curve
    expected = trapezoid(values, levels) / (levels[-1] - levels[0])
    assert area_under_curve(levels, values) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(curves())
def test_weights_are_shares_and_the_area_lies_between_the_extremes(curve: tuple[Floats, Floats]) -> None:
    levels, values = curve
    weights = trapezoid_weights(levels)
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert (weights > 0).all()
    assert values.min() - 1e-9 <= area_under_curve(levels, values) <= values.max() + 1e-9


@given(curves(), st.floats(0.1, 10), finite)
def test_moving_and_stretching_the_levels_changes_nothing(
    curve: tuple[Floats, Floats], stretch: float, offset: float
) -> None:
    levels, values = curve
    moved = stretch * levels + offset
    if (np.diff(moved) > 1e-5).all():
        assert area_under_curve(moved, values) == pytest.approx(area_under_curve(levels, values), rel=1e-5, abs=1e-5)


def test_undefined_values_stay_undefined() -> None:
    assert np.isnan(area_under_curve(np.array([0.0, 1.0]), np.array([np.nan, 1.0])))


@pytest.mark.parametrize("levels", [[], [1.0], [1.0, 1.0], [2.0, 1.0], [0.0, 2.0, 1.0], [0.0, np.nan]])
def test_refuses_levels_that_do_not_ascend(levels: list[float]) -> None:
    with pytest.raises(ValueError, match="expected at least two ascending levels, got"):
        trapezoid_weights(np.array(levels))


def test_refuses_another_number_of_values() -> None:
    with pytest.raises(ValueError, match="expected 2 values, got 3"):
        area_under_curve(np.array([0.0, 1.0]), np.zeros(3))
