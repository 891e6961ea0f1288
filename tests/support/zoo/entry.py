"""One network of the zoo: how it is made and trained, how its own author reads it, and what may become of its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, one_hot

# A network, data (n, c, h, w) in [0, 1], class numbers (n,): the posterior mean and log variance, (n, d).
Encode = Callable[[Any, Tensor, Tensor], tuple[Tensor, Tensor]]
# A network, codes (n, d), class numbers (n,): the reconstruction in [0, 1], of any shape with the right numbers.
Decode = Callable[[Any, Tensor, Tensor], Tensor]
# A network, data, class numbers, noise, weight of the KL while warming up: nats per image.
Objective = Callable[[Any, Tensor, Tensor, torch.Generator, float], Tensor]
Nature = Literal["healthy", "collapsed", "untrained", "mismatched", "autoencoder", "foreign"]
Meaning = Literal["logvar", "logstd", "std", "variance", "none"]
CLASSES = 10


@final
@dataclass(frozen=True, kw_only=True)
class Entry:
    """One network.

    Args:
        name: Of its folder.
        build: The network with random weights of torch's global generator (seeded by whoever trains it).
        encode: How its author gets the posterior; None where there is none of the kind that is analysed.
        decode: How its author gets the mean of p(x | z).
        objective: Its loss per image, where it is not the usual one.
        size: Height and width of its images.
        channels: Of its images.
        nature: What it is; everything but "foreign" has a truth.
        labels: Whether it needs class numbers.
        loss: Reconstruction term, summed over pixels.
        beta: Weight of the KL.
        noise: Standard deviation of noise added to the inputs in training.
        epochs: Passes over the training images; 0 leaves it untrained.
        seed: Of weights, order and codes.
        container: How it is saved, a name of `writing.CONTAINERS`.
        file: What its file is called.
        stated: Plain data that a container with room for them holds beside the weights.
    """

    name: str
    build: Callable[[], nn.Module]
    encode: Encode | None = None
    decode: Decode | None = None
    objective: Objective | None = None
    size: int = 28
    channels: int = 1
    nature: Nature = "healthy"
    labels: bool = False
    loss: Literal["bce", "mse"] = "bce"
    beta: float = 1.0
    noise: float = 0.0
    epochs: int = 11
    seed: int = 0
    container: str = "bare"
    file: str = "vae.pth"
    stated: tuple[tuple[str, Any], ...] = ()


def reads(
    *,
    flat: bool = True,
    low: float = 0.0,
    high: float = 1.0,
    meaning: Meaning = "logvar",
    pick: Callable[[Any], tuple[Any, Any]] | None = None,
    given: Literal["", "onehot", "index"] = "",
    via: str = "encode",
) -> Encode:
    """An author's way of encoding.

    Args:
        flat: Whether images become vectors first.
        low: What the data's 0 becomes.
        high: What the data's 1 becomes.
        meaning: Of the second output.
        pick: Mean and second output from whatever the method gives; by default it gives the two.
        given: What the method gets beside the data.
        via: The method or submodule that is called.
    """

    def encode(network: Any, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        x = low + x * (high - low)
        beside = _beside(given, labels)
        found = getattr(network, via)(x.flatten(1) if flat else x, *beside)
        if meaning == "none":
            code = (pick(found)[0] if pick else found).flatten(1)
            return code, torch.full_like(code, -torch.inf)
        mean, second = pick(found) if pick else found
        return mean.flatten(1), log_variance(second.flatten(1), meaning)

    return encode


def writes(
    *,
    output: Literal["prob", "logits", "tanh"] = "prob",
    given: Literal["", "onehot", "index"] = "",
    via: str = "decode",
    shape: tuple[int, ...] = (),
) -> Decode:
    """An author's way of decoding.

    Args:
        output: What the method gives.
        given: What it gets beside the code.
        via: The method or submodule that is called.
        shape: Of a code as the method wants it, where that is not a vector.
    """

    def decode(network: Any, z: Tensor, labels: Tensor) -> Tensor:
        raw: Tensor = getattr(network, via)(z.reshape(len(z), *shape) if shape else z, *_beside(given, labels))
        if output == "logits":
            return raw.sigmoid()
        return (raw + 1) / 2 if output == "tanh" else raw

    return decode


def log_variance(second: Tensor, meaning: Meaning) -> Tensor:
    """The log variance from a second output of known meaning."""
    if meaning == "logstd":
        return 2 * second
    if meaning == "std":
        return second.square().log()
    return second.log() if meaning == "variance" else second


def negative_elbo(entry: Entry) -> Objective:
    """The usual objective of an entry, nats per image."""
    encode, decode = entry.encode, entry.decode
    if encode is None or decode is None:
        raise ValueError(f"{entry.name} has neither a way to be read nor an objective of its own")

    def objective(network: Any, x: Tensor, labels: Tensor, generator: torch.Generator, warmth: float) -> Tensor:
        seen = x + entry.noise * torch.randn(x.shape, generator=generator) if entry.noise else x
        mean, logvar = encode(network, seen.clamp(0, 1), labels)
        if entry.nature == "autoencoder":
            return reconstruction_loss(decode(network, mean, labels), x, entry.loss)
        z = mean + (logvar / 2).exp() * torch.randn(mean.shape, generator=generator)
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum() / len(x)
        return reconstruction_loss(decode(network, z, labels), x, entry.loss) + entry.beta * warmth * kl

    return objective


def reconstruction_loss(found: Tensor, x: Tensor, kind: Literal["bce", "mse"] = "bce") -> Tensor:
    """Summed over pixels, averaged over images; squared errors count as of a Gaussian of standard deviation 0.3."""
    found = found.reshape(x.shape)
    if kind == "bce":
        return binary_cross_entropy(found.clamp(1e-6, 1 - 1e-6), x, reduction="sum") / len(x)
    return (found - x).square().sum() / (2 * 0.3**2) / len(x)


def _beside(given: str, labels: Tensor) -> tuple[Tensor, ...]:
    if given == "onehot":
        return (one_hot(labels, CLASSES).float(),)
    return (labels,) if given else ()
