import numpy as np
from PIL import Image

from vae_analyze.data.patches import PATCHES, patches
from vae_analyze.data.shipped import shipped_file


def test_size_shape_and_classes() -> None:
    data = patches()
    assert (len(data), data.input_shape) == (PATCHES.size, PATCHES.shape)
    assert data.label_names is not None
    assert len(data.label_names) == 8


def test_patches_lie_on_the_grid_of_their_photograph() -> None:
    data = patches()
    assert data.label_names is not None
    camera = data.label_names.index("camera")
    labels = data.read(range(len(data))).labels
    assert labels is not None
    first = int(np.flatnonzero(labels == camera)[0])
    with Image.open(shipped_file("camera.png")) as image:
        grey = np.asarray(image.convert("L"), dtype=np.float32) / 255
    # The photograph has 32 patches a row: number 33 is the second of the second row.
    assert (data.read([first + 33]).x[0, 0] == grey[16:32, 16:32]).all()
