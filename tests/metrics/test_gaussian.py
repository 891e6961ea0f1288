from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Normal
from torch.distributions import kl_divergence as reference

from vae_analyze.metrics import kl_divergence, symmetrised_kl
from vae_analyze.vae import DiagonalGaussian

Divergence = Callable[[DiagonalGaussian, DiagonalGaussian], Tensor]
both = pytest.mark.parametrize("divergence", [kl_divergence, symmetrised_kl])
means, logvars = st.floats(-50, 50, width=32), st.floats(-12, 12, width=32)


def gaussian(mean: float, logvar: float) -> DiagonalGaussian:
    return DiagonalGaussian(torch.tensor([[mean]]), torch.tensor([[logvar]]))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[DiagonalGaussian, DiagonalGaussian]:
    n, d = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    numbers = [draw(st.lists(kind, min_size=n * d, max_size=n * d)) for kind in (means, logvars, means, logvars)]
    a, b, c, e = (torch.tensor(x, dtype=torch.float32).reshape(n, d) for x in numbers)
    return DiagonalGaussian(a, b), DiagonalGaussian(c, e)


def normal(p: DiagonalGaussian) -> Normal:
    return Normal(p.mean.double(), (0.5 * p.logvar.double()).exp())


def test_kl_by_hand() -> None:
    # KL(N(1, 4) || N(0, 1)) = (4 + 1 - 1 - ln 4) / 2.
    assert kl_divergence(gaussian(1, math.log(4)), gaussian(0, 0)).item() == pytest.approx(2 - math.log(2), rel=1e-6)


def test_symmetrised_kl_by_hand() -> None:
    # KL(N(1, 4) || N(0, 1)) = 2 - ln 2 and KL(N(0, 1) || N(1, 4)) = ln 2 - 1/4.
    assert symmetrised_kl(gaussian(1, math.log(4)), gaussian(0, 0)).item() == pytest.approx(0.875, rel=1e-6)


def test_kl_to_the_standard_normal_is_kl_to_the_prior() -> None:
    p = DiagonalGaussian(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.full((5, 3), -1.5))
    prior = DiagonalGaussian(torch.zeros(5, 3), torch.zeros(5, 3))
    torch.testing.assert_close(kl_divergence(p, prior), p.kl_to_prior().double(), rtol=1e-6, atol=1e-7)


@given(pairs())
def test_kl_agrees_with_torch(pair: tuple[DiagonalGaussian, DiagonalGaussian]) -> None:
    p, q = pair
    expected = reference(normal(p), normal(q))
    torch.testing.assert_close(kl_divergence(p, q), expected, rtol=1e-9, atol=1e-11)


@given(pairs())
def test_symmetrised_is_half_of_jeffreys_sum(pair: tuple[DiagonalGaussian, DiagonalGaussian]) -> None:
    p, q = pair
    expected = 0.5 * (reference(normal(p), normal(q)) + reference(normal(q), normal(p)))
    torch.testing.assert_close(symmetrised_kl(p, q), expected, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(symmetrised_kl(p, q), 0.5 * (kl_divergence(p, q) + kl_divergence(q, p)), rtol=1e-9,
    atol=1e-11)  # fmt: skip


@both
@given(pair=pairs())
def test_never_negative_and_zero_for_equals(
    divergence: Divergence, pair: tuple[DiagonalGaussian, DiagonalGaussian]
) -> None:
    p, q = pair
    assert (divergence(p, q) >= 0).all()
    assert (divergence(p, p) == 0).all()


@given(pairs())
def test_symmetrised_is_symmetric_to_the_bit(pair: tuple[DiagonalGaussian, DiagonalGaussian]) -> None:
    p, q = pair
    assert torch.equal(symmetrised_kl(p, q), symmetrised_kl(q, p))


@both
@given(pair=pairs(), cut=st.integers(0, 6))
def test_a_sample_does_not_depend_on_its_batch(
    divergence: Divergence, pair: tuple[DiagonalGaussian, DiagonalGaussian], cut: int
) -> None:
    p, q = pair
    parts = [
        divergence(DiagonalGaussian(p.mean[part], p.logvar[part]), DiagonalGaussian(q.mean[part], q.logvar[part]))
        for part in (slice(None, cut), slice(cut, None))
    ]
    torch.testing.assert_close(divergence(p, q), torch.cat(parts), rtol=1e-14, atol=0)


@both
@given(pair=pairs())
def test_single_precision_is_double_inside(
    divergence: Divergence, pair: tuple[DiagonalGaussian, DiagonalGaussian]
) -> None:
    p, q = pair
    wide = [DiagonalGaussian(g.mean.double(), g.logvar.double()) for g in pair]
    found = divergence(p, q)
    assert found.dtype == torch.float64
    assert torch.equal(found, divergence(wide[0], wide[1]))


@both
@pytest.mark.parametrize("gap", [1e-4, 1e-6, -1e-6, 1e-8])
def test_nearly_equal_variances_cancel_no_digits(divergence: Divergence, gap: float) -> None:
    # Both are gap^2 / 4 to first order.
    p, q = (DiagonalGaussian(torch.zeros(1, 1).double(), torch.full((1, 1), lv).double()) for lv in (gap, 0.0))
    assert divergence(p, q).item() == pytest.approx(gap**2 / 4, rel=1e-4, abs=0)


@both
def test_further_is_larger(divergence: Divergence) -> None:
    far, near, here = gaussian(2, -1), gaussian(1, -1), gaussian(0, -1)
    assert divergence(far, here) > divergence(near, here)
    assert divergence(gaussian(0, 2), gaussian(0, 0)) > divergence(gaussian(0, 1), gaussian(0, 0))


@both
def test_sharper_posteriors_are_farther_apart(divergence: Divergence) -> None:
    assert divergence(gaussian(1, -4), gaussian(0, -4)) > divergence(gaussian(1, 0), gaussian(0, 0))


@both
def test_keeps_the_shape_of_spatial_latents(divergence: Divergence) -> None:
    p = DiagonalGaussian(torch.zeros(3, 2, 4, 4), torch.zeros(3, 2, 4, 4))
    assert divergence(p, p).shape == (3, 2, 4, 4)


@both
def test_no_samples_give_no_values(divergence: Divergence) -> None:
    p = DiagonalGaussian(torch.zeros(0, 3), torch.zeros(0, 3))
    assert divergence(p, p).shape == (0, 3)


@both
@pytest.mark.parametrize(("mean", "expected"), [(0.0, 0.0), (1.0, math.inf)])
def test_two_point_masses_are_equal_or_infinitely_apart(divergence: Divergence, mean: float, expected: float) -> None:
    point = DiagonalGaussian.point(torch.zeros(1, 1))
    assert divergence(DiagonalGaussian.point(torch.full((1, 1), mean)), point).item() == expected


@both
@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_point_mass_and_spread_are_infinitely_apart(divergence: Divergence, mean: float) -> None:
    point = DiagonalGaussian.point(torch.zeros(1, 1))
    assert divergence(point, gaussian(mean, 0)).item() == math.inf
    assert divergence(gaussian(mean, 0), point).item() == math.inf


@both
@pytest.mark.parametrize("logvar", [-2000.0, -800.0, 800.0])
def test_equal_gaussians_of_extreme_variance_are_not_apart(divergence: Divergence, logvar: float) -> None:
    assert divergence(gaussian(0.5, logvar), gaussian(0.5, logvar)).item() == 0


@both
def test_extreme_gaps_overflow_to_infinity_and_not_to_nan(divergence: Divergence) -> None:
    assert divergence(gaussian(0, 1500), gaussian(0, -1500)).item() == math.inf
    assert divergence(gaussian(1, -1500), gaussian(0, -1500)).item() == math.inf


def test_kl_of_a_very_sharp_gaussian_is_half_its_gap() -> None:
    assert kl_divergence(gaussian(0, -1500), gaussian(0, 0)).item() == pytest.approx(0.5 * (1500 - 1))


@both
def test_undefined_stays_undefined(divergence: Divergence) -> None:
    for broken in (gaussian(math.nan, 0), gaussian(0, math.nan)):
        assert divergence(broken, gaussian(0, 0)).isnan().all()
        assert divergence(gaussian(0, 0), broken).isnan().all()


@both
def test_refuses_different_shapes(divergence: Divergence) -> None:
    p, q = (DiagonalGaussian(torch.zeros(2, d), torch.zeros(2, d)) for d in (3, 4))
    with pytest.raises(ValueError, match=r"expected two Gaussians of one shape, got \(2, 3\) and \(2, 4\)"):
        divergence(p, q)
