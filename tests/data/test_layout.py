import numpy as np
import pytest

from vae_analyze.data.layout import channels_first
from vae_analyze.errors import DataError


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 7), (5, 7)),
        ((5, 8, 9), (5, 1, 8, 9)),
        ((5, 3, 8, 9), (5, 3, 8, 9)),
        ((5, 8, 9, 3), (5, 3, 8, 9)),
        ((5, 8, 9, 1), (5, 1, 8, 9)),
        ((5, 1, 8, 1), (5, 1, 8, 1)),
        ((5, 4, 8, 3), (5, 3, 4, 8)),
        ((5, 4, 8, 9), (5, 4, 8, 9)),
    ],
)
def test_axes(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert channels_first(np.zeros(shape, dtype=np.float32), source="d").shape == expected


def test_channels_move_with_their_values() -> None:
    x = np.arange(2 * 4 * 5 * 3, dtype=np.float32).reshape(2, 4, 5, 3)
    assert (channels_first(x, source="d")[:, 2] == x[..., 2]).all()


@pytest.mark.parametrize("shape", [(5,), (2, 5, 6, 7), (1, 2, 3, 4, 5), ()])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="found shape"):
        channels_first(np.zeros(shape), source="d")


def test_empty_text_and_deep_integers_are_refused() -> None:
    with pytest.raises(DataError, match="at least one sample"):
        channels_first(np.zeros((0, 8, 8)), source="d")
    with pytest.raises(DataError, match="expected numbers"):
        channels_first(np.array([["a"]]), source="d")
    with pytest.raises(DataError, match="uint8 or floating point"):
        channels_first(np.zeros((2, 8, 8), dtype=np.uint16), source="d")
