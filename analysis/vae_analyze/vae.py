"""What is analysed: an encoder to a diagonal Gaussian and a decoder to a mean.

Nothing here is subclassed by the models under analysis; whatever has these members is a VAE.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import torch
from torch import Tensor


@final
@dataclass(frozen=True, eq=False, slots=True)
class DiagonalGaussian:
    """The posterior q(z | x), one diagonal Gaussian per sample.

    Args:
        mean: Means, ``(n, *latent_shape)``.
        logvar: Natural logarithms of the variances, same shape. Minus infinity is a point mass: the limit of
            vanishing variance, which is what a deterministic autoencoder encodes to.

    Raises:
        ValueError: The two shapes differ.
    """

    mean: Tensor
    logvar: Tensor

    def __post_init__(self) -> None:
        if self.mean.shape != self.logvar.shape:
            raise ValueError(
                f"expected mean and logvar of one shape, got {tuple(self.mean.shape)} and {tuple(self.logvar.shape)}"
            )

    @classmethod
    def point(cls, mean: Tensor) -> DiagonalGaussian:
        """The point mass at ``mean``: a deterministic code as a posterior of zero variance."""
        return cls(mean, torch.full_like(mean, -math.inf))

    def __len__(self) -> int:
        return int(self.mean.shape[0])

    def sample(self, noise: Tensor) -> Tensor:
        """``mean + exp(logvar / 2) * noise`` for standard normal ``noise`` of the same shape.

        The caller draws the noise, so that every draw comes from a named generator.
        """
        return self.mean + torch.exp(0.5 * self.logvar) * noise

    def kl_to_prior(self) -> Tensor:
        """KL(q(z | x) || N(0, I)) per dimension in nats, ``(n, *latent_shape)``; infinite for a point mass.

        References:
            Kingma and Welling 2014, "Auto-Encoding Variational Bayes", appendix B.
        """
        return 0.5 * (self.mean.square() + self.logvar.exp() - 1.0 - self.logvar)


@runtime_checkable
class VAE(Protocol):
    """A trained model, in evaluation mode.

    Images are float tensors ``(n, c, h, w)`` in [0, 1]; other data are ``(n, features)``. ``decode`` returns the
    mean of p(x | z) in the same space. Latents keep their own shape (see `flatten` and `unflatten`).
    """

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample, without the batch axis."""

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code, without the batch axis."""

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        """The posteriors of ``x``, ``(n, *input_shape)``."""

    def decode(self, z: Tensor, /) -> Tensor:
        """The decoded means of ``z``, ``(n, *latent_shape)``, as ``(n, *input_shape)``."""


@runtime_checkable
class ConditionalVAE(Protocol):
    """A model that needs a label per sample: bound to labels, it is a `VAE`."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample, without the batch axis."""

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code, without the batch axis."""

    def given(self, labels: Tensor, /) -> VAE:
        """The model conditioned on ``labels``, int64 ``(n,)``, one per sample of every later call."""


def flatten(z: Tensor) -> Tensor:
    """Codes as vectors: ``(n, *latent_shape)`` to ``(n, d)``, in the order of `torch.flatten`."""
    return z.flatten(start_dim=1)


def unflatten(z: Tensor, latent_shape: tuple[int, ...]) -> Tensor:
    """Vectors as codes: ``(n, d)`` to ``(n, *latent_shape)``, the inverse of `flatten`."""
    return z.reshape(z.shape[0], *latent_shape)
