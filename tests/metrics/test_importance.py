from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch import Tensor

from vae_analyze.metrics import importance_bound

# A linear-Gaussian model: z ~ N(0, 1), x | z ~ N(2 z, 0.5), so x ~ N(0, 4.5) and z | x is Gaussian.
SLOPE, NOISE = 2.0, 0.5


def log_normal(x: Tensor, mean: Tensor | float, variance: float) -> Tensor:
    return -0.5 * (math.log(2 * math.pi * variance) + (x - mean) ** 2 / variance)


def log_weights(x: Tensor, draws: int, *, widened: float = 1.0, shifted: float = 0.0) -> Tensor:
    variance = widened / (1 + SLOPE**2 / NOISE)
    mean = x[:, None] * SLOPE / NOISE / (1 + SLOPE**2 / NOISE) + shifted
    noise = torch.randn(len(x), draws, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = mean + math.sqrt(variance) * noise
    return log_normal(x[:, None], SLOPE * z, NOISE) + log_normal(z, 0.0, 1.0) - log_normal(z, mean, variance)


X = torch.linspace(-4, 4, 9, dtype=torch.float64)
EXACT = log_normal(X, 0.0, SLOPE**2 + NOISE)


def test_exact_with_the_true_posterior_whatever_k() -> None:
    weights = log_weights(X, 12)
    for k in (1, 5, 12):
        found = importance_bound(weights, k)
        torch.testing.assert_close(found.bound, EXACT, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(found.effective, torch.full_like(EXACT, k), rtol=1e-9, atol=0)


def test_one_weight_is_the_elbo() -> None:
    weights = log_weights(X, 20_000, widened=2.0)
    # KL between the posterior and a Gaussian of twice its variance: (2 - 1 - log 2) / 2.
    gap = 0.5 * (1 - math.log(2))
    torch.testing.assert_close(importance_bound(weights, 1).bound, EXACT - gap, rtol=0, atol=0.03)


def test_converges_from_below_to_the_log_likelihood() -> None:
    weights = log_weights(X, 20_000, widened=1.5, shifted=0.2)
    bounds = [importance_bound(weights, k).bound.mean().item() for k in (1, 10, 100, 1000, 20_000)]
    assert bounds == sorted(bounds)
    assert bounds[-1] == pytest.approx(EXACT.mean().item(), abs=2e-3)


def test_a_worse_posterior_has_fewer_effective_weights() -> None:
    good, bad = (importance_bound(log_weights(X, 500, shifted=shift)).effective.mean() for shift in (0.05, 1.0))
    assert bad < 0.2 * good


def test_agrees_with_scipy() -> None:
    weights = np.random.default_rng(0).normal(0, 30, (7, 40))
    found = importance_bound(torch.from_numpy(weights))
    np.testing.assert_allclose(found.bound, logsumexp(weights, axis=1) - math.log(40), rtol=1e-12)
    w = np.exp(weights - weights.max(axis=1, keepdims=True))
    np.testing.assert_allclose(found.effective, w.sum(axis=1) ** 2 / (w**2).sum(axis=1), rtol=1e-10)


def test_huge_weights_neither_overflow_nor_vanish() -> None:
    weights = torch.tensor([[-1e5, -1e5, -1e5], [1e5, 1e5 - 800, 1e5 - 800]], dtype=torch.float64)
    found = importance_bound(weights)
    torch.testing.assert_close(found.bound, torch.tensor([-1e5, 1e5 - math.log(3)], dtype=torch.float64))
    torch.testing.assert_close(found.effective, torch.tensor([3.0, 1.0], dtype=torch.float64))


@pytest.mark.parametrize(("shape", "k"), [((3,), None), ((3, 4), 0), ((3, 4), 5)])
def test_refuses_what_is_no_set_of_weights(shape: tuple[int, ...], k: int | None) -> None:
    with pytest.raises(ValueError, match="expected"):
        importance_bound(torch.zeros(shape), k)
