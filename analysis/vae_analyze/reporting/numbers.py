"""Numbers as people read them: as many digits as the uncertainty supports, never more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from vae_analyze.findings import Scalar

NORMAL_95 = 1.959963984540054
PLAIN_FROM, PLAIN_BELOW = 1e-4, 1e6
MOST_SIGNIFICANT, FEWEST_SIGNIFICANT, UNKNOWN_SIGNIFICANT = 6, 2, 4
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@final
@dataclass(frozen=True, slots=True)
class Shown:
    """A number and its interval, written to the same decimals.

    Args:
        value: Such as ``0.0123``, ``1.23×10⁻⁵`` or ``undefined``.
        interval: Such as ``[0.0115, 0.0131]``; "" if there is none.
    """

    value: str
    interval: str = ""


def shown(value: float, low: float = math.nan, high: float = math.nan, se: float = math.nan) -> Shown:
    """A number with as many decimals as twice its standard error has.

    Without a standard error the interval's width stands in for it; without either, four significant digits are shown.
    Numbers below 1e-4 or from 1e6 are written with a power of ten, which the interval shares.

    >>> shown(0.012345, 0.0115, 0.0131, 0.0004)
    Shown(value='0.0123', interval='[0.0115, 0.0131]')
    >>> shown(0.25)
    Shown(value='0.25', interval='')
    """
    if not math.isfinite(value):
        return Shown("undefined")
    has_interval = math.isfinite(low) and math.isfinite(high)
    if not (math.isfinite(se) and se > 0):
        se = (high - low) / (2 * NORMAL_95) if has_interval and high > low else math.nan
    power = _power(max(abs(value), abs(low), abs(high)) if has_interval else abs(value))
    scale = 10.0**power
    decimals = _decimals(value / scale, se / scale)
    tail = f"×10{str(power).translate(_SUPERSCRIPTS)}" if power else ""
    keep = math.isfinite(se)
    text, first, last = (_fixed(number / scale, decimals, keep=keep) for number in (value, low, high))
    interval = f"[{first}, {last}]{tail}" if has_interval else ""
    return Shown(text + tail, interval)


def shown_scalar(scalar: Scalar) -> Shown:
    """A scalar's value and interval."""
    return shown(scalar.value, scalar.low, scalar.high, scalar.se)


def plain(value: float) -> str:
    """One number without an uncertainty."""
    return shown(value).value


def count(n: int) -> str:
    """A count with thousands separated."""
    return f"{n:,}"


def unit_text(unit: str) -> str:
    """A unit as shown beside a number; a pure ratio is called one."""
    return "ratio" if unit == "1" else unit


def _power(size: float) -> int:
    """The power of ten to take out; 0 where the number reads well as it is."""
    if size == 0 or PLAIN_FROM <= size < PLAIN_BELOW:
        return 0
    return math.floor(math.log10(size))


def _decimals(value: float, se: float) -> int:
    if not math.isfinite(se):
        return max(0, UNKNOWN_SIGNIFICANT - 1 - _lead(value))
    at_least = FEWEST_SIGNIFICANT - 1 - _lead(max(abs(value), 2 * se))
    wanted = max(-_lead(2 * se), at_least)
    return min(max(0, wanted), max(0, MOST_SIGNIFICANT - 1 - _lead(value)))


def _lead(number: float) -> int:
    """The power of ten of the first digit."""
    return math.floor(math.log10(abs(number))) if number else 0


def _fixed(value: float, decimals: int, *, keep: bool) -> str:
    """Decimal text without a negative zero; trailing zeros are kept only where they mean precision."""
    if not math.isfinite(value):
        return ""
    text = f"{value:.{decimals}f}"
    if not keep and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
