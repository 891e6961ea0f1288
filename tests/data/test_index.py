import numpy as np
import pytest

from vae_analyze.data.index import checked_index


def test_keeps_order_and_repeats() -> None:
    assert checked_index([3, 0, 3], 4).tolist() == [3, 0, 3]
    assert checked_index(np.array([1], dtype=np.uint8), 4).dtype == np.int64


def test_empty_is_empty() -> None:
    assert checked_index([], 0).shape == (0,)


@pytest.mark.parametrize("index", [[-1], [4], [0, 9]])
def test_refuses_what_is_out_of_range(index: list[int]) -> None:
    with pytest.raises(IndexError, match=r"sample indices in 0\.\.3"):
        checked_index(index, 4)


def test_refuses_other_shapes_and_types() -> None:
    with pytest.raises(IndexError, match="flat list of whole numbers"):
        checked_index(np.zeros((2, 2), dtype=np.int64), 4)
    with pytest.raises(IndexError, match="flat list of whole numbers"):
        checked_index(np.array([0.5]), 4)
