import numpy as np
import pytest
from numpy.typing import NDArray

from vae_analyze.data.lines import LINES, lines


def image(*levels: int) -> NDArray[np.float32]:
    data = lines()
    drawn: NDArray[np.float32] = data.read(data.index_of(np.array([levels]))).x[0, 0]
    return drawn


def test_size_shape_and_factors() -> None:
    data = lines()
    assert (len(data), data.input_shape) == (LINES.size, LINES.shape) == (14_400, (1, 32, 32))
    assert [factor.name for factor in data.factors] == ["length", "colour", "angle", "width"]
    assert data.factors[2].kind == "periodic"
    assert data.factors[2].levels[-1] < np.pi


def test_images_differ_and_do_not_depend_on_order() -> None:
    data = lines()
    index = np.arange(0, len(data), 7)
    x = data.read(index).x
    assert len(np.unique(x.reshape(len(x), -1), axis=0)) == len(index)
    assert (data.read(index[::-1]).x[::-1] == x).all()
    assert 0.0 <= x.min() < x.max() <= 1.0


def test_horizontal_line_lies() -> None:
    ys, xs = np.nonzero(image(9, 7, 0, 1))
    assert np.ptp(xs) > 4 * np.ptp(ys)


def test_angle_turns_counter_clockwise() -> None:
    lying, turned = image(9, 7, 0, 1), image(9, 7, 9, 1)
    ys, xs = np.nonzero(turned)
    # At an eighth of a turn, pixels to the right are higher up: smaller row numbers.
    assert np.corrcoef(xs, ys)[0, 1] < -0.9
    np.testing.assert_allclose(image(9, 7, 18, 1), lying.T, atol=1e-6)


def test_area_is_that_of_a_rectangle_with_round_ends() -> None:
    data = lines()
    length, width = data.factors[0].levels[9], data.factors[3].levels[4]
    for angle in (0, 5, 18, 31):
        area = float(image(9, 7, angle, 4).sum())
        assert area == pytest.approx(length * width + np.pi * width**2 / 4, rel=0.01)


def test_colour_is_the_brightest_grey() -> None:
    for level, grey in enumerate(lines().factors[1].levels):
        assert float(image(3, level, 4, 4).max()) == pytest.approx(grey)
