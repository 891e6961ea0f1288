from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from torch import Tensor

from vae_analyze.metrics import aggregate_terms
from vae_analyze.vae import DiagonalGaussian


def gaussian(n: int, d: int, variance: float, seed: int = 0) -> tuple[DiagonalGaussian, Tensor, Tensor]:
    """Posteriors of equal variance whose aggregate is N(0, I), a draw from each, and whose it is."""
    generator = torch.Generator().manual_seed(seed)
    mean = math.sqrt(1 - variance) * torch.randn(n, d, generator=generator, dtype=torch.float64)
    posterior = DiagonalGaussian(mean, torch.full_like(mean, math.log(variance)))
    return posterior, posterior.sample(torch.randn(n, d, generator=generator, dtype=torch.float64)), torch.arange(n)


def test_the_known_answer_of_a_gaussian_toy() -> None:
    # 10,000 posteriors, 6 dimensions, variance 0.19: MI is -6/2 log 0.19 = 4.98 nats, TC and dimension-wise KL are 0.
    posterior, z, of = gaussian(10_000, 6, 0.19)
    terms = aggregate_terms(posterior, z[:2000], of[:2000])
    assert terms.mutual_information.mean().item() == pytest.approx(-3 * math.log(0.19), abs=0.12)
    assert abs(terms.total_correlation.mean().item()) < 0.12  # the bias of 10,000 in 6 dimensions, upwards
    assert terms.total_correlation.mean().item() > 0
    assert terms.dimension_wise_kl.mean(dim=0).abs().max().item() < 0.01


def test_the_parts_sum_to_the_rate() -> None:
    posterior, z, of = gaussian(3000, 4, 0.3)
    terms = aggregate_terms(posterior, z, of)
    parts = terms.mutual_information + terms.total_correlation + terms.dimension_wise_kl.sum(dim=1)
    monte_carlo = terms.posterior - terms.prior.sum(dim=1)
    torch.testing.assert_close(parts, monte_carlo, rtol=1e-12, atol=1e-12)
    exact = posterior.kl_to_prior().sum(dim=1).mean().item()
    error = monte_carlo.std().item() / math.sqrt(3000)
    assert parts.mean().item() == pytest.approx(exact, abs=4 * error)


def test_total_correlation_of_correlated_means() -> None:
    generator = torch.Generator().manual_seed(1)
    covariance = torch.tensor([[1.0, 0.8], [0.8, 1.0]], dtype=torch.float64)
    mean = torch.randn(8000, 2, generator=generator, dtype=torch.float64) @ torch.linalg.cholesky(covariance).T
    posterior = DiagonalGaussian(mean, torch.full_like(mean, math.log(0.1)))
    z = posterior.sample(torch.randn(8000, 2, generator=generator, dtype=torch.float64))[:3000]
    found = aggregate_terms(posterior, z, torch.arange(3000)).total_correlation.mean().item()
    assert found == pytest.approx(-0.5 * math.log(1 - (0.8 / 1.1) ** 2), abs=0.05)


def test_a_copied_dimension_is_all_correlation() -> None:
    posterior, z, of = gaussian(2000, 1, 0.05)
    copied = DiagonalGaussian(posterior.mean.repeat(1, 2), posterior.logvar.repeat(1, 2))
    alone = aggregate_terms(posterior, z, of)
    both = aggregate_terms(copied, z.repeat(1, 2), of)
    # Two equal codes are one code and its entropy once more: of the same order as the information itself.
    assert both.total_correlation.mean() > 0.5 * alone.mutual_information.mean()
    assert abs(float(alone.total_correlation.mean())) < 1e-12


def test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    mean, logvar = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    z, of = rng.normal(size=(20, 3)), rng.integers(0, 50, 20)
    posterior = DiagonalGaussian(torch.from_numpy(mean), torch.from_numpy(logvar))
    terms = aggregate_terms(posterior, torch.from_numpy(z), torch.from_numpy(of))
    every = norm(mean, np.exp(logvar / 2)).logpdf(z[:, None])
    np.testing.assert_allclose(terms.aggregate, logsumexp(every.sum(axis=2), axis=1) - math.log(50), rtol=1e-12)
    np.testing.assert_allclose(terms.marginals, logsumexp(every, axis=1) - math.log(50), rtol=1e-12)
    np.testing.assert_allclose(terms.posterior, [every[i, j].sum() for i, j in enumerate(of)], rtol=1e-12)
    np.testing.assert_allclose(terms.prior, norm.logpdf(z), rtol=1e-12)


def test_mutual_information_never_exceeds_the_logarithm_of_n() -> None:
    posterior, z, of = gaussian(100, 20, 1e-6)
    found = aggregate_terms(posterior, z, of).mutual_information
    assert found.max().item() <= math.log(100) + 1e-9
    assert found.mean().item() == pytest.approx(math.log(100))


def test_a_collapsed_posterior_carries_nothing() -> None:
    posterior = DiagonalGaussian(torch.zeros(64, 5), torch.zeros(64, 5))
    terms = aggregate_terms(posterior, torch.randn(64, 5, generator=torch.Generator().manual_seed(0)), torch.arange(64))
    for part in (terms.mutual_information, terms.total_correlation, terms.dimension_wise_kl):
        assert part.abs().max().item() < 1e-12


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    posterior, z, of = gaussian(200, 3, 0.2)
    whole = aggregate_terms(posterior, z, of)
    monkeypatch.setattr("vae_analyze.metrics.aggregate._NUMBERS_AT_ONCE", 1)
    assert torch.equal(aggregate_terms(posterior, z, of).aggregate, whole.aggregate)


def test_no_draws_give_no_terms() -> None:
    posterior, z, of = gaussian(10, 3, 0.2)
    terms = aggregate_terms(posterior, z[:0], of[:0])
    assert terms.mutual_information.shape == (0,)
    assert terms.dimension_wise_kl.shape == (0, 3)


@pytest.mark.parametrize(
    ("mean", "logvar", "z", "of", "message"),
    [
        (torch.zeros(4, 2), torch.zeros(4, 2), torch.zeros(3, 5), torch.zeros(3).long(), "expected draws"),
        (torch.zeros(4, 2), torch.zeros(4, 2), torch.zeros(3, 2), torch.zeros(2).long(), "expected draws"),
        (torch.zeros(4, 2), torch.zeros(4, 2), torch.zeros(1, 2), torch.tensor([4]), "indices of 4 posteriors"),
        (torch.zeros(0, 2), torch.zeros(0, 2), torch.zeros(0, 2), torch.zeros(0).long(), "at least one posterior"),
        (torch.zeros(1, 2), torch.full((1, 2), -math.inf), torch.zeros(1, 2), torch.zeros(1).long(), "finite"),
    ],
)
def test_refuses_what_has_no_density(mean: Tensor, logvar: Tensor, z: Tensor, of: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        aggregate_terms(DiagonalGaussian(mean, logvar), z, of)
