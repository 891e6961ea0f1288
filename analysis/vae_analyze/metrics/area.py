"""Area under a curve over noise levels, as a mean height."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def trapezoid_weights(levels: Floats) -> Floats:
    """Weights ``w`` such that ``w @ values`` is the trapezoid area over ``levels`` divided by their extent.

    Args:
        levels: At least two, strictly ascending, ``(k,)``.

    Returns:
        ``(k,)``, summing to 1: the area is a weighted mean height, in the unit of the values.

    Raises:
        ValueError: Fewer than two levels, or not ascending.
    """
    if len(levels) < 2 or not np.all(np.diff(levels) > 0):
        raise ValueError(f"expected at least two ascending levels, got {levels.tolist()}")
    gaps = np.diff(levels)
    weights = np.zeros(len(levels))
    weights[:-1] += gaps / 2
    weights[1:] += gaps / 2
    weights /= levels[-1] - levels[0]
    return weights


def area_under_curve(levels: Floats, values: Floats) -> float:
    """Mean height of the piecewise linear curve through ``(levels, values)``, in the unit of ``values``.

    Trapezoids lie above a convex curve: with few levels the area of a quadratic is overestimated.

    Args:
        levels: Strictly ascending, ``(k,)``, k >= 2.
        values: ``(k,)``.

    Raises:
        ValueError: Fewer than two levels, not ascending, or another number of values.

    Example:
        >>> area_under_curve(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0]))
        0.5
    """
    if len(values) != len(levels):
        raise ValueError(f"expected {len(levels)} values, got {len(values)}")
    return float(trapezoid_weights(levels) @ values)
