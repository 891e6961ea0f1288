"""The normal interval."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm

from vae_analyze.stats.normal import around


def test_it_holds_95_percent() -> None:
    low, high = around(3.0, 2.0)
    assert norm.cdf(high, 3, 2) - norm.cdf(low, 3, 2) == pytest.approx(0.95, abs=1e-12)


def test_without_an_error_there_is_none() -> None:
    assert all(math.isnan(end) for end in around(1.0, math.nan))
