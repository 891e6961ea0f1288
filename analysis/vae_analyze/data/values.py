"""What the numbers in data must be: finite, and for images between 0 and 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["checked_values", "known_range"]

# Rounding of a resize or of a division by 255 in half precision, not a different scale.
_SLACK = 1e-3


def known_range(dtype: np.dtype[Any], *, images: bool) -> tuple[float, float] | None:
    """Lowest and highest value: (0, 1) for images and for 8-bit or boolean data, else unbounded."""
    return (0.0, 1.0) if images or dtype == np.uint8 or dtype == np.bool_ else None


def checked_values(x: NDArray[Any], index: NDArray[np.int64], *, images: bool, source: str) -> NDArray[np.float32]:
    """Samples as float32; 8-bit values are divided by 255, floating-point images must lie in [0, 1].

    Args:
        x: Samples as stored, ``(n, *input_shape)``.
        index: Their sample indices, for messages.
        images: Whether the samples are images.
        source: Name of the data, for messages.

    Raises:
        DataError: A value is not finite, or an image leaves [0, 1].
    """
    if x.dtype == np.uint8:
        return x.astype(np.float32) / np.float32(255.0)
    with np.errstate(over="ignore"):
        values = x.astype(np.float32)
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    if not np.isfinite(flat).all():
        row = int(np.flatnonzero(~np.isfinite(flat).all(axis=1))[0])
        wrong = flat[row][~np.isfinite(flat[row])]
        raise DataError(
            f"expected finite values in {source}, found {len(wrong)} of {flat.shape[1]} values "
            f"NaN or infinite (or beyond single precision) in sample {index[row]}",
            hint="remove or repair that sample before the analysis",
        )
    if images and flat.size and (flat.min() < -_SLACK or flat.max() > 1.0 + _SLACK):
        outside = ((flat < -_SLACK) | (flat > 1.0 + _SLACK)).any(axis=1)
        row = int(np.flatnonzero(outside)[0])
        raise DataError(
            f"expected image values in [0, 1] in {source}, found [{flat[row].min():g}, "
            f"{flat[row].max():g}] in sample {index[row]}",
            hint="store 0..255 as uint8 (divided by 255 for you), or rescale: x / 255, or (x + 1) / 2 for [-1, 1]",
        )
    return np.clip(values, 0.0, 1.0) if images else values
