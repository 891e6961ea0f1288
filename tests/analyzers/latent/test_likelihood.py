from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.analyzers.latent.likelihood import likelihood_of
from vae_analyze.analyzers.latent.observation import Observation, cross_entropies
from vae_analyze.vae import DiagonalGaussian

BERNOULLI = Observation(kind="bernoulli")
WEIGHTS, BIAS = torch.tensor([1.5, -2.0, 0.7, 3.0]), torch.tensor([0.1, -0.3, 0.5, -1.0])
X = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])


def decode(z: Tensor) -> Tensor:
    return torch.sigmoid(z * WEIGHTS + BIAS)


def exact(x: Tensor) -> float:
    """log p(x) by quadrature over the one latent dimension."""
    z = torch.linspace(-10, 10, 20_001, dtype=torch.float64)[:, None]
    p = torch.sigmoid(z * WEIGHTS.double() + BIAS.double())
    given = torch.where(x.bool(), p, 1 - p).prod(dim=1)
    return float(torch.trapezoid(given * torch.exp(-0.5 * z[:, 0] ** 2) / np.sqrt(2 * np.pi), z[:, 0]).log())


@dataclass
class Sample:
    x: Tensor

    @property
    def posterior(self) -> DiagonalGaussian:
        # Wider than the true posterior, and off its mean: a bound with a gap.
        return DiagonalGaussian((self.x.sum(dim=1, keepdim=True) - 1.5) / 2, torch.full((1, 1), -0.2))

    def decode(self, z: Tensor, *, of: NDArray[np.int64]) -> Tensor:
        assert len(of) == len(z)
        return decode(z)


class Data:
    index = np.arange(3)

    def read(self, index: NDArray[np.int64]) -> Any:
        return Sample(X[index])

    def generator(self, tag: str) -> torch.Generator:
        return torch.Generator().manual_seed(len(tag))


def test_converges_to_the_log_likelihood_by_quadrature() -> None:
    found = likelihood_of(Data(), BERNOULLI, 3, 5000)  # type: ignore[arg-type]  # what it uses of a context
    truth = np.array([exact(x) for x in X])
    assert found.weights == (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
    np.testing.assert_allclose(found.bounds[:, -1], truth, atol=0.06)  # the noise of 5,000 weights
    assert (found.bounds[:, 0] < truth - 0.02).all()  # the ELBO, with its gap
    assert (np.diff(found.bounds.mean(axis=0)) > -0.01).all()
    assert (found.effective[:, -1] > 100).all()


def test_fewer_samples_are_spread_evenly() -> None:
    assert likelihood_of(Data(), BERNOULLI, 2, 3).index.tolist() == [0, 1]  # type: ignore[arg-type]  # as above
    assert likelihood_of(Data(), BERNOULLI, 9, 3).index.tolist() == [0, 1, 2]  # type: ignore[arg-type]  # as above


def test_cross_entropy_by_hand_and_at_the_ends() -> None:
    x, p = torch.tensor([[1.0, 0.0], [1.0, 0.25]]), torch.tensor([[0.5, 0.2], [0.0, 0.25]])
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert cross_entropies(x, p) == pytest.approx([np.log(2) - np.log(0.8), 100 + entropy], rel=1e-6)


def test_cross_entropy_of_what_is_not_a_number_is_none() -> None:
    x, p = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.5, float("nan")], [0.5, 0.5]])
    found = cross_entropies(x, p)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(2 * np.log(2))
