"""Which axis of an array is what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["channels_first"]

# Four channels before the pixels are rarer than images four pixels high with their channels last.
_FIRST_CHOICE = (1, 3)
_CHANNELS = (1, 3, 4)


def channels_first(x: NDArray[Any], *, source: str) -> NDArray[Any]:
    """A view with the axes where the rest expects them: ``(n, c, h, w)`` or ``(n, features)``.

    Two axes are vectors; three are grey images ``(n, h, w)``; four are ``(n, c, h, w)`` when the second axis has
    1 or 3 entries, else ``(n, h, w, c)`` when the last one has 1, 3 or 4, else ``(n, 4, h, w)``.

    Raises:
        DataError: No samples, no such reading of the axes, or values that are not numbers.
    """
    if x.dtype.kind not in "buif":
        raise DataError(
            f"expected numbers in {source}, found {x.dtype}",
            hint="store the samples as uint8 (0..255) or float32 (0..1)",
        )
    if x.size == 0:
        raise DataError(f"expected at least one sample in {source}, found an array of shape {x.shape}")
    if x.dtype.kind in "iu" and x.dtype != np.uint8 and x.ndim > 2:
        raise DataError(
            f"expected images as uint8 or floating point in {source}, found {x.dtype}",
            hint="convert with x.astype('uint8') for 0..255, or divide by the largest value the format allows",
        )
    if x.ndim == 2:
        return x
    if x.ndim == 3:
        return x[:, None]
    if x.ndim == 4 and x.shape[1] not in _FIRST_CHOICE and x.shape[3] in _CHANNELS:
        return np.moveaxis(x, 3, 1)
    if x.ndim == 4 and x.shape[1] in _CHANNELS:
        return x
    raise DataError(
        f"expected (n, features), (n, h, w), (n, c, h, w) or (n, h, w, c) with 1, 3 or 4 channels in {source}, "
        f"found shape {x.shape}",
        hint="reshape the array so that its first axis counts samples",
    )
