"""Closed forms: the optimum of a linear Gaussian VAE, whose spread is 1 and whose curvature is 1 / variance - 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from vae_analyze.loading.settling.convention import Second
from vae_analyze.loading.settling.curvature import Curvature, curvature
from vae_analyze.loading.settling.second import moment, second_of

SAMPLES = 400


@dataclass(frozen=True)
class Linear:
    """The optimum for data with these eigenvalues under noise ``s2`` and weight ``beta`` of the KL.

    Lucas et al. 2019, "Don't blame the ELBO", for beta 1; a weight acts as noise of ``beta * s2``.
    """

    mean: Tensor
    variance: Tensor
    weights: Tensor

    def decode(self, z: Tensor, samples: Tensor) -> Tensor:
        return z * self.weights

    def curvature(self) -> Curvature:
        return curvature(self.decode, self.mean)

    def raw(self, second: Second, *, signs: bool = False) -> Tensor:
        variance = self.variance.expand_as(self.mean)
        raw = {
            "logvar": variance.log(),
            "logstd": variance.log() / 2,
            "std": variance.sqrt(),
            "variance": variance,
        }[second].clone()
        if signs:
            raw[:, ::2] *= -1
        return raw


def linear(beta: float, *, s2: float = 0.02, latents: int = 12) -> Linear:
    eigenvalues = torch.logspace(0, -1.5, latents, dtype=torch.float64)
    noise = beta * s2
    kept = eigenvalues > noise
    variance = torch.where(kept, noise / eigenvalues, 1.0)
    codes = torch.randn(SAMPLES, latents, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    codes = (codes - codes.mean(dim=0)) / codes.std(dim=0)
    return Linear(
        mean=codes * (1 - variance).sqrt(), variance=variance, weights=(eigenvalues - noise).clamp(min=0).sqrt()
    )


BETAS = (0.01, 0.1, 1.0, 2.0, 4.0, 10.0)


@pytest.mark.parametrize("beta", BETAS)
def test_spread_of_the_linear_optimum_is_one_at_every_beta(beta: float) -> None:
    model = linear(beta)
    found = moment(model.mean, model.variance.expand_as(model.mean))
    assert found.typical == pytest.approx(1.0, abs=1e-9)
    assert found.distance == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("beta", BETAS)
def test_log_variance_is_read_as_such_and_without_curvature_announced(beta: float) -> None:
    reading = second_of(linear(beta).mean, linear(beta).raw("logvar"))
    assert reading.second == "logvar"
    assert not reading.decided
    assert "log standard deviation" in reading.runner_up


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("second", ["logvar", "logstd", "std", "variance"])
def test_with_curvature_every_meaning_is_found_or_announced(beta: float, second: Second) -> None:
    model = linear(beta)
    reading = second_of(model.mean, model.raw(second), model.curvature())
    assert reading.second == second or not reading.decided
    if beta <= 1:
        assert reading.second == second
        assert reading.decided == (second != "logstd")  # never beyond doubt


@pytest.mark.parametrize("beta", BETAS)
def test_raw_deviations_of_either_sign_are_found(beta: float) -> None:
    model = linear(beta)
    for found in (None, model.curvature()):
        reading = second_of(model.mean, model.raw("std", signs=True), found)
        assert reading.second == "std"
        assert reading.decided


def test_collapsed_log_variances_and_deviations_are_told_apart() -> None:
    mean = 0.01 * torch.randn(100, 8, generator=torch.Generator().manual_seed(1))
    assert second_of(mean, torch.zeros(100, 8)).second == "logvar"
    signs = torch.ones(100, 8)
    signs[:, ::2] = -1
    assert second_of(mean, signs).second == "std"


def test_numbers_that_overflow_as_logarithms_are_not_log_variances() -> None:
    mean = torch.randn(50, 3, generator=torch.Generator().manual_seed(2))
    reading = second_of(mean, torch.full((50, 3), 1e4))
    assert reading.second in ("logvar", "std")
    assert not reading.decided


def test_positions_of_a_spatial_code_are_samples() -> None:
    codes = torch.randn(40, 2, 5, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    found = moment(codes, torch.zeros_like(codes))
    flat = codes.movedim(1, -1).reshape(-1, 2)
    assert found.typical == pytest.approx(float(flat.var(dim=0).median()))


def test_one_sample_says_nothing() -> None:
    found = moment(torch.zeros(1, 3), torch.ones(1, 3))
    assert math.isnan(found.typical)
    assert found.distance == math.inf
    assert not second_of(torch.zeros(1, 3), torch.zeros(1, 3)).decided


def test_a_hastily_trained_deviation_is_a_guess() -> None:
    model = linear(1.0)
    reading = second_of(1.5 * model.mean, model.raw("std", signs=True))
    assert reading.second == "std"
    assert not reading.decided
    assert "log variance" in reading.runner_up
