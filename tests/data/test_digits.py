import numpy as np

from vae_analyze.data.digits import DIGITS, digits


def test_images_labels_and_range() -> None:
    data = digits()
    found = data.read(range(len(data)))
    assert (len(data), data.input_shape) == (DIGITS.size, DIGITS.shape)
    assert data.label_names == tuple("0123456789")
    assert found.labels is not None
    assert found.labels[:5].tolist() == [0, 1, 2, 3, 4]
    assert (found.x.min(), found.x.max()) == (0.0, 1.0)
    assert (found.x * 16 == np.round(found.x * 16)).all()
