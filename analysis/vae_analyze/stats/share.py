"""Intervals for shares."""

from __future__ import annotations

import math


def wilson(hits: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """The interval of a share: hits of n independent trials; NaN without trials.

    Args:
        hits: From 0 to n.
        n: Trials.
        level: Coverage aimed at.

    Raises:
        ValueError: Hits outside 0 to n.

    References:
        Wilson 1927, "Probable inference, the law of succession, and statistical inference", without correction for
        continuity; unlike the normal interval it has width also at 0 and at n.
    """
    from scipy.stats import norm

    if not 0 <= hits <= n:
        raise ValueError(f"expected hits from 0 to {n}, got {hits}")
    if n == 0:
        return math.nan, math.nan
    z = float(norm.ppf(0.5 + level / 2))
    share, penalty = hits / n, z * z / n
    centre = (share + penalty / 2) / (1 + penalty)
    half = z / (1 + penalty) * math.sqrt(share * (1 - share) / n + penalty / (4 * n))
    # Exactly, where rounding would leave a last digit.
    return max(0.0, centre - half) if hits else 0.0, min(1.0, centre + half) if hits < n else 1.0
