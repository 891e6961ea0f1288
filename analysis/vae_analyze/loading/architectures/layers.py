"""Building blocks that the architectures share."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal, cast

from torch import Tensor, nn

from vae_analyze.loading.files.fields import Fields

Activation = Literal["relu", "tanh", "gelu", "silu", "leaky_relu"]
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
}
Likelihood = Literal["bernoulli", "gaussian"]
LIKELIHOODS = ("bernoulli", "gaussian")


def dense(sizes: tuple[int, ...], activation: Activation) -> nn.Sequential:
    """Linear layers from each size to the next, each followed by the activation; empty for one size."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers)


def output_mean(raw: Tensor, likelihood: Likelihood) -> Tensor:
    """The mean of p(x | z) from the decoder's last layer: a sigmoid of logits, or the values themselves."""
    return raw.sigmoid() if likelihood == "bernoulli" else raw


def activation_of(fields: Fields) -> Activation:
    """The activation that a card names."""
    return cast("Activation", fields.choice("activation", tuple(ACTIVATIONS), "relu"))


def likelihood_of(fields: Fields) -> Likelihood:
    """The likelihood that a card names."""
    return cast("Likelihood", fields.choice("likelihood", LIKELIHOODS, "bernoulli"))
