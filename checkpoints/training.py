"""Training that repeats: fixed threads, one seed, and every random number from a generator of that seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from vae_analyze.loading.architectures.registry import Network


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """How a model is trained.

    Args:
        steps: Number of updates.
        batch_size: Samples per update.
        learning_rate: Of Adam, at its highest; it falls to zero along half a cosine.
        beta: Weight of the KL against the reconstruction term; 1 is the ELBO.
        points: How many binary points a pixel stands for: the reconstruction term is the binary cross-entropy summed
            over pixels, times this.
        warm_up: Updates over which beta rises linearly from 0.
        seed: Of the first weights, the batches and the codes.
    """

    steps: int
    batch_size: int
    learning_rate: float
    beta: float
    points: int
    warm_up: int
    seed: int


Batches = Callable[[int, torch.Generator], Tensor]


def train(network: Network, schedule: Schedule, batches: Batches) -> Network:
    """Minimise the negative ELBO in nats per image, its KL weighted by beta; without a posterior the first term alone.

    Args:
        network: With parameters in memory; its values are drawn anew.
        schedule: How.
        batches: Gives a batch of so many images from a generator.

    Returns:
        The same network, trained, in evaluation mode.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    generator = torch.Generator().manual_seed(schedule.seed)
    initialise(network, generator)
    optimiser = torch.optim.Adam(network.parameters(), lr=schedule.learning_rate)
    network.train()
    for step in range(schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate * 0.5 * (1 + math.cos(math.pi * step / schedule.steps))
        beta = schedule.beta * min(1.0, (step + 1) / max(1, schedule.warm_up))
        x = batches(schedule.batch_size, generator)
        loss = schedule.points * _loss(network, x, beta / schedule.points, generator)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch does not annotate it
        optimiser.step()
        if step % max(1, schedule.steps // 20) == 0:
            print(f"  step {step:6d} of {schedule.steps}: {loss.item():8.2f} nats per image", flush=True)
    return network.eval()


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the first weights: uniform, of variance 2 / fan-in (He et al. 2015), so that no layer's signal fades.

    The heads get half of that variance, that the first log variances are moderate; biases are zero.
    """
    with torch.no_grad():
        for name, layer in network.named_modules():
            if not isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                continue
            variance = (1.0 if name in _HEADS else 2.0) / _fan_in(layer)
            layer.weight.uniform_(-math.sqrt(3 * variance), math.sqrt(3 * variance), generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()


_HEADS = ("mean", "logvar", "head", "output")


def _fan_in(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> float:
    """Number of inputs that one output of a layer sums over."""
    if isinstance(layer, nn.ConvTranspose2d):
        # Its weights have the inputs first, and a stride leaves each output with a part of the kernel.
        return layer.weight[:, 0].numel() / math.prod(layer.stride)
    return float(layer.weight[0].numel())


def _loss(network: Network, x: Tensor, beta: float, generator: torch.Generator) -> Tensor:
    posterior = network.encode(x)
    if network.options.deterministic:
        return _bce(network.logits(posterior.mean), x)
    z = posterior.sample(torch.randn(posterior.mean.shape, generator=generator))
    return _bce(network.logits(z), x) + beta * posterior.kl_to_prior().sum(dim=1).mean()


def _bce(logits: Tensor, x: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
