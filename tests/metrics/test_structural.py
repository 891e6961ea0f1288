"""SSIM against scikit-image, closed forms and its edges."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.metrics import ssim, ssim_window


def pictures(n: int, c: int, h: int, w: int, seed: int = 0) -> Tensor:
    return torch.rand(n, c, h, w, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def reference(a: NDArray[np.float64], b: NDArray[np.float64], *, sigma: float = 1.5, data_range: float = 1.0) -> float:
    from skimage.metrics import structural_similarity

    # truncate 3.5 gives a radius of int(3.5 sigma + 0.5): the same window as ours
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]  # the package has no types
            a, b, channel_axis=0, gaussian_weights=True, sigma=sigma, use_sample_covariance=False, data_range=data_range
        )
    )


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 20), (1, 11, 11), (3, 64, 64)])
def test_it_is_that_of_scikit_image_to_rounding(shape: tuple[int, int, int]) -> None:
    a = pictures(4, *shape)
    b = (a + 0.2 * torch.randn(a.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)).clamp(0, 1)
    expected = [reference(x.numpy(), y.numpy()) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(ssim(a, b).numpy(), expected, rtol=0, atol=1e-13)


def test_another_range_is_a_matter_of_units() -> None:
    a, b = pictures(3, 1, 16, 16), pictures(3, 1, 16, 16, seed=1)
    torch.testing.assert_close(ssim(a, b), ssim(255 * a, 255 * b, data_range=255))
    expected = [reference(255 * x.numpy(), 255 * y.numpy(), data_range=255) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(ssim(255 * a, 255 * b, data_range=255).numpy(), expected, rtol=0, atol=1e-13)


@given(seed=st.integers(0, 2**31), side=st.integers(3, 20))
def test_equal_pictures_are_alike_and_the_order_does_not_matter(seed: int, side: int) -> None:
    a, b = pictures(2, 1, side, side + 2, seed), pictures(2, 1, side, side + 2, seed + 1)
    torch.testing.assert_close(ssim(a, a), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(ssim(a, b), ssim(b, a))
    assert float(ssim(a, b).abs().max()) <= 1 + 1e-12


def test_constant_pictures_have_a_closed_form() -> None:
    a, b = torch.full((1, 1, 12, 12), 0.25), torch.full((1, 1, 12, 12), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert float(ssim(a, b)) == pytest.approx(expected, abs=1e-12)


def test_more_noise_is_less_alike() -> None:
    a = pictures(8, 1, 20, 20)
    noise = torch.randn(a.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    values = [float(ssim(a, a + level * noise).mean()) for level in (0.01, 0.05, 0.2, 0.5)]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(("side", "size"), [(64, 11), (11, 11), (10, 9), (8, 7), (5, 5), (4, 3), (3, 3)])
def test_small_pictures_have_a_smaller_window(side: int, size: int) -> None:
    window = ssim_window((side, 64))
    assert window is not None
    assert window.size == size
    assert window.sigma == pytest.approx(1.5 * size / 11)
    assert window.standard is (side >= 11)


def test_the_small_window_is_a_plain_weighted_average() -> None:
    a, b = pictures(2, 1, 8, 8), pictures(2, 1, 8, 8, seed=1)
    offsets = np.arange(7) - 3
    line = np.exp(-0.5 * (offsets / (1.5 * 7 / 11)) ** 2)
    weights = np.outer(line, line) / line.sum() ** 2
    found = []
    for x, y in zip(a[:, 0].numpy(), b[:, 0].numpy(), strict=True):
        local = []
        for i in range(2):
            for j in range(2):
                u, v = x[i : i + 7, j : j + 7], y[i : i + 7, j : j + 7]
                mu, mv = (weights * u).sum(), (weights * v).sum()
                vu, vv, uv = ((weights * p).sum() for p in ((u - mu) ** 2, (v - mv) ** 2, (u - mu) * (v - mv)))
                local.append((2 * mu * mv + 1e-4) * (2 * uv + 9e-4) / ((mu**2 + mv**2 + 1e-4) * (vu + vv + 9e-4)))
        found.append(np.mean(local))
    np.testing.assert_allclose(ssim(a, b).numpy(), found, atol=1e-12)


def test_pictures_below_three_pixels_have_none() -> None:
    assert ssim_window((2, 30)) is None
    assert bool(ssim(pictures(2, 1, 2, 30), pictures(2, 1, 2, 30)).isnan().all())


def test_batches_do_not_matter_and_none_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pictures(7, 1, 12, 12), pictures(7, 1, 12, 12, seed=1)
    whole = ssim(a, b)
    monkeypatch.setattr("vae_analyze.metrics.structural._NUMBERS_AT_ONCE", 300)
    assert torch.equal(ssim(a, b), whole)
    assert len(ssim(a[:0], b[:0])) == 0


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="two sets of pictures"):
        ssim(torch.zeros(2, 5), torch.zeros(2, 5))
    with pytest.raises(ValueError, match="two sets of pictures"):
        ssim(torch.zeros(2, 1, 5, 5), torch.zeros(1, 1, 5, 5))
    with pytest.raises(ValueError, match="range above 0"):
        ssim(torch.zeros(2, 1, 5, 5), torch.zeros(2, 1, 5, 5), data_range=0)


def test_a_value_that_is_not_a_number_stays_with_its_picture() -> None:
    a = pictures(2, 1, 12, 12)
    b = a.clone()
    b[0, 0, 0, 0] = math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ssim(a, b)
    assert math.isnan(float(found[0]))
    assert float(found[1]) == pytest.approx(1)
