from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from vae_analyze.stats.moments import Moments, as_float64

Floats = NDArray[np.float64]
tables = st.tuples(st.integers(1, 30), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-1e3, 1e3, width=32))
)
cuts = st.lists(st.integers(0, 30), max_size=4).map(sorted)


def of(*blocks: Floats) -> Moments:
    moments = Moments()
    for block in blocks:
        moments.update(block)
    return moments


def merged(*parts: Moments) -> Moments:
    total = Moments()
    for part in parts:
        total.merge(part)
    return total


def assert_same(a: Moments, b: Moments, *, rtol: float = 1e-9) -> None:
    assert a.count == b.count
    np.testing.assert_allclose(a.mean, b.mean, rtol=rtol, atol=1e-9)
    np.testing.assert_allclose(a.squares, b.squares, rtol=rtol, atol=1e-6)


def assert_identical(a: Moments, b: Moments) -> None:
    assert a.count == b.count
    np.testing.assert_array_equal(a.mean, b.mean)
    np.testing.assert_array_equal(a.squares, b.squares)


def test_by_hand() -> None:
    moments = of(np.array([[1.0, 0.0], [3.0, 0.0], [5.0, 6.0]]))
    assert moments.count == 3
    assert moments.mean.tolist() == [3, 2]
    assert moments.variance(ddof=1).tolist() == [4, 12]
    np.testing.assert_allclose(moments.standard_error(), [2 / 3**0.5, 2])


@given(tables)
def test_agrees_with_numpy_and_scipy(values: Floats) -> None:
    moments = of(values)
    np.testing.assert_allclose(moments.mean, values.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.variance(), values.var(axis=0), rtol=1e-9, atol=1e-9)
    if len(values) > 1:
        np.testing.assert_allclose(moments.variance(ddof=1), values.var(axis=0, ddof=1), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(moments.standard_error(), scipy.stats.sem(values), rtol=1e-9, atol=1e-9)


@given(tables, cuts)
def test_split_anywhere_is_the_whole(values: Floats, at: list[int]) -> None:
    parts = np.split(values, at)
    assert_same(of(*parts), of(values))
    assert_same(merged(*(of(part) for part in parts)), of(values))


@given(tables, cuts, st.randoms(use_true_random=False))
def test_merge_order_is_free(values: Floats, at: list[int], random: object) -> None:
    parts = [of(part) for part in np.split(values, at)]
    shuffled = parts[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random
    assert_same(merged(*parts), merged(*shuffled))


@given(tables, tables, tables)
def test_merge_is_associative(a: Floats, b: Floats, c: Floats) -> None:
    d = min(a.shape[1], b.shape[1], c.shape[1])
    a, b, c = a[:, :d], b[:, :d], c[:, :d]
    assert_same(merged(merged(of(a), of(b)), of(c)), merged(of(a), merged(of(b), of(c))))


@given(tables)
def test_an_empty_one_is_neutral_on_both_sides(values: Floats) -> None:
    left, right = Moments(), of(values)
    left.merge(of(values))
    right.merge(Moments())
    assert_identical(left, of(values))
    assert_identical(right, of(values))


def test_an_empty_one_is_neutral_whatever_its_features() -> None:
    moments = of(np.ones((2, 3)))
    moments.merge(Moments(0, np.zeros(5), np.zeros(5)))
    assert moments.mean.shape == (3,)


def test_merging_into_an_empty_one_shares_no_memory() -> None:
    source = of(np.ones((2, 1)))
    total = merged(source)
    total.mean[0] = 7
    assert source.mean.tolist() == [1]


def test_merge_leaves_the_other_as_it_was() -> None:
    other = of(np.array([[1.0], [2.0]]))
    before = pickle.dumps(other)
    of(np.array([[5.0]])).merge(other)
    assert pickle.dumps(other) == before


@given(tables)
def test_survives_pickling(values: Floats) -> None:
    assert_identical(pickle.loads(pickle.dumps(of(values))), of(values))


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_a_large_mean_costs_no_digits(offset: float, pieces: int) -> None:
    values = offset + np.random.default_rng(0).normal(size=(1000, 3))
    moments = of(*np.array_split(values, pieces))
    # Subtracting the offset again is exact, so this is the variance of the very same numbers. What is lost is no more
    # than the rounding of the mean itself; raw second moments would be off by offset^2 * 2e-16, which is 2 at 1e8.
    centred, rounding = values - offset, float(np.spacing(offset))
    np.testing.assert_allclose(moments.variance(), centred.var(axis=0), rtol=1e-12 + rounding)
    np.testing.assert_allclose(moments.mean, offset + centred.mean(axis=0), rtol=1e-14, atol=1e-15)


def test_constant_values_have_no_variance() -> None:
    moments = of(np.full((10, 2), 0.1), np.full((7, 2), 0.1))
    assert (moments.variance() < 1e-30).all()
    np.testing.assert_allclose(moments.mean, 0.1)


def test_trailing_axes_become_features() -> None:
    block = torch.arange(24.0).reshape(2, 3, 4)
    moments = Moments()
    moments.update(block)
    assert moments.mean.tolist() == block.reshape(2, -1).mean(dim=0).tolist()


def test_plain_vectors_are_one_feature() -> None:
    assert of(np.array([1.0, 2.0, 6.0])).mean.tolist() == [3]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (0, 2, 2)])
def test_an_empty_batch_changes_nothing(shape: tuple[int, ...]) -> None:
    moments = of(np.ones((2, 3)))
    moments.update(np.zeros(shape))
    assert_identical(moments, of(np.ones((2, 3))))


def test_nothing_has_no_variance() -> None:
    assert Moments().variance().shape == (0,)
    assert np.isnan(Moments(0, np.zeros(2), np.zeros(2)).variance()).all()
    assert np.isnan(Moments(0, np.zeros(2), np.zeros(2)).standard_error()).all()


def test_one_sample_has_a_mean_and_no_standard_error() -> None:
    moments = of(np.array([[2.0, 3.0]]))
    assert moments.variance().tolist() == [0, 0]
    assert np.isnan(moments.variance(ddof=1)).all()
    assert np.isnan(moments.standard_error()).all()


def test_more_spread_is_more_variance() -> None:
    assert of(np.array([-2.0, 2.0])).variance() > of(np.array([-1.0, 1.0])).variance()


def test_values_that_are_not_finite_show_without_a_warning() -> None:
    moments = of(np.array([[1.0, np.inf, np.nan]]), np.array([[3.0, np.inf, 1.0]]), np.array([[2.0, -np.inf, 1.0]]))
    assert moments.mean[0] == 2
    assert np.isnan(moments.mean[1:]).all()
    assert np.isnan(moments.variance()[1:]).all()


def test_refuses_another_number_of_features() -> None:
    moments = of(np.ones((2, 3)))
    with pytest.raises(ValueError, match="expected 3 features, got 4"):
        moments.update(np.ones((2, 4)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64])
def test_every_tensor_becomes_float64(dtype: torch.dtype) -> None:
    array = as_float64(torch.tensor([1, 2], dtype=dtype))
    assert array.dtype == np.float64
    assert array.tolist() == [1, 2]


def test_tensors_with_gradients_are_detached() -> None:
    assert as_float64(torch.ones(2, requires_grad=True)).tolist() == [1, 1]


def test_arrays_become_float64_without_a_copy_where_they_are() -> None:
    wide = np.ones(2)
    assert as_float64(wide) is wide
    assert as_float64(np.ones(2, np.float32)).dtype == np.float64
