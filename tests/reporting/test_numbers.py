import math

import pytest

from vae_analyze.findings import Scalar
from vae_analyze.reporting.numbers import count, plain, shown, shown_scalar, unit_text


@pytest.mark.parametrize(
    ("value", "low", "high", "se", "text", "interval"),
    [
        (0.012345, 0.0115, 0.0131, 0.0004, "0.0123", "[0.0115, 0.0131]"),
        (0.2931, 0.2812, 0.3055, 0.0062, "0.29", "[0.28, 0.31]"),
        (12.3456, math.nan, math.nan, 0.6, "12", ""),
        (12.3456, math.nan, math.nan, 0.04, "12.35", ""),
        (0.3, -9.0, 9.6, 5.0, "0", "[−9, 10]"),
        (3.1e-06, 3.02e-06, 3.18e-06, 4e-08, "3.10×10⁻⁶", "[3.02, 3.18]×10⁻⁶"),
        (2.5e7, math.nan, math.nan, math.nan, "2.5×10⁷", ""),
        (0.5, 0.4, 0.6, math.nan, "0.50", "[0.40, 0.60]"),
        (0.0, 0.0, 0.0, 0.0, "0", "[0, 0]"),
        (-0.5, math.nan, math.nan, math.nan, "−0.5", ""),
        (-0.00001, -1.0, 1.0, 0.5, "0.0", "[−1.0, 1.0]"),
        (1234567.0, math.nan, math.nan, 1e-9, "1.23457×10⁶", ""),
    ],
)
def test_digits_follow_the_uncertainty(
    value: float, low: float, high: float, se: float, text: str, interval: str
) -> None:
    found = shown(value, low, high, se)

    assert (found.value, found.interval) == (text, interval)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_undefined(value: float) -> None:
    assert shown(value, 0.0, 1.0, 0.1).value == "undefined"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25, "0.25"), (1 / 3, "0.3333"), (1e-4, "0.0001"), (9.9e-5, "9.9×10⁻⁵"), (100.0, "100"), (123456.7, "123457")],
)
def test_without_uncertainty_four_significant_digits(value: float, text: str) -> None:
    assert plain(value) == text


def test_small_words() -> None:
    assert (count(1797), unit_text("1"), unit_text("nat")) == ("1,797", "ratio", "nat")


def test_a_scalar_brings_its_own_uncertainty() -> None:
    scalar = Scalar(name="x", value=1.23456, unit="1", direction="none", n=3, se=0.02)

    assert shown_scalar(scalar).value == "1.23"
