from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.metrics import mean_squared_difference

shapes = array_shapes(min_dims=2, max_dims=4, max_side=5)
pairs = shapes.flatmap(
    lambda shape: st.tuples(*[arrays(np.float64, shape, elements=st.floats(-100, 100, width=32)) for _ in "ab"])
)


def test_by_hand() -> None:
    a, b = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[4.0, 6.0], [0.0, 1.0]])
    assert mean_squared_difference(a, b).tolist() == [12.5, 0.5]


@given(pairs)
def test_agrees_with_brute_force(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    a, b = pair
    expected = [np.mean([(p - q) ** 2 for p, q in zip(x.flat, y.flat, strict=True)]) for x, y in zip(a, b, strict=True)]
    found = mean_squared_difference(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


@given(pairs, st.integers(0, 5))
def test_a_sample_does_not_depend_on_its_batch(pair: tuple[NDArray[np.float64], NDArray[np.float64]], cut: int) -> None:
    a, b = (torch.from_numpy(x) for x in pair)
    whole = mean_squared_difference(a, b)
    parts = torch.cat([mean_squared_difference(a[:cut], b[:cut]), mean_squared_difference(a[cut:], b[cut:])])
    assert torch.equal(whole, parts)


@given(pairs)
def test_symmetric_and_zero_for_equals(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    a, b = (torch.from_numpy(x) for x in pair)
    assert torch.equal(mean_squared_difference(a, b), mean_squared_difference(b, a))
    assert (mean_squared_difference(a, a) == 0).all()


@given(pairs)
def test_single_precision_agrees_with_double(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    a, b = (torch.from_numpy(x) for x in pair)
    single, double = mean_squared_difference(a.float(), b.float()), mean_squared_difference(a, b)
    assert single.dtype == double.dtype == torch.float64
    # One rounding of each difference, and none in the sum of so few.
    torch.testing.assert_close(single, double, rtol=3e-7, atol=1e-30)


@pytest.mark.parametrize("features", [1, 511, 512, 513, 12_289])
@pytest.mark.parametrize("scale", [1e-25, 1e-3, 1.0, 1e18, 1e25])
def test_single_precision_is_exact_to_its_last_digits(features: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(features)
    a, b = (scale * torch.randn(50, features, generator=generator) for _ in "ab")
    exact = (a.double() - b.double()).square().mean(dim=1)
    torch.testing.assert_close(mean_squared_difference(a, b), exact, rtol=3e-7, atol=0)


@pytest.mark.parametrize("features", [512, 784, 12_288])
@given(st.floats(0.125, 100, width=32), st.floats(-100, 0, width=32))
def test_equal_differences_round_alike_and_still_little(features: int, one: float, other: float) -> None:
    a, b = torch.full((2, features), one), torch.full((2, features), other)
    exact = (a.double() - b.double()).square().mean(dim=1)
    torch.testing.assert_close(mean_squared_difference(a, b), exact, rtol=2e-6, atol=0)


def test_sum_over_many_features_loses_no_digits() -> None:
    # A running sum in float32 stops growing at 2^24.
    a = torch.ones(1, 2**25)
    assert mean_squared_difference(a, torch.zeros_like(a)).item() == pytest.approx(1, rel=1e-12)


def test_farther_is_larger() -> None:
    zero = torch.zeros(1, 3)
    assert mean_squared_difference(zero + 2, zero) > mean_squared_difference(zero + 1, zero)


def test_no_samples_give_no_values() -> None:
    assert mean_squared_difference(torch.zeros(0, 3), torch.zeros(0, 3)).shape == (0,)


def test_undefined_values_stay_with_their_sample() -> None:
    a = torch.tensor([[0.0, float("nan")], [0.0, float("inf")], [0.0, 1.0]])
    found = mean_squared_difference(a, torch.zeros_like(a))
    assert found[0].isnan()
    assert found[1].isposinf()
    assert found[2] == 0.5


def test_refuses_different_shapes() -> None:
    with pytest.raises(ValueError, match=r"expected two tensors of one shape, got \(2, 3\) and \(2, 4\)"):
        mean_squared_difference(torch.zeros(2, 3), torch.zeros(2, 4))


@pytest.mark.parametrize("shape", [(), (3,), (3, 0), (2, 0, 4)])
def test_refuses_samples_without_features(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(n, features\.\.\.\), got \("):
        mean_squared_difference(torch.zeros(shape), torch.zeros(shape))


class _WithoutDoubles(Tensor):
    """A tensor on a device that has no float64: it must come to the CPU before anything is summed in doubles."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]  # stands for another device
        return torch.device("mps")

    def cpu(self, *args: object, **kwargs: object) -> Tensor:
        return self.as_subclass(Tensor)

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN206 - torch's protocol
        if (kwargs or {}).get("dtype") is torch.float64:
            raise TypeError("no float64 on this device")
        return super().__torch_function__(function, types, args, kwargs or {})  # type: ignore[no-untyped-call]  # torch's


def test_works_on_a_device_without_doubles() -> None:
    a = torch.tensor([[1.0, 2.0]]).as_subclass(_WithoutDoubles)
    with pytest.raises(TypeError, match="no float64"):
        torch.linalg.vector_norm(a, dtype=torch.float64)
    assert mean_squared_difference(a, torch.zeros(1, 2)).item() == pytest.approx(2.5)
