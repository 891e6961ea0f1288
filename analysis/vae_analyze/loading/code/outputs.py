"""Whatever a foreign function returns, as a row of tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, final

import torch
from torch import Tensor, distributions

_DEEPEST = 4


@final
@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One tensor of a result.

    Args:
        name: Where in the result: keys and places joined by dots; "" for a result that is a tensor.
        tensor: Itself.
    """

    name: str
    tensor: Tensor


def parts(value: Any, *, batch: int | None = None) -> list[Part]:
    """The floating point tensors in a result, in their order; of a distribution its parameters.

    Args:
        value: What was returned.
        batch: Only tensors with this many samples.
    """
    found = [Part(name, tensor) for name, tensor in _walk(value, "", _DEEPEST) if tensor.is_floating_point()]
    return [part for part in found if batch is None or (part.tensor.dim() > 1 and part.tensor.shape[0] == batch)]


def _walk(value: Any, name: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value
    elif depth == 0 or value is None:
        return
    else:
        for key, inner in _inside(value):
            yield from _walk(inner, f"{name}.{key}" if name else key, depth - 1)


def _inside(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, distributions.Distribution):
        return _of_distribution(value)
    if isinstance(value, dict):
        return [(str(key), inner) for key, inner in value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    if isinstance(value, (list, tuple)):
        return [(str(at), inner) for at, inner in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    if hasattr(value, "__dict__") and not isinstance(value, (torch.nn.Module, type)) and not callable(value):
        return [(key, inner) for key, inner in vars(value).items() if not key.startswith("_")]
    return []


def _of_distribution(value: distributions.Distribution) -> list[tuple[str, Any]]:
    base = value.base_dist if isinstance(value, distributions.Independent) else value
    if isinstance(base, distributions.Normal):
        return [("loc", base.loc), ("scale", base.scale)]
    if isinstance(base, distributions.MultivariateNormal):
        covariance = base.covariance_matrix
        if bool((covariance == torch.diag_embed(torch.diagonal(covariance, dim1=-2, dim2=-1))).all()):
            return [("loc", base.loc), ("scale", base.stddev)]
    try:
        return [("mean", value.mean)]
    except NotImplementedError:
        return []
