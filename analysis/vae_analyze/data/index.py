"""Sample indices: checked once, at the border, before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["checked_index"]


def checked_index(index: Sequence[int] | NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """The indices as int64 ``(n,)``; none of them counts from the end.

    Raises:
        IndexError: An index is not in ``range(length)``, or the indices are not a flat list of whole numbers.
    """
    array = np.asarray(index)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise IndexError(f"expected a flat list of whole numbers, got {array.dtype} of shape {tuple(array.shape)}")
    if array.size and (int(array.min()) < 0 or int(array.max()) >= length):
        wrong = int(array[(array < 0) | (array >= length)][0])
        raise IndexError(f"expected sample indices in 0..{length - 1}, got {wrong}")
    return array.astype(np.int64)
