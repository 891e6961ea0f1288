from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import kurtosis, norm, skew, wasserstein_distance
from torch import Tensor

from vae_analyze.metrics import marginals
from vae_analyze.vae import DiagonalGaussian


def normal(n: int, d: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_prior_itself() -> None:
    posterior = DiagonalGaussian(torch.zeros(3, 2), torch.zeros(3, 2))
    found = marginals(posterior)
    for value in (found.mean, found.variance - 1, found.skewness, found.kurtosis, found.distance, found.transport):
        assert value.abs().max().item() < 1e-12


def test_a_shifted_gaussian_has_known_distances() -> None:
    found = marginals(DiagonalGaussian(torch.full((1, 1), 0.5), torch.zeros(1, 1)))
    assert found.distance.item() == pytest.approx(2 * norm.cdf(0.25) - 1, abs=1e-4)
    assert found.transport.item() == pytest.approx(0.5, abs=1e-4)


def test_a_wider_gaussian_has_known_transport() -> None:
    found = marginals(DiagonalGaussian(torch.zeros(1, 1), torch.full((1, 1), 2 * math.log(2))))
    assert found.transport.item() == pytest.approx(math.sqrt(2 / math.pi), abs=1e-4)
    assert found.variance.item() == pytest.approx(4)


def test_two_points_far_apart() -> None:
    found = marginals(DiagonalGaussian.point(torch.tensor([[-3.0], [3.0]])))
    assert found.kurtosis.item() == pytest.approx(-2)
    assert found.skewness.item() == 0
    assert found.distance.item() == pytest.approx(0.5 - norm.cdf(-3), abs=5e-3)


def test_agrees_with_scipy_on_draws() -> None:
    mean = normal(4000, 2) ** 2
    posterior = DiagonalGaussian(mean, torch.full_like(mean, math.log(0.3)))
    z = posterior.sample(normal(4000, 2, seed=1)).numpy()
    found = marginals(posterior)
    np.testing.assert_allclose(found.mean, z.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(found.variance, z.var(axis=0), rtol=0.05)
    np.testing.assert_allclose(found.skewness, skew(z), rtol=0.15)
    np.testing.assert_allclose(found.kurtosis, kurtosis(z), rtol=0.35)
    reference = norm.ppf((np.arange(4000) + 0.5) / 4000)
    expected = [wasserstein_distance(column, reference) for column in z.T]
    np.testing.assert_allclose(found.transport, expected, atol=0.03)


def test_moments_are_exact() -> None:
    mean, logvar = normal(30, 1), normal(30, 1, seed=1)
    grid = torch.linspace(-30, 30, 200_001, dtype=torch.float64)
    density = torch.from_numpy(norm.pdf(grid, mean, (logvar / 2).exp())).mean(dim=0)
    central = [torch.trapezoid(density * (grid - mean.mean()) ** k, grid).item() for k in (2, 3, 4)]
    found = marginals(DiagonalGaussian(mean, logvar))
    assert found.variance.item() == pytest.approx(central[0])
    assert found.skewness.item() == pytest.approx(central[1] / central[0] ** 1.5)
    assert found.kurtosis.item() == pytest.approx(central[2] / central[0] ** 2 - 3)


def test_a_constant_code_has_no_shape_but_a_distance() -> None:
    found = marginals(DiagonalGaussian.point(torch.zeros(5, 1)))
    assert found.variance.item() == 0
    assert found.skewness.isnan().all()
    assert found.kurtosis.isnan().all()
    assert found.distance.item() == pytest.approx(0.5, abs=5e-3)
    assert found.transport.item() == pytest.approx(math.sqrt(2 / math.pi), abs=1e-3)


def test_farther_is_larger_and_dimensions_keep_apart() -> None:
    mean = torch.tensor([[0.0, 1.0, 2.0, 1e4]])
    found = marginals(DiagonalGaussian(mean, torch.zeros_like(mean)))
    assert found.distance.tolist() == sorted(found.distance.tolist())
    assert found.transport.tolist() == pytest.approx([0, 1, 2, 1e4], abs=1e-3, rel=0.01)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    posterior = DiagonalGaussian(normal(50, 3), normal(50, 3, seed=1))
    whole = marginals(posterior)
    monkeypatch.setattr("vae_analyze.metrics.marginal._NUMBERS_AT_ONCE", 1)
    torch.testing.assert_close(marginals(posterior).transport, whole.transport, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("mean", "logvar"), [(math.nan, 0.0), (0.0, math.inf), (0.0, math.nan)])
def test_refuses_what_is_not_finite(mean: float, logvar: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        marginals(DiagonalGaussian(torch.tensor([[mean]]), torch.tensor([[logvar]])))


def test_refuses_no_posteriors() -> None:
    with pytest.raises(ValueError, match="at least one"):
        marginals(DiagonalGaussian(torch.zeros(0, 2), torch.zeros(0, 2)))
