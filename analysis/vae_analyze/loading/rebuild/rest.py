"""Whether weights are at rest: a trained network is where the gradient of its loss is nearly nothing.

With the activation it was trained with, the gradient over fresh data is little more than the noise of finitely many
samples; with another one, even one that reconstructs as well, it is many times that. What the loss was is not known:
the usual ones are tried, with the weight of the KL that explains the gradient best, and the best of them counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import final

import torch
from torch import Tensor
from torch.nn import functional

from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import Blueprint, Plan, assemble
from vae_analyze.loading.rebuild.choices import Choices
from vae_analyze.loading.rebuild.steps import run
from vae_analyze.loading.settling.convention import Second

_CHUNKS = 8
_CHUNK = 64
_SEED = 20264
_LEAST_SPREAD = 1e-6

Gradients = list[Tensor]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """How far weights are from rest.

    Args:
        encoder: Squared mean gradient of the encoder's weights over what sampling noise alone makes of it; about 1
            at rest.
        decoder: The same of the decoder's weights.
        beta: Weight of the KL against the reconstruction that explains the gradient best.
        loss: Which reconstruction error that was with.
        second: Which meaning of the second output.
    """

    encoder: float
    decoder: float
    beta: float = math.nan
    loss: str = ""
    second: Second = "logvar"

    @property
    def distance(self) -> float:
        """Mean logarithm of the two; 0 at rest."""
        return 0.5 * (math.log(max(self.encoder, 1.0)) + math.log(max(self.decoder, 1.0)))

    @property
    def worst(self) -> float:
        """The larger of the two."""
        return max(self.encoder, self.decoder)


def rest_of(bench: Bench, plan: Plan, choices: Choices, shape: tuple[int, ...], seconds: tuple[Second, ...]) -> Rest:
    """How far the weights are from rest in one reading, under the loss that explains them best.

    Args:
        bench: Evidence and weights.
        plan: The order of the layers.
        choices: The reading.
        shape: Of a sample.
        seconds: Meanings of the second output to try; "none" for a plain autoencoder.
    """
    blueprint = assemble(plan, choices, shape)
    found = []
    for second, loss in product(seconds, _losses(choices)):
        chunks = [_gradients(bench, blueprint, choices, at, loss, second) for at in range(_count(bench))]
        found.append(_measured(blueprint, chunks, loss, second))
    return min(found, key=lambda rest: rest.distance)


def _count(bench: Bench) -> int:
    return max(min(_CHUNKS, len(bench.evidence) // _CHUNK), 1)


def _losses(choices: Choices) -> tuple[str, ...]:
    return ("cross-entropy", "squared error") if choices.squash == "sigmoid" else ("squared error",)


def _gradients(
    bench: Bench, blueprint: Blueprint, choices: Choices, at: int, loss: str, second: Second
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Gradients of the reconstruction error and of the KL over one chunk of the data, by weight."""
    rows = slice(at * _CHUNK, (at + 1) * _CHUNK)
    x, labels = bench.chunk(blueprint, rows)
    weights = {name: tensor.clone().requires_grad_() for name, tensor in _trained(bench, blueprint).items()}
    everything = {**bench.weights, **weights}
    with torch.enable_grad():
        hidden = run(blueprint.trunk, everything, bench.scaled(x, choices.input_range), labels)
        heads = (blueprint.first, blueprint.second) if blueprint.second else (blueprint.first,)
        mean, raw = bench.drawn(blueprint, choices, tuple(run(head, everything, hidden, labels) for head in heads))
        logvar = None if raw is None else _logvar(raw, second)
        z = mean if logvar is None else mean + (0.5 * logvar).exp() * _noise(mean, at)
        logits = run(blueprint.decoder, everything, z, labels)
        error = _error(bench, choices, logits, x, loss) / len(x)
        first = _grad(error, weights)
        if logvar is None:
            return first, {name: torch.zeros_like(weight) for name, weight in weights.items()}
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum() / len(x)
        return first, _grad(kl, weights)


def _trained(bench: Bench, blueprint: Blueprint) -> dict[str, Tensor]:
    steps = (*blueprint.trunk, *blueprint.first, *blueprint.second, *blueprint.decoder)
    paths = {step.at for step in steps if step.at and step.op in ("linear", "conv", "deconv")}
    return {
        name: tensor
        for name, tensor in bench.weights.items()
        if name.rpartition(".")[0] in paths and name.rpartition(".")[2] in ("weight", "bias")
    }


def _grad(value: Tensor, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    found: tuple[Tensor | None, ...] = torch.autograd.grad(
        value, list(weights.values()), retain_graph=True, allow_unused=True
    )
    return {
        name: torch.zeros_like(weight) if gradient is None else gradient
        for (name, weight), gradient in zip(weights.items(), found, strict=True)
    }


def _logvar(raw: Tensor, second: Second) -> Tensor:
    if second == "logstd":
        return 2 * raw
    if second == "std":
        return 2 * raw.abs().clamp(min=_LEAST_SPREAD).log()
    if second == "variance":
        return raw.clamp(min=_LEAST_SPREAD).log()
    return raw


def _noise(mean: Tensor, at: int) -> Tensor:
    return torch.randn(mean.shape, generator=torch.Generator().manual_seed(_SEED + at))


def _error(bench: Bench, choices: Choices, logits: Tensor, x: Tensor, loss: str) -> Tensor:
    if loss == "cross-entropy":
        return functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (bench.squashed(logits, choices) - x).square().sum()


def _measured(
    blueprint: Blueprint,
    chunks: list[tuple[dict[str, Tensor], dict[str, Tensor]]],
    loss: str,
    second: Second,
) -> Rest:
    behind = {step.at for step in blueprint.decoder}
    names = list(chunks[0][0])
    back = [name for name in names if name.rpartition(".")[0] in behind]
    front = [name for name in names if name not in set(back)]
    error, kl = _stacked([one for one, _ in chunks], front), _stacked([two for _, two in chunks], front)
    slope = kl.mean(dim=0)
    beta = max(float(-(error.mean(dim=0) @ slope) / (slope @ slope).clamp(min=1e-20)), 0.0)
    return Rest(
        encoder=_ratio(error + beta * kl),
        decoder=_ratio(_stacked([one for one, _ in chunks], back)),
        beta=beta,
        loss=loss,
        second=second,
    )


def _stacked(gradients: list[dict[str, Tensor]], names: list[str]) -> Tensor:
    return torch.stack([torch.cat([one[name].flatten() for name in names]) for one in gradients])


def _ratio(gradients: Tensor) -> float:
    """Squared mean over its expectation were the true mean zero."""
    if len(gradients) < 2:
        return math.nan
    noise = float(gradients.var(dim=0).sum()) / len(gradients)
    value = float(gradients.mean(dim=0).square().sum()) / max(noise, 1e-30)
    return value if math.isfinite(value) else math.inf
