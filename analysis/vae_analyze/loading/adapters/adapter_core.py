"""What an adapter returned, as a network in the loader's own terms."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.adapters.adapter_file import AdapterFile
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.live import modules_of
from vae_analyze.loading.source import sha256
from vae_analyze.vae import DiagonalGaussian

RETURNS = "encode returns (mean, logvar), two tensors of shape (n, *latent_shape), or the mean alone"
Given = Literal["nothing", "argument", "given"]
_LABEL_NAMES = ("labels", "label", "y", "c", "classes", "condition", "cond")


@final
class AdaptedCore(nn.Module):
    """What an adapter returned, as a core.

    Args:
        network: The object; torch modules among its attributes are this module's own.
        input_shape: Shape of one sample.
        latent_shape: Shape of one code.
        way: How it is told labels: not at all, as a second argument, or by ``given(labels)``.
        origin: Checkpoint, adapter and the adapter's SHA-256, from which another process makes the same.
    """

    def __init__(
        self,
        network: Any,
        *,
        input_shape: tuple[int, ...],
        latent_shape: tuple[int, ...],
        way: Given,
        origin: tuple[str, str, str],
    ) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.latent_shape = latent_shape
        self._network = [network]  # in a list: a torch module must not be registered twice
        self.parts = nn.ModuleList(_modules(network))
        self._way = way
        self._origin = origin

    def outputs(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
        """What its ``encode`` gives: mean and log variance, or the mean."""
        return _answers(self._called("encode", x, labels), x)

    def decoded(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """What its ``decode`` gives, in the shape of the data."""
        x_hat = _tensor(self._called("decode", z, labels), z)
        expected = (z.shape[0], *self.input_shape)
        if x_hat.numel() != math.prod(expected) or len(x_hat) != len(z):
            raise ValueError(f"expected data of shape {expected}, found {tuple(x_hat.shape)}")
        return x_hat.reshape(expected)

    def _called(self, name: str, value: Tensor, labels: Tensor | None) -> Any:
        (network,) = self._network
        if labels is not None and self._way == "given":
            return getattr(network.given(labels), name)(value)
        function = getattr(network, name)
        if labels is not None and takes_labels(function):
            return function(value, labels)
        return function(value)

    def __reduce__(self) -> tuple[Callable[..., AdaptedCore], tuple[Any, ...]]:
        # Classes of the adapter's file are known to no other process, and a copied function still refers to the
        # first network: so a copy is made by running the file again, and given these weights.
        shapes = (self.input_shape, self.latent_shape)
        return _again, (self._origin, shapes, self._way, self.parts.state_dict(), self.parts.training)


def takes_labels(function: Any) -> bool:
    """Whether a function requires a second argument, or has an optional one that is named like labels."""
    try:
        arguments = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    placed = [one for one in arguments if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)][1:]
    return any(one.default is one.empty or one.name in _LABEL_NAMES for one in placed)


def _answers(answer: Any, like: Tensor) -> tuple[Tensor, ...]:
    if isinstance(answer, DiagonalGaussian):
        return answer.mean, answer.logvar
    if isinstance(answer, (Tensor, np.ndarray)):
        return (_tensor(answer, like),)
    if isinstance(answer, (tuple, list)) and 1 <= len(answer) <= 2:
        mean = _tensor(answer[0], like)
        return (mean,) if len(answer) == 1 or answer[1] is None else (mean, _tensor(answer[1], like))
    what = f"{type(answer).__name__} of {len(answer)}" if isinstance(answer, (tuple, list, dict)) else type(answer)
    found = printable(what if isinstance(what, str) else what.__name__)
    raise CheckpointError(f"expected encode of the adapter to return (mean, logvar), found {found}", hint=RETURNS)


def _tensor(answer: Any, like: Tensor) -> Tensor:
    if isinstance(answer, np.ndarray):
        answer = torch.from_numpy(np.ascontiguousarray(answer))
    if not isinstance(answer, Tensor):
        kind = printable(type(answer).__name__)
        raise CheckpointError(f"expected a tensor or an array from the adapter, found {kind}", hint=RETURNS)
    return answer.to(like.device, like.dtype)


def _modules(network: Any) -> list[nn.Module]:
    """The torch modules of an object: itself, its attributes, and what its two functions refer to."""
    functions = [getattr(network, name, None) for name in ("encode", "decode")]
    inside = [cell.cell_contents for function in functions for cell in getattr(function, "__closure__", None) or ()]
    owners = [getattr(function, "__self__", None) for function in functions]
    found = [module for one in (network, *owners, *inside) for module in modules_of(one)]
    return list({id(module): module for module in found}.values())


def _again(
    origin: tuple[str, str, str],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    way: Given,
    state: dict[str, Tensor],
    training: bool,  # noqa: FBT001 - called by pickle only
) -> AdaptedCore:
    checkpoint, path, digest = origin
    if sha256(Path(path)) != digest:
        raise CheckpointError(f"{printable(path)} was changed since the model was loaded", hint="load the model again")
    network = AdapterFile(Path(path)).load(Path(checkpoint))
    core = AdaptedCore(network, input_shape=shapes[0], latent_shape=shapes[1], way=way, origin=origin)
    for weight in state.values():
        if weight.is_floating_point():
            core.to(device=weight.device, dtype=weight.dtype)
            break
    core.parts.load_state_dict(state)
    return core.train(training).requires_grad_(requires_grad=False)
