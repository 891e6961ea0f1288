"""A linear-Gaussian VAE, of which posterior, ELBO, log likelihood and mutual information are known in closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import multivariate_normal
from torch import Tensor

from support.datasets import Memory
from vae_analyze.analyzers.latent.question import Latent
from vae_analyze.api import analyze
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

VARIANCE = 0.5  # of p(x | z)
GAINS = np.array([4.0, 1.5, 0.6])  # squared lengths of the decoder's columns
FEATURES, N = 6, 3000


class LinearGaussian(torch.nn.Module):
    """x = W z + b + noise with orthogonal columns, so that the true posterior is a diagonal Gaussian: the encoder's."""

    input_shape, latent_shape = (FEATURES,), (len(GAINS),)

    def __init__(self, *, widened: float = 1.0) -> None:
        super().__init__()
        columns = np.linalg.qr(np.random.default_rng(0).normal(size=(FEATURES, len(GAINS))))[0]
        self.w = torch.nn.Parameter(torch.from_numpy(columns * np.sqrt(GAINS)).float())
        self.b = torch.nn.Parameter(torch.linspace(-1, 1, FEATURES))
        self.posterior_variance = torch.from_numpy(VARIANCE / (VARIANCE + GAINS)).float()
        self.widened = widened

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = (x - self.b) @ self.w * self.posterior_variance / VARIANCE
        return DiagonalGaussian(mean, torch.log(self.widened * self.posterior_variance).expand_as(mean))

    def decode(self, z: Tensor, /) -> Tensor:
        return z @ self.w.T + self.b


def samples(model: LinearGaussian) -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    z, noise = rng.normal(size=(N, len(GAINS))), math.sqrt(VARIANCE) * rng.normal(size=(N, FEATURES))
    w, b = model.w.detach().numpy(), model.b.detach().numpy()
    x: NDArray[np.float32] = (z @ w.T + b + noise).astype(np.float32)
    return x


def measured(model: LinearGaussian, x: NDArray[np.float32], **options: Any) -> Findings:
    chosen = {"likelihood": "gaussian", "variance": VARIANCE, "draws": 3000, "clusters": 2, **options}
    run = analyze(model, [Latent(**chosen)], data=Memory(x), samples=0, no_cache=True)
    assert not run.failed, run.failed[0].traceback
    return run["latent"]


def log_likelihoods(model: LinearGaussian, x: NDArray[np.float32]) -> NDArray[np.float64]:
    w = model.w.detach().numpy().astype(np.float64)
    covariance = w @ w.T + VARIANCE * np.eye(FEATURES)
    found: NDArray[np.float64] = multivariate_normal(model.b.detach().numpy(), covariance).logpdf(x)
    return found


MODEL = LinearGaussian()
X = samples(MODEL)
INFORMATION = 0.5 * float(np.log(1 + GAINS / VARIANCE).sum())


@pytest.fixture(scope="module")
def found() -> Findings:
    return measured(MODEL, X)


def test_the_rate_is_the_mutual_information(found: Findings) -> None:
    rate, information = found.scalar("rate"), found.scalar("mutual_information")
    assert rate.low <= INFORMATION <= rate.high
    assert information.low <= INFORMATION <= information.high
    assert abs(found.scalar("total_correlation").value) < 0.1
    assert abs(found.scalar("dimension_wise_kl").value) < 0.02


def test_distortion_and_elbo_are_the_closed_form_of_these_samples(found: Findings) -> None:
    truth = log_likelihoods(MODEL, X).mean()
    # At the mean instead of over the posterior: better by the noise that the decoder would pass on.
    at_mean = truth + 0.5 * float((GAINS / (VARIANCE + GAINS)).sum())
    assert found.scalar("elbo_at_mean").value == pytest.approx(at_mean, rel=1e-5)
    expected = -found.scalar("elbo_at_mean").value - found.scalar("rate").value
    assert found.scalar("distortion_nats").value == pytest.approx(expected, rel=1e-9)


def test_with_the_true_posterior_every_weight_is_the_likelihood() -> None:
    found = measured(MODEL, X[:64])
    truth = log_likelihoods(MODEL, X[:64]).mean()
    for weights in (1, 10, 200):
        assert found.scalar("log_likelihood_bound", weights=weights).value == pytest.approx(truth, rel=1e-5)
    assert found.scalar("effective_weights", weights=200).value == pytest.approx(200, rel=1e-5)


def test_with_a_wider_posterior_the_gap_is_known_and_closes() -> None:
    model = LinearGaussian(widened=2.0)
    wide = measured(model, X[:50], importance_weights=5000)
    truth = log_likelihoods(model, X[:50]).mean()
    gap = len(GAINS) * 0.5 * (2 - 1 - math.log(2))  # KL(q || true posterior)
    elbo, most = (wide.scalar("log_likelihood_bound", weights=k) for k in (1, 5000))
    assert elbo.value == pytest.approx(truth - gap, abs=0.05)
    assert most.value == pytest.approx(truth, abs=0.01)
    # E[w]^2 / E[w^2] of a Gaussian against one wider by v in variance: sqrt(2 v - 1) / v in each dimension.
    share = (math.sqrt(2 * 2.0 - 1) / 2.0) ** len(GAINS)
    assert wide.scalar("effective_weights", weights=5000).value == pytest.approx(5000 * share, rel=0.02)
    bounds = [wide.scalar("log_likelihood_bound", weights=k).value for k in (1, 2, 5, 10, 20, 50, 100)]
    assert bounds == sorted(bounds)


def test_a_variance_that_is_not_given_is_the_one_of_most_likelihood() -> None:
    fitted = measured(MODEL, X, variance=0.0, likelihood_samples=4)
    mse = fitted.scalar("distortion_mse").value
    expected = 0.5 * FEATURES * (math.log(2 * math.pi * mse) + 1)
    assert fitted.scalar("distortion_nats").value == pytest.approx(expected, rel=1e-6)
    for other in (0.8 * mse, 1.25 * mse):
        assert measured(MODEL, X, variance=other, likelihood_samples=4).scalar("distortion_nats").value > expected
    assert any("its variance fitted" in reading for reading in fitted.readings)


def test_unknown_stays_unknown_and_says_what_to_declare() -> None:
    unknown = measured(MODEL, X, likelihood="auto")
    for name in ("distortion_nats", "elbo_at_mean"):
        assert math.isnan(unknown.scalar(name).value)
        assert "--likelihood gaussian --variance V" in unknown.scalar(name).reason
    assert math.isfinite(unknown.scalar("rate").value)
    assert "not shares from 0 to 1" in unknown.scalar("cross_entropy").reason


def test_the_marginals_pass_as_normal_and_a_planted_one_does_not(found: Findings) -> None:
    columns = [column.name for column in found.tables[0].columns]
    at = [columns.index(name) for name in ("p_prior", "p_normal")]
    assert all(row[k] > 1e-3 for row in found.tables[0].rows for k in at)  # type: ignore[operator]  # numbers, by name
    bent = measured(MODEL, (X + 3 * np.sign(X - X.mean(axis=0))).astype(np.float32), likelihood_samples=4)
    assert any(row[at[0]] < 1e-6 for row in bent.tables[0].rows)  # type: ignore[operator]  # likewise
    assert any("of 3 from the prior" in reading for reading in bent.readings)
