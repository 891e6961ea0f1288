from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest

from vae_analyze.stats.share import wilson


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (3, 17), (499, 1000), (1, 1)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_agrees_with_scipy(hits: int, n: int, level: float) -> None:
    expected = binomtest(hits, n).proportion_ci(level, method="wilson")
    assert wilson(hits, n, level=level) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_no_trials_say_nothing() -> None:
    assert all(math.isnan(end) for end in wilson(0, 0))


def test_refuses_more_hits_than_trials() -> None:
    with pytest.raises(ValueError, match="hits"):
        wilson(3, 2)
