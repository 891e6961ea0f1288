"""Weights stored as a product (weight norm, spectral norm), multiplied out as a network in evaluation mode does."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_MODERN = ".parametrizations.weight."


def multiplied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights with ``X.weight`` in place of what stands for it, where that came first in the file.

    Args:
        tensors: Names and tensors. Weight norm stores ``X.weight_g`` and ``X.weight_v``, spectral norm
            ``X.weight_orig`` with its vectors ``X.weight_u`` and ``X.weight_v``; newer torch stores both under
            ``X.parametrizations``.

    References:
        Salimans and Kingma 2016, "Weight Normalization", equation 2; Miyato et al. 2018, "Spectral Normalization for
        Generative Adversarial Networks", section 2.1.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        path = _owner(name)
        if path is None:
            found[name] = tensor
        elif f"{path}.weight" not in found:
            weight = _weight(tensors, path)
            found[f"{path}.weight" if weight is not None else name] = tensor if weight is None else weight
    return found


def _owner(name: str) -> str | None:
    if _MODERN in name:
        return name.partition(_MODERN)[0]
    for ending in (".weight_g", ".weight_v", ".weight_u", ".weight_orig"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return None


def _weight(tensors: Mapping[str, Tensor], path: str) -> Tensor | None:
    def first(*endings: str) -> Tensor | None:
        return next((tensors[path + ending] for ending in endings if path + ending in tensors), None)

    magnitude = first(".weight_g", f"{_MODERN}original0")
    if magnitude is not None:
        direction = first(".weight_v", f"{_MODERN}original1")
        return None if direction is None else _scaled(magnitude, direction)
    original = first(".weight_orig", f"{_MODERN}original")
    left, right = first(".weight_u", f"{_MODERN}0._u"), first(".weight_v", f"{_MODERN}0._v")
    if original is None or left is None or right is None:
        return original
    return _divided(original, left, right)


def _scaled(magnitude: Tensor, direction: Tensor) -> Tensor | None:
    if magnitude.ndim != direction.ndim:
        return None
    axes = [axis for axis in range(direction.ndim) if magnitude.shape[axis] == 1] or [0]
    norm: Tensor = torch.linalg.vector_norm(direction, dim=axes, keepdim=True)
    return direction * (magnitude / norm)


def _divided(original: Tensor, left: Tensor, right: Tensor) -> Tensor | None:
    # Linear layers and convolutions are normed along their first axis, transposed convolutions along their second.
    for axis in (0, 1):
        matrix = original.movedim(axis, 0).flatten(1)
        if matrix.shape == (left.numel(), right.numel()):
            return original / torch.dot(left, torch.mv(matrix, right))
    return None
