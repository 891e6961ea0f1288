"""Intervals for estimates whose error is normal."""

from __future__ import annotations

Z = 1.959963984540054  # quantile of N(0, 1) at 97.5 %


def around(value: float, error: float) -> tuple[float, float]:
    """The 95 % interval of an estimate with this standard error."""
    return value - Z * error, value + Z * error
