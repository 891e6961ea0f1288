"""The convolutional encoder and decoder of Burgess et al. 2018."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, final

from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.layers import (
    ACTIVATIONS,
    Activation,
    Likelihood,
    activation_of,
    dense,
    likelihood_of,
    output_mean,
)
from vae_analyze.loading.files.fields import LARGEST_SIZE, Fields
from vae_analyze.vae import DiagonalGaussian

SIDES = (16, 32, 64, 128, 256)
_INNER_SIDE = 4  # of the feature maps between the convolutions and the linear layers


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class ConvOptions:
    """What determines a `Conv`.

    Args:
        input_shape: ``(c, side, side)``; the side is a power of two from 16 to 256.
        channels: Of every convolution.
        hidden: Sizes of the linear layers between convolutions and codes; the decoder has them in reverse.
        latent_dim: Number of latent dimensions.
        activation: After every layer but the last.
        likelihood: Bernoulli: the decoder ends in a sigmoid; Gaussian: in its last convolution.
        deterministic: A plain autoencoder: the head gives the means only.
        interleaved: Even rows of the head are means and odd rows log variances, instead of one half each.
    """

    input_shape: tuple[int, ...]
    channels: int = 32
    hidden: tuple[int, ...] = (256, 256)
    latent_dim: int = 10
    activation: Activation = "relu"
    likelihood: Likelihood = "bernoulli"
    deterministic: bool = False
    interleaved: bool = False

    def __post_init__(self) -> None:
        shape = self.input_shape
        if len(shape) != 3 or shape[1] != shape[2] or shape[1] not in SIDES:
            raise CheckpointError(
                f"architecture conv: expected input_shape (channels, side, side) with a side of "
                f"{', '.join(str(side) for side in SIDES)}, found {tuple(shape)}",
                hint="resize the images, or use the architecture mlp",
            )

    @classmethod
    def from_fields(cls, fields: Fields) -> ConvOptions:
        """The options that a card states.

        Raises:
            CheckpointError: A field is missing or of the wrong kind.
        """
        return cls(
            input_shape=fields.sizes("input_shape", least=3, most=3),
            channels=fields.integer("channels", low=1, high=LARGEST_SIZE),
            hidden=fields.sizes("hidden", most=8),
            latent_dim=fields.integer("latent_dim", low=1, high=LARGEST_SIZE),
            activation=activation_of(fields),
            likelihood=likelihood_of(fields),
            deterministic=fields.flag("deterministic", default=False),
            interleaved=fields.flag("interleaved", default=False),
        )

    def to_plain(self) -> dict[str, Any]:
        """The options as plain data."""
        return asdict(self)

    @property
    def depth(self) -> int:
        """Number of convolutions: each halves the side, down to 4."""
        return (self.input_shape[1] // _INNER_SIDE).bit_length() - 1


@final
class Conv(nn.Module):
    """A VAE, or a plain autoencoder, of 4x4 convolutions with stride 2 and padding 1.

    Args:
        options: Its sizes and kinds.

    References:
        Burgess et al. 2018, "Understanding disentangling in beta-VAE", appendix A.1: 32 channels, two
        linear layers of 256. For 32x32 images three convolutions, for 64x64 four.
    """

    def __init__(self, options: ConvOptions) -> None:
        super().__init__()
        self.options = options
        inner = options.channels * _INNER_SIDE * _INNER_SIDE
        outputs = options.latent_dim if options.deterministic else 2 * options.latent_dim
        self.down = _convolutions(options)
        self.encoder = dense((inner, *options.hidden), options.activation)
        self.head = nn.Linear(options.hidden[-1], outputs)
        self.decoder = dense((options.latent_dim, *reversed(options.hidden), inner), options.activation)
        self.up = _transposed(options)

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
        outputs: Tensor = self.head(self.encoder(self.down(x).flatten(start_dim=1)))
        if self.options.deterministic:
            return DiagonalGaussian.point(outputs)
        if self.options.interleaved:
            mean, logvar = outputs.reshape(-1, self.options.latent_dim, 2).unbind(dim=2)
        else:
            mean, logvar = outputs.chunk(2, dim=1)
        return DiagonalGaussian(mean, logvar)

    def decode(self, z: Tensor) -> Tensor:
        """The means of p(x | z), ``(n, *input_shape)``."""
        return output_mean(self.logits(z), self.options.likelihood)

    def logits(self, z: Tensor) -> Tensor:
        """What the decoder ends in before the sigmoid (Bernoulli); for training."""
        maps = self.decoder(z).reshape(-1, self.options.channels, _INNER_SIDE, _INNER_SIDE)
        raw: Tensor = self.up(maps)
        return raw

    def describe(self) -> str:
        """The architecture in one line."""
        options = self.options
        kind = "autoencoder" if options.deterministic else "VAE"
        hidden = "-".join(str(size) for size in (*options.hidden, options.latent_dim))
        shape = "x".join(str(size) for size in options.input_shape)
        return f"convolutional {kind} {shape}, {options.depth} x {options.channels} channels, {hidden} and back"


def _convolutions(options: ConvOptions) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = options.input_shape[0]
    for _ in range(options.depth):
        layers += [
            nn.Conv2d(before, options.channels, kernel_size=4, stride=2, padding=1),
            ACTIVATIONS[options.activation](),
        ]
        before = options.channels
    return nn.Sequential(*layers)


def _transposed(options: ConvOptions) -> nn.Sequential:
    layers: list[nn.Module] = []
    for last in [False] * (options.depth - 1) + [True]:
        after = options.input_shape[0] if last else options.channels
        layers.append(nn.ConvTranspose2d(options.channels, after, kernel_size=4, stride=2, padding=1))
        if not last:
            layers.append(ACTIVATIONS[options.activation]())
    return nn.Sequential(*layers)
