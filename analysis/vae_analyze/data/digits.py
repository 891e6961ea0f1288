"""Digits: the small handwritten digits that scikit-learn brings along."""

from __future__ import annotations

import numpy as np

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.data.info import DataInfo

__all__ = ["DIGITS", "digits"]

_GREY_LEVELS = 16.0

DIGITS = DataInfo(
    name="digits",
    description="handwritten digits, 8x8 grey, 10 classes (Alpaydin and Kaynak 1998, UCI; shipped with scikit-learn)",
    size=1_797,
    shape=(1, 8, 8),
    has_labels=True,
    has_factors=False,
)


def digits() -> ArrayDataset:
    """1,797 images, 8x8, grey levels 0 to 16 divided by 16; the class is the digit."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = (np.asarray(images, dtype=np.float32) / np.float32(_GREY_LEVELS)).reshape(-1, *DIGITS.shape)
    return ArrayDataset(x, name="digits:all", description=DIGITS.description, labels=np.asarray(labels))
