"""Samples as pictures that a report can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_SIDE = 96  # pixels; larger pictures are averaged down, so that a report stays small


def averaged_down(images: Tensor) -> Tensor:
    """Images ``(..., c, h, w)`` with their longer side at most `LARGEST_SIDE` pixels."""
    side = max(images.shape[-2:])
    if side <= LARGEST_SIDE:
        return images
    size = [max(1, round(length * LARGEST_SIDE / side)) for length in images.shape[-2:]]
    flat = images.reshape(-1, *images.shape[-3:])
    small = torch.nn.functional.interpolate(flat, size=size, mode="area")
    return small.reshape(*images.shape[:-2], *size)


def as_pixels(images: Tensor, bounds: tuple[float, float]) -> NDArray[np.uint8]:
    """Images ``(..., c, h, w)`` in the data's range as uint8 ``(..., h, w, c)``, averaged down.

    Clamped, times 255, rounded, as a picture is saved. Channels other than one or three are averaged; what is not a
    number is black.
    """
    low, high = bounds
    small = averaged_down(images.detach().cpu().double())
    if small.shape[-3] not in (1, 3):
        small = small.mean(dim=-3, keepdim=True)
    scaled = ((small - low) / (high - low)).nan_to_num(0.0, 1.0, 0.0).clamp(0, 1).mul(255).round()
    pixels: NDArray[np.uint8] = scaled.movedim(-3, -1).numpy().astype(np.uint8)
    return pixels
