from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, distributions, nn
from torch.nn import functional

from vae_analyze.loading.code.noise import Noise

DRAWS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "randn_like": lambda mu, s: mu + s * torch.randn_like(s),
    "randn": lambda mu, s: mu + s * torch.randn(*s.shape),
    "randn of a shape": lambda mu, s: mu + s * torch.randn(s.size()),
    "normal": lambda mu, s: torch.normal(mu, s),
    "normal of numbers": lambda mu, s: mu + s * torch.normal(0.0, 1.0, size=mu.shape),
    "in place": lambda mu, s: mu + s * torch.empty_like(s).normal_(),
    "legacy": lambda mu, s: mu + s * torch.FloatTensor(s.size()).normal_(0, 1),
    "new": lambda mu, s: mu + s * s.data.new(s.size()).normal_(),
    "rsample": lambda mu, s: distributions.Normal(mu, s).rsample(),
    "sample": lambda mu, s: distributions.Normal(mu, s).sample(),  # type: ignore[no-untyped-call]  # torch leaves it untyped
    "independent": lambda mu, s: distributions.Independent(distributions.Normal(mu, s), 1).rsample(),
    "multivariate": lambda mu, s: distributions.MultivariateNormal(mu, torch.diag_embed(s.square())).rsample(),
}


@pytest.mark.parametrize("kind", list(DRAWS))
def test_noise_of_a_value_moves_a_sample_by_so_many_deviations(kind: str) -> None:
    mu, s = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 3.0]])
    for value in (0.0, 1.0, -2.0):
        with Noise(value) as noise:
            drawn = DRAWS[kind](mu, s)
        torch.testing.assert_close(drawn, mu + value * s)
        assert len(noise.draws) == 1


def test_one_draw_of_several_and_signs() -> None:
    with Noise(1.0, only=1):
        assert torch.randn(2).tolist() == [0.0, 0.0]
        assert torch.randn(2).tolist() == [1.0, 1.0]
    with Noise(1.0, swaying=True):
        assert set(torch.randn(5).tolist()) == {1.0, -1.0}


def test_dropout_does_nothing_and_other_draws_are_told() -> None:
    x = torch.ones(4)
    with Noise() as noise:
        assert torch.equal(functional.dropout(x, 0.9), x)
        assert torch.equal(nn.Dropout(0.9)(x), x)
        assert torch.rand(2).tolist() == [0.5, 0.5]
        torch.bernoulli(torch.full((2,), 0.5))
    assert noise.drops
    assert noise.others == ["rand", "bernoulli"]


def test_dropout_in_evaluation_is_not_told() -> None:
    with Noise() as noise:
        nn.Dropout(0.9).eval()(torch.ones(4))
    assert not noise.drops


@pytest.mark.parametrize(
    ("last", "name"),
    [
        (torch.sigmoid, "sigmoid"),
        (nn.Sigmoid(), "sigmoid"),
        (nn.Tanh(), "tanh"),
        (lambda x: torch.sigmoid(x).view(2, 2), "sigmoid"),
        (lambda x: torch.sigmoid(x) * 2, ""),
        (torch.relu, ""),
    ],
)
def test_the_last_thing_that_was_done(last: Callable[[Tensor], Tensor], name: str) -> None:
    with Noise(watch=True) as noise:
        result = last(torch.ones(4))
    assert noise.made_by(result) == name
