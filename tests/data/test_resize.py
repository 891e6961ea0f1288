import numpy as np
import pytest
from PIL import Image

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.data.resize import Resized
from vae_analyze.errors import DataError


def images(channels: int = 1, size: int = 8, n: int = 5) -> ArrayDataset:
    x = np.random.default_rng(0).random((n, channels, size, size), dtype=np.float32)
    return ArrayDataset(x, name="d", description="noise", labels=np.arange(n))


def test_growing_by_hand() -> None:
    base = ArrayDataset(np.array([[[[0.0, 1.0]]]]), name="d", description="edge")
    # Middles of the four new pixels lie at -0.25, 0.25, 0.75, 1.25 of the old ones.
    assert Resized(base, (1, 4)).read([0]).x.ravel().tolist() == [0.0, 0.25, 0.75, 1.0]


def test_shrinking_averages_what_growing_does_not() -> None:
    board = np.indices((16, 16)).sum(axis=0) % 2
    base = ArrayDataset(board[None].astype(np.float32), name="d", description="chessboard")
    x = Resized(base, 4).read([0]).x[0, 0, 1:-1, 1:-1]
    np.testing.assert_allclose(x, 0.5, atol=0.02)


@pytest.mark.parametrize("size", [(5, 5), (3, 11), (20, 20)])
def test_against_pillow(size: tuple[int, int]) -> None:
    base = images()
    found = Resized(base, size).read([2]).x[0, 0]
    # Pillow, too, widens its bilinear kernel when an image shrinks.
    expected = np.asarray(Image.fromarray(base.read([2]).x[0, 0]).resize(size[::-1], Image.Resampling.BILINEAR))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [4, 13])
def test_a_sample_does_not_depend_on_its_company(channels: int, size: int) -> None:
    data = Resized(images(channels), size)
    together = data.read(range(5))
    assert together.x.shape == (5, channels, size, size)
    for i in range(5):
        assert (data.read([i]).x[0] == together.x[i]).all()
    assert data.read([]).x.shape == (0, channels, size, size)


def test_stays_in_range_and_keeps_the_rest() -> None:
    base = ArrayDataset(np.ones((2, 7, 7)), name="d", description="white", labels=np.array([1, 0]))
    data = Resized(base, 5)
    found = data.read([1, 0])
    assert found.x.max() <= 1.0
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1]
    assert (len(data), data.name, data.input_shape) == (2, "d", (1, 5, 5))
    assert (data.label_names, data.factors, data.value_range) == (("0", "1"), None, (0.0, 1.0))


def test_description_and_fingerprint_say_so() -> None:
    base = images()
    small, large, same = Resized(base, 4), Resized(base, 12), Resized(base, 8)
    assert small.description == "noise; resized from 8x8 to 4x4 (bilinear, antialiased)"
    assert large.description == "noise; resized from 8x8 to 12x12 (bilinear)"
    assert len({small.fingerprint, large.fingerprint, base.fingerprint}) == 3
    assert same.fingerprint == base.fingerprint
    assert same.description == base.description
    assert (same.read([1]).x == base.read([1]).x).all()


def test_refuses_vectors_and_sizes_below_one() -> None:
    with pytest.raises(DataError, match="expected images to resize"):
        Resized(ArrayDataset(np.ones((2, 3)), name="d", description="vectors"), 4)
    with pytest.raises(DataError, match="at least 1x1"):
        Resized(images(), (0, 4))
