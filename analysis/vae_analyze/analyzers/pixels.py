"""Samples as pictures that a report can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_SIDE = 96  # pixels; larger pictures are averaged down, so that a report stays small


def as_pixels(images: Tensor, bounds: tuple[float, float]) -> NDArray[np.uint8]:
    """Images ``(n, c, h, w)`` in the data's range as uint8 ``(n, h, w, c)``.

    Clamped, times 255, rounded, as a picture is saved. Channels other than one or three are averaged.
    """
    low, high = bounds
    small = images.detach().cpu().double()
    if small.shape[1] not in (1, 3):
        small = small.mean(dim=1, keepdim=True)
    side = max(small.shape[-2:])
    if side > LARGEST_SIDE:
        size = [max(1, round(length * LARGEST_SIDE / side)) for length in small.shape[-2:]]
        small = torch.nn.functional.interpolate(small, size=size, mode="area")
    scaled = ((small - low) / (high - low)).clamp(0, 1).mul(255).round()
    pixels: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).numpy().astype(np.uint8)
    return pixels
