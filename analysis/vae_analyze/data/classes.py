"""Class labels as whole numbers from 0, with names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Classes", "as_classes"]

_MOST_CLASSES = 10_000


class Classes(NamedTuple):
    """Class numbers, int64 ``(n,)``, and the name of each class."""

    labels: NDArray[np.int64]
    names: tuple[str, ...]


def as_classes(values: NDArray[Any], *, n: int, source: str, names: Sequence[str] | None = None) -> Classes:
    """Labels as stored, turned into class numbers.

    Whole numbers in 0..9999 are class numbers as they stand, so that a subset keeps the numbering of the whole.
    Texts, and whole numbers beyond that, are numbered in ascending order and named by what they were.

    Raises:
        DataError: Not one label per sample, labels that are not classes, or too few names.
    """
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n,):
        raise DataError(
            f"expected {n} labels in {source}, one per sample, found shape {values.shape}",
            hint="store labels as a flat array of class numbers (not one-hot)",
        )
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.round(values)).all():
        values = values.astype(np.int64)
    if values.dtype.kind not in "biuUS":
        raise DataError(f"expected class numbers or class names as labels in {source}, found {values.dtype}")
    direct = values.dtype.kind in "biu" and int(values.min()) >= 0 and int(values.max()) < _MOST_CLASSES
    if direct:
        labels = values.astype(np.int64)
        found = tuple(str(i) for i in range(int(labels.max()) + 1))
    else:
        kinds, inverse = np.unique(values.astype(str), return_inverse=True)
        labels, found = inverse.reshape(-1).astype(np.int64), tuple(kinds.tolist())
    if names is None:
        return Classes(labels, found)
    if len(names) < len(found):
        raise DataError(f"expected at least {len(found)} class names in {source}, found {len(names)}")
    return Classes(labels, tuple(str(name) for name in names) if direct else found)
