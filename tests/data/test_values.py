import numpy as np
import pytest

from vae_analyze.data.values import checked_values, known_range
from vae_analyze.errors import DataError

INDEX = np.array([10, 20, 30])


def test_bytes_are_divided_by_255() -> None:
    x = checked_values(np.array([[0], [51], [255]], dtype=np.uint8), INDEX, images=True, source="d")
    assert x.dtype == np.float32
    np.testing.assert_allclose(x.ravel(), [0.0, 0.2, 1.0], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_names_the_sample_that_is_not_finite(bad: float) -> None:
    x = np.zeros((3, 2))
    x[1, 1] = bad
    with pytest.raises(DataError, match=r"found 1 of 2 values NaN or infinite .* in sample 20"):
        checked_values(x, INDEX, images=False, source="d")


@pytest.mark.parametrize("bad", [-0.5, 1.5, 200.0])
def test_float_images_outside_the_unit_range_say_what_to_do(bad: float) -> None:
    x = np.zeros((3, 1, 2, 2), dtype=np.float32)
    x[2, 0, 1, 1] = bad
    with pytest.raises(DataError, match=r"in \[0, 1\].*sample 30(.|\n)*x / 255"):
        checked_values(x, INDEX, images=True, source="d")
    assert checked_values(x, INDEX, images=False, source="d").max() == max(bad, 0.0)


def test_rounding_beyond_the_range_is_clipped() -> None:
    x = np.array([[1.0 + 1e-6], [-1e-6], [0.5]])
    assert checked_values(x, INDEX, images=True, source="d").ravel().tolist() == [1.0, 0.0, 0.5]


def test_no_samples_is_fine() -> None:
    assert checked_values(np.zeros((0, 1, 2, 2)), INDEX[:0], images=True, source="d").shape == (0, 1, 2, 2)


def test_known_range() -> None:
    assert known_range(np.dtype(np.float32), images=True) == (0.0, 1.0)
    assert known_range(np.dtype(np.uint8), images=False) == (0.0, 1.0)
    assert known_range(np.dtype(np.float32), images=False) is None
