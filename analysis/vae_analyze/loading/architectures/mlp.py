"""Fully connected encoder and decoder."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, final

from torch import Tensor, nn

from vae_analyze.loading.architectures.layers import (
    Activation,
    Likelihood,
    activation_of,
    dense,
    likelihood_of,
    output_mean,
)
from vae_analyze.loading.files.fields import LARGEST_SIZE, Fields
from vae_analyze.vae import DiagonalGaussian

MOST_LAYERS = 32


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class MLPOptions:
    """What determines an `MLP`.

    Args:
        input_shape: Shape of one sample; it is flattened on the way in and restored on the way out.
        hidden: Sizes of the encoder's hidden layers; the decoder has them in reverse.
        latent_dim: Number of latent dimensions.
        activation: After every hidden layer.
        likelihood: Bernoulli: the decoder ends in a sigmoid; Gaussian: in its last linear layer.
        deterministic: A plain autoencoder, without the log-variance head.
    """

    input_shape: tuple[int, ...]
    hidden: tuple[int, ...] = (128, 64)
    latent_dim: int = 10
    activation: Activation = "relu"
    likelihood: Likelihood = "bernoulli"
    deterministic: bool = False

    @classmethod
    def from_fields(cls, fields: Fields) -> MLPOptions:
        """The options that a card states.

        Raises:
            CheckpointError: A field is missing or of the wrong kind.
        """
        return cls(
            input_shape=fields.sizes("input_shape", most=4),
            hidden=fields.sizes("hidden", least=0, most=MOST_LAYERS),
            latent_dim=fields.integer("latent_dim", low=1, high=LARGEST_SIZE),
            activation=activation_of(fields),
            likelihood=likelihood_of(fields),
            deterministic=fields.flag("deterministic", default=False),
        )

    def to_plain(self) -> dict[str, Any]:
        """The options as plain data."""
        return asdict(self)


@final
class MLP(nn.Module):
    """A VAE, or a plain autoencoder, of fully connected layers.

    Args:
        options: Its sizes and kinds.
    """

    def __init__(self, options: MLPOptions) -> None:
        super().__init__()
        self.options = options
        sizes = (math.prod(options.input_shape), *options.hidden)
        self.encoder = dense(sizes, options.activation)
        self.mean = nn.Linear(sizes[-1], options.latent_dim)
        self.logvar = None if options.deterministic else nn.Linear(sizes[-1], options.latent_dim)
        self.decoder = dense((options.latent_dim, *reversed(options.hidden)), options.activation)
        self.output = nn.Linear(options.hidden[0] if options.hidden else options.latent_dim, sizes[0])

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.options.input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return (self.options.latent_dim,)

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """The posteriors of ``x``, ``(n, *input_shape)``; point masses for a plain autoencoder."""
        hidden = self.encoder(x.flatten(start_dim=1))
        mean = self.mean(hidden)
        return DiagonalGaussian.point(mean) if self.logvar is None else DiagonalGaussian(mean, self.logvar(hidden))

    def decode(self, z: Tensor) -> Tensor:
        """The means of p(x | z), ``(n, *input_shape)``."""
        return output_mean(self.logits(z), self.options.likelihood)

    def logits(self, z: Tensor) -> Tensor:
        """What the decoder ends in before the sigmoid (Bernoulli); for training."""
        raw: Tensor = self.output(self.decoder(z))
        return raw.reshape(-1, *self.options.input_shape)

    def describe(self) -> str:
        """The architecture in one line."""
        sizes = (math.prod(self.options.input_shape), *self.options.hidden, self.options.latent_dim)
        kind = "autoencoder" if self.options.deterministic else "VAE"
        return f"MLP {kind} {'-'.join(str(size) for size in sizes)} and back, {self.options.activation}"
