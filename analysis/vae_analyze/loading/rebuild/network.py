"""A blueprint and weights as a torch module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from vae_analyze.loading.rebuild.blueprint import Blueprint
from vae_analyze.loading.rebuild.steps import Step, run


@final
class Rebuilt(nn.Module):
    """A network that runs the steps of a blueprint: a `Core`.

    Args:
        blueprint: The network as plain data.
        weights: Tensors by their names in the file; only those that the steps name are kept.
    """

    def __init__(self, blueprint: Blueprint, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.blueprint = blueprint
        steps = (*blueprint.trunk, *blueprint.first, *blueprint.second, *blueprint.decoder)
        # Modules of torch's own kinds hold the weights, so that whoever looks at a model knows what they are.
        self.layers = nn.ModuleDict({_key(step.at): _holder(step, weights) for step in steps if step.at})
        self._paths = tuple(dict.fromkeys(step.at for step in steps if step.at))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.blueprint.input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return self.blueprint.latent_shape

    def outputs(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, ...]:
        """Both encoder outputs, one with both, or the code; ``x`` is ``(n, *input_shape)``."""
        weights = self._weights()
        hidden = run(self.blueprint.trunk, weights, x, labels)
        first = run(self.blueprint.first, weights, hidden, labels)
        if not self.blueprint.second:
            return (first,)
        return first, run(self.blueprint.second, weights, hidden, labels)

    def decoded(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """What the decoder gives for ``(n, *latent_shape)``, as ``(n, *input_shape)``: logits before a sigmoid."""
        x_hat = run(self.blueprint.decoder, self._weights(), z, labels)
        return torch.tanh(x_hat) if self.blueprint.squash.startswith("tanh") else x_hat

    def _weights(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for path in self._paths:
            layer = self.layers[_key(path)]
            tensors = {**layer._parameters, **layer._buffers}
            found |= {f"{path}.{name}": tensor for name, tensor in tensors.items() if tensor is not None}
        return found


def _key(path: str) -> str:
    return path.replace(".", "/")


def _holder(step: Step, weights: Mapping[str, Tensor]) -> nn.Module:
    found = {name.removeprefix(f"{step.at}."): tensor for name, tensor in weights.items() if _within(name, step.at)}
    module = _module(step, found)
    for name, tensor in found.items():
        if name in module._buffers:
            module._buffers[name] = tensor.detach().clone()
        else:
            module._parameters[name] = nn.Parameter(tensor.detach().clone(), requires_grad=False)
    return module.eval()


def _within(name: str, path: str) -> bool:
    return name.rpartition(".")[0] == path


def _module(step: Step, found: Mapping[str, Tensor]) -> nn.Module:
    """An empty module of the right kind, on no device: its weights are put in as they are."""
    meta = torch.device("meta")
    weight, biased = found.get("weight"), "bias" in found
    if step.op == "norm" and step.kind == "batch":
        size = found["running_mean"].shape[0]
        return nn.BatchNorm2d(size, eps=step.number, affine=weight is not None, device=meta)
    assert weight is not None
    if step.op == "linear":
        return nn.Linear(weight.shape[1], weight.shape[0], bias=biased, device=meta)
    if step.op == "labels":
        return nn.Embedding(weight.shape[0], weight.shape[1], device=meta)
    if step.op == "activation":
        return nn.PReLU(weight.numel(), device=meta)
    if step.op == "norm":
        return nn.LayerNorm(tuple(weight.shape), bias=biased, device=meta)
    kernel = (int(weight.shape[2]), int(weight.shape[3]))
    if step.op == "deconv":
        return nn.ConvTranspose2d(weight.shape[0], weight.shape[1], kernel, bias=biased, device=meta)
    return nn.Conv2d(weight.shape[1], weight.shape[0], kernel, bias=biased, device=meta)
