from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vae_analyze.metrics import discrepancy_to_prior


def normal(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def kernel(a: Tensor, b: Tensor, h: float) -> Tensor:
    return torch.exp(-torch.cdist(a, b).square() / (2 * h**2))


@pytest.mark.parametrize("h", [0.5, 2.0])
def test_agrees_with_the_two_sample_estimate(h: float) -> None:
    z, prior = 0.7 * normal(400, 3) + 0.3, normal(6000, 3, seed=1)
    among, across, other = kernel(z, z, h), kernel(z, prior, h), kernel(prior, prior, h)
    expected = (among.sum() - 400) / (400 * 399) - 2 * across.mean() + (other.sum() - 6000) / (6000 * 5999)
    assert discrepancy_to_prior(z, h).value == pytest.approx(float(expected), abs=4e-3)


def test_closed_form_of_a_narrow_gaussian() -> None:
    # Codes from N(m, s^2): all three expectations are Gaussian integrals.
    m, s, h2 = 0.5, 0.6, 1.0
    among = math.sqrt(h2 / (h2 + 2 * s**2))
    across = math.sqrt(h2 / (h2 + 1 + s**2)) * math.exp(-(m**2) / (2 * (h2 + 1 + s**2)))
    exact = among - 2 * across + math.sqrt(h2 / (h2 + 2))
    found = discrepancy_to_prior(s * normal(20_000, 1) + m)
    assert found.value == pytest.approx(exact, abs=4 * found.se)
    assert found.se < 0.01


def test_unbiased_and_honestly_uncertain() -> None:
    # Off the prior the standard error is that of the projections; at the prior itself they vanish.
    found = [discrepancy_to_prior(0.5 * normal(200, 2, seed) + 0.5) for seed in range(200)]
    values = torch.tensor([one.value for one in found])
    assert values.std().item() == pytest.approx(sum(one.se for one in found) / 200, rel=0.2)
    at_prior = torch.tensor([discrepancy_to_prior(normal(200, 2, seed)).value for seed in range(400)])
    assert abs(at_prior.mean().item()) < 4 * at_prior.std().item() / 20
    assert (at_prior < 0).any()


def test_farther_from_the_prior_is_larger() -> None:
    z = normal(500, 4)
    values = [discrepancy_to_prior(scale * z).value for scale in (1.0, 0.7, 0.4, 0.0)]
    assert values == sorted(values)


def test_blocks_and_order_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    z = normal(100, 3) * 0.5
    whole = discrepancy_to_prior(z)
    monkeypatch.setattr("vae_analyze.metrics.discrepancy._ROWS", 7)
    assert discrepancy_to_prior(z.flip(0)).value == pytest.approx(whole.value, rel=1e-12)


def test_of_two_codes_the_uncertainty_is_unknown() -> None:
    assert math.isnan(discrepancy_to_prior(normal(2, 2)).se)


@pytest.mark.parametrize(("shape", "h"), [((1, 2), None), ((5,), None), ((5, 2), 0.0)])
def test_refuses_too_few_codes_and_no_width(shape: tuple[int, ...], h: float | None) -> None:
    with pytest.raises(ValueError, match="expected"):
        discrepancy_to_prior(torch.zeros(shape), h)
