"""Structural similarity of two pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import torch
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
SMALLEST = 3
_K1, _K2 = 0.01, 0.03
_NUMBERS_AT_ONCE = 2**21


@final
@dataclass(frozen=True, slots=True)
class SsimWindow:
    """The Gaussian window: pixels across, and standard deviation in pixels."""

    size: int
    sigma: float

    @property
    def standard(self) -> bool:
        """Whether it is the window of the paper, so that values can be set beside published ones."""
        return self.size == WINDOW


def ssim_window(size: tuple[int, int]) -> SsimWindow | None:
    """The window for pictures of ``(h, w)`` pixels; None below `SMALLEST`, where there is nothing to compare.

    For sides below 11 pixels the paper's window does not fit: the largest odd window that does takes its place, with
    the standard deviation scaled alike.
    """
    side = min(size)
    if side >= WINDOW:
        return SsimWindow(WINDOW, SIGMA)
    fitting = side if side % 2 else side - 1
    return SsimWindow(fitting, SIGMA * fitting / WINDOW) if fitting >= SMALLEST else None


def ssim(a: Tensor, b: Tensor, *, data_range: float = 1.0) -> Tensor:
    """SSIM of each pair, averaged over channels and over the places where the whole window lies inside.

    Args:
        a: Pictures ``(n, c, h, w)``.
        b: Pictures of the same shape.
        data_range: Highest minus lowest possible value.

    Returns:
        Float64 ``(n,)`` on the CPU, from -1 to 1; 1 for equal pictures. NaN where a picture is smaller than the
        smallest window.

    Raises:
        ValueError: Other shapes, or a range that is not positive.

    References:
        Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment: from error visibility to structural
        similarity", equation 13, with population moments under a Gaussian window of 11 pixels and standard deviation
        1.5. The same as scikit-image's with ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False``, whose
        defaults are another metric. Smaller windows for small pictures are our own rule: see `ssim_window`.
    """
    if a.ndim != 4 or a.shape != b.shape:
        raise ValueError(f"expected two sets of pictures (n, c, h, w), got {tuple(a.shape)} and {tuple(b.shape)}")
    if not data_range > 0:
        raise ValueError(f"expected a data range above 0, got {data_range}")
    height, width = a.shape[2:]
    window = ssim_window((height, width))
    if window is None:
        return torch.full((len(a),), math.nan, dtype=torch.float64)
    rows, columns = (_band(side, window) for side in (height, width))
    at_once = max(1, _NUMBERS_AT_ONCE // max(1, a[0].numel())) if len(a) else 1
    parts = [
        _ssim(x, y, rows, columns, data_range)
        for x, y in zip(torch.split(a, at_once), torch.split(b, at_once), strict=True)
    ]
    return torch.cat(parts)


def _ssim(a: Tensor, b: Tensor, rows: Tensor, columns: Tensor, data_range: float) -> Tensor:
    a, b = a.detach().cpu().double(), b.detach().cpu().double()
    mean_a, mean_b, squares, products = (rows @ x @ columns.T for x in (a, b, a * a + b * b, a * b))
    both, means = mean_a * mean_b, mean_a.square() + mean_b.square()
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    luminance = (2 * both + c1) / (means + c1)
    structure = (2 * (products - both) + c2) / (squares - means + c2)
    return (luminance * structure).flatten(start_dim=1).mean(dim=1)


@lru_cache(maxsize=16)
def _band(side: int, window: SsimWindow) -> Tensor:
    """Filtering along one axis as a product with a banded matrix, ``(side - size + 1, side)``."""
    offsets = torch.arange(window.size, dtype=torch.float64) - window.size // 2
    weights = torch.exp(-0.5 * (offsets / window.sigma).square())
    weights = weights / weights.sum()
    places = side - window.size + 1
    band = torch.zeros(places, side, dtype=torch.float64)
    for place in range(places):
        band[place, place : place + window.size] = weights
    return band
