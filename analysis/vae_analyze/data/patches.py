"""Patches: small pieces of the photographs that scikit-image brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.data.info import DataInfo
from vae_analyze.data.shipped import shipped_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["PATCHES", "patches"]

_SIDE_PIXELS = 16

# Photographs only: drawings, text and microscopy have other statistics. PNG only: JPEG decoders differ in the last bit.
_PHOTOGRAPHS = ("astronaut", "brick", "camera", "chelsea", "coffee", "grass", "gravel", "motorcycle_left")

PATCHES = DataInfo(
    name="patches",
    description="natural-image patches, 16x16 grey, cut on a grid from 8 photographs shipped with scikit-image "
    "(classes: the photographs)",
    size=7_975,
    shape=(1, _SIDE_PIXELS, _SIDE_PIXELS),
    has_labels=True,
    has_factors=False,
)


def patches() -> ArrayDataset:
    """Grey patches, 16x16, side by side without overlap; the class is the photograph a patch was cut from.

    Colours become grey by Pillow's ``L`` (ITU-R 601-2 luma). Rows and columns that do not fill a patch are left out.

    Raises:
        DataError: The installed scikit-image does not carry a photograph.
    """
    pieces = [_cut(shipped_file(f"{name}.png")) for name in _PHOTOGRAPHS]
    return ArrayDataset(
        np.concatenate(pieces)[:, None],
        name="patches:all",
        description=PATCHES.description,
        labels=np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces]),
        label_names=_PHOTOGRAPHS,
    )


def _cut(path: Path) -> NDArray[np.uint8]:
    """Patches of one photograph, row by row, uint8 ``(n, 16, 16)``."""
    from PIL import Image

    with Image.open(path) as image:
        grey = np.asarray(image.convert("L"), dtype=np.uint8)
    rows, columns = (size // _SIDE_PIXELS for size in grey.shape)
    grid = grey[: rows * _SIDE_PIXELS, : columns * _SIDE_PIXELS]
    split = grid.reshape(rows, _SIDE_PIXELS, columns, _SIDE_PIXELS).swapaxes(1, 2)
    return split.reshape(-1, _SIDE_PIXELS, _SIDE_PIXELS)
