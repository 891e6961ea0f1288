"""Faces: a few small grey faces, and pieces of background, that scikit-image brings along."""

from __future__ import annotations

import numpy as np

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.data.info import DataInfo
from vae_analyze.data.shipped import shipped_file

__all__ = ["FACES", "faces"]

_N_PER_CLASS = 100

FACES = DataInfo(
    name="faces",
    description="faces and background, 25x25 grey, 100 of each (Labeled Faces in the Wild, Huang et al. 2007; "
    "shipped with scikit-image)",
    size=2 * _N_PER_CLASS,
    shape=(1, 25, 25),
    has_labels=True,
    has_factors=False,
)


def faces() -> ArrayDataset:
    """200 images, 25x25, grey in [0, 1]: first 100 faces (class 0), then 100 pieces of background (class 1).

    Raises:
        DataError: The installed scikit-image does not carry the file.
    """
    x = np.load(shipped_file("lfw_subset.npy"), allow_pickle=False)
    return ArrayDataset(
        x.astype(np.float32),
        name="faces:all",
        description=FACES.description,
        labels=np.repeat([0, 1], _N_PER_CLASS),
        label_names=("face", "background"),
    )
