"""Signs in a model itself that nobody has trained it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vae_analyze.loading.live import modules_of

# Steps of training below which nothing is learned.
_FEW_STEPS = 10
# torch draws weights uniformly within 1/sqrt(fan in). Any training moves some weight over that edge, and many weights
# drawn so come near to it.
_OVER_THE_EDGE = 1 + 1e-5
_NEAR_THE_EDGE = 0.9
_MANY_WEIGHTS = 64
_STEPS = ("global_step", "num_batches_tracked")


def untrained_signs(model: object, details: Mapping[str, Any]) -> tuple[str, ...]:
    """What says that a model has not been trained, in words; empty for a trained one.

    Args:
        model: The model.
        details: What its file states.
    """
    signs = [f"{name} is {steps:g}" for name, steps in _stated_steps(details) if steps < _FEW_STEPS]
    modules = [part for top in modules_of(model) for part in top.modules()]
    norms = [part for part in modules if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    if norms and all(_untouched(norm) for norm in norms):
        signs.append("the batch normalisations have seen no batch")
    weights = [part.weight for part in modules if isinstance(part, nn.Linear | nn.modules.conv._ConvNd)]
    drawn = [weight for weight in weights if weight.numel() >= _MANY_WEIGHTS]
    if drawn and all(_as_drawn(weight) for weight in drawn):
        signs.append("every weight lies within the bounds in which torch draws them")
    return tuple(dict.fromkeys(signs))


def _stated_steps(details: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in details.items():
        if isinstance(value, Mapping):
            yield from _stated_steps(value)
        elif str(key).rpartition(".")[2] in _STEPS and isinstance(value, int | float):
            yield str(key).rpartition(".")[2], float(value)


def _untouched(norm: nn.modules.batchnorm._BatchNorm) -> bool:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        return False
    return bool((mean == 0).all() and (variance == 1).all())


def _as_drawn(weight: Tensor) -> bool:
    bound = 1 / math.sqrt(max(1, weight[0].numel()))
    largest = float(weight.detach().abs().max().to(torch.float64))
    return _NEAR_THE_EDGE * bound <= largest <= _OVER_THE_EDGE * bound
