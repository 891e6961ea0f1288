"""How a foreign network is to be read: its input's range, its two encoder outputs, its decoder's output, its labels.

A network that nobody here wrote is a `Core`: raw outputs for raw inputs. A `Convention` says what they mean. The two
together are a `VAE` as the analyzers know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, final

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vae_analyze.vae import DiagonalGaussian

Second = Literal["logvar", "logstd", "std", "variance", "none"]
Split = Literal["separate", "halves", "interleaved"]
Output = Literal["prob", "logits", "tanh", "same"]
Labels = Literal["none", "index", "onehot"]


class Core(Protocol):
    """A foreign network in its own convention; also a torch module where it has weights.

    Both methods are deterministic: whoever makes a core takes care that nothing is drawn.
    """

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample as data have it, images ``(c, h, w)``, even where the network wants them flat."""

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code: of the mean alone."""

    def outputs(self, x: Tensor, labels: Tensor | None, /) -> tuple[Tensor, ...]:
        """What the encoder gives for ``(n, *input_shape)``: the mean and a second output, one with both, or the mean.

        ``labels`` are as the convention says: class numbers int64 ``(n,)``, or one-hot float ``(n, classes)``.
        """

    def decoded(self, z: Tensor, labels: Tensor | None, /) -> Tensor:
        """What the decoder gives for ``(n, *latent_shape)``, brought to ``(n, *input_shape)``."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Convention:
    """What the raw inputs and outputs of a core mean.

    Args:
        input_range: What the lowest and the highest value of the data become before they are encoded.
        second: Second encoder output: log variance, log standard deviation, standard deviation (its sign is ignored),
            variance, or none: a deterministic code.
        split: Where the two are: outputs of their own, halves of one along its first axis, or taking turns.
        swapped: Whether the second output comes first.
        output: What the decoder gives: data in their own range; logits, which a sigmoid maps to [0, 1]; or numbers in
            [-1, 1], mapped linearly onto the data's range; or data in the units that the encoder is given, mapped back
            as these were made. Data without bounds are not mapped, and the numbers stay.
        labels: What encoder and decoder are given beside: nothing, class numbers, or one-hot vectors.
        classes: Length of the one-hot vectors.
    """

    input_range: tuple[float, float] = (0.0, 1.0)
    second: Second = "logvar"
    split: Split = "separate"
    swapped: bool = False
    output: Output = "prob"
    labels: Labels = "none"
    classes: int = 0


@final
class Conventional(nn.Module):
    """A core read by a convention: a `VAE`.

    Args:
        core: The network.
        convention: How to read it.
        value_range: Lowest and highest value of the data; None: data are passed on as they are.
        labels: One-hot vectors or class numbers for every sample of later calls, where the core is conditional.
    """

    def __init__(
        self,
        core: Core,
        convention: Convention,
        *,
        value_range: tuple[float, float] | None = (0.0, 1.0),
        labels: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.core = core
        self.convention = convention
        self.value_range = value_range
        self._labels = labels

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.core.input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return self.core.latent_shape

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """The posteriors of ``x``, ``(n, *input_shape)``."""
        return posterior(self.core.outputs(self._scaled(x), self._labels), self.convention)

    def decode(self, z: Tensor) -> Tensor:
        """The decoded means of ``z``, ``(n, *latent_shape)``."""
        raw = self.core.decoded(z, self._labels)
        return finished(raw, self.convention.output, self.value_range, self.convention.input_range)

    def _scaled(self, x: Tensor) -> Tensor:
        return x if self.value_range is None else mapped(x, self.value_range, self.convention.input_range)


@final
class ConditionalConventional(nn.Module):
    """A core that needs labels, read by a convention: a `ConditionalVAE`.

    Args:
        core: The network.
        convention: How to read it.
        value_range: As for `Conventional`.
    """

    def __init__(
        self, core: Core, convention: Convention, *, value_range: tuple[float, float] | None = (0.0, 1.0)
    ) -> None:
        super().__init__()
        self.core = core
        self.convention = convention
        self.value_range = value_range

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.core.input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return self.core.latent_shape

    def given(self, labels: Tensor) -> Conventional:
        """The model for samples of these classes, int64 ``(n,)``."""
        return Conventional(
            self.core, self.convention, value_range=self.value_range, labels=prepared(labels, self.convention)
        )


def mapped(x: Tensor, given: tuple[float, float], wanted: tuple[float, float]) -> Tensor:
    """Numbers of one range in another, linearly; not a copy where the two are the same."""
    if given == wanted:
        return x
    (least, most), (low, high) = given, wanted
    return low + (x - least) * ((high - low) / (most - least))


def finished(
    raw: Tensor,
    output: Output,
    value_range: tuple[float, float] | None,
    input_range: tuple[float, float] = (0.0, 1.0),
) -> Tensor:
    """Decoder output as data in their own range; of data without bounds as it is, as they are encoded."""
    if output == "logits":
        return raw.sigmoid()
    if value_range is None or output == "prob":
        return raw
    return mapped(raw, (-1.0, 1.0) if output == "tanh" else input_range, value_range)


def prepared(labels: Tensor, convention: Convention) -> Tensor | None:
    """Class numbers as the core wants them."""
    if convention.labels == "none":
        return None
    return one_hot(labels, convention.classes).float() if convention.labels == "onehot" else labels


def posterior(outputs: tuple[Tensor, ...], convention: Convention) -> DiagonalGaussian:
    """The posterior from raw encoder outputs.

    A standard deviation's sign is ignored, because ``mean + std * noise`` has the same distribution for both; of a
    variance or deviation of exactly 0 the logarithm is minus infinity: a point mass.
    """
    if convention.second == "none":
        return DiagonalGaussian.point(outputs[0])
    first, second = _split(outputs, convention)
    mean, spread = (second, first) if convention.swapped else (first, second)
    if convention.second == "logstd":
        return DiagonalGaussian(mean, 2 * spread)
    if convention.second == "std":
        return DiagonalGaussian(mean, 2 * spread.abs().log())
    if convention.second == "variance":
        return DiagonalGaussian(mean, spread.log())
    return DiagonalGaussian(mean, spread)


def _split(outputs: tuple[Tensor, ...], convention: Convention) -> tuple[Tensor, Tensor]:
    if convention.split == "separate":
        return outputs[0], outputs[1]
    both = outputs[0]
    if convention.split == "halves":
        first, second = both.chunk(2, dim=1)
        return first, second
    first, second = torch.unflatten(both, 1, (both.shape[1] // 2, 2)).unbind(dim=2)
    return first, second
