"""Weights into a network, strictly: every difference between the two is named."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import listing, printable

_Module = TypeVar("_Module", bound=nn.Module)


def fill(network: _Module, state: object, *, where: str) -> _Module:
    """The network (built on the meta device) with these weights, as float32.

    Args:
        network: What the weights are for.
        state: Names and tensors, as found.
        where: What the message calls the file.

    Raises:
        CheckpointError: Missing, unexpected or mis-shaped tensors, other things than floating point tensors, or
            weights that are not finite; each named.
    """
    tensors = checked(state, where=where)
    _compare({name: tuple(value.shape) for name, value in network.state_dict().items()}, tensors, where=where)
    network.load_state_dict(
        {name: value.detach().to(torch.float32).clone() for name, value in tensors.items()}, strict=True, assign=True
    )
    return network


def checked(state: object, *, where: str) -> dict[str, Tensor]:
    """Names and finite floating point tensors.

    Raises:
        CheckpointError: Anything else is among them.
    """
    if not isinstance(state, dict) or not state or not all(isinstance(key, str) for key in state):
        raise CheckpointError(f"{where}: expected named weights, found {printable(type(state).__name__)}")
    odd = [name for name, value in state.items() if not _is_weight(value)]
    if odd:
        names = listing([printable(name) for name in odd])
        raise CheckpointError(f"{where}: expected floating point tensors, found something else: {names}")
    broken = [name for name, value in state.items() if not bool(torch.isfinite(value).all())]
    if broken:
        names = listing([_brokenness(name, state[name]) for name in broken])
        raise CheckpointError(
            f"{where}: expected finite weights, found NaN or infinity in {len(broken)} tensors of {len(state)}: "
            f"{names}",
            hint="the training diverged; use an earlier checkpoint",
        )
    return state


def shapes(state: dict[str, Tensor], *, most: int = 12) -> str:
    """Names and shapes, for a message."""
    return listing([f"{printable(name, limit=60)} {tuple(value.shape)}" for name, value in state.items()], most=most)


def _is_weight(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and value.is_floating_point()


def _brokenness(name: str, value: Tensor) -> str:
    return f"{printable(name, limit=60)} ({int((~torch.isfinite(value)).sum())} of {value.numel()})"


def _compare(expected: dict[str, tuple[int, ...]], found: dict[str, Tensor], *, where: str) -> None:
    missing = [f"{name} {shape}" for name, shape in expected.items() if name not in found]
    unexpected = [printable(name, limit=60) for name in found if name not in expected]
    wrong = [
        f"{name} (expected {shape}, found {tuple(found[name].shape)})"
        for name, shape in expected.items()
        if name in found and tuple(found[name].shape) != shape
    ]
    problems = [
        f"{kind}: {listing(names)}"
        for kind, names in (("missing", missing), ("unexpected", unexpected), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise CheckpointError(
            f"{where}: the weights do not fit the architecture; {'; '.join(problems)}",
            hint="the sizes stated beside the weights are not those of the trained model",
        )
