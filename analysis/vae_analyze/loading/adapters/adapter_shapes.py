"""What names and shapes of weights say of how an adapter calls its model: shapes, vectors or images, labels or none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import final

from torch import Tensor

from vae_analyze.loading.files.printable import printable

_MEAN = re.compile(r"mu|mean|loc(?![a-z])", re.IGNORECASE)
_SPREAD = re.compile(r"var|sigma|std|scale|sd(?![a-z])", re.IGNORECASE)
_LABEL = re.compile(
    r"label|(^|[._])(y|cls|class|cond)(_?(emb|embed|embedding|proj|fc|linear|layer))?[._\d]|cond_|context",
    re.IGNORECASE,
)
_MOST_CLASSES = 1000
_Layers = list[tuple[str, Tensor]]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """How a model is called, as far as its weights say it.

    Args:
        input_shape: Of one sample.
        latent_shape: Of one code; None: what encode gives.
        source: Which weights say so.
        flat: Whether the encoder takes vectors.
        labels: Which weights say that it takes labels; "" for none.
        complete: Whether nothing is left to be filled in.
    """

    input_shape: tuple[int, ...]
    latent_shape: tuple[int, ...] | None
    source: str
    flat: bool
    labels: str
    complete: bool


def guessed(tensors: dict[str, Tensor], data: tuple[int, ...] | None) -> Guess:
    """Read shapes off weights.

    Args:
        tensors: By name, in the order of the file.
        data: Shape of one sample, where the data are known.
    """
    layers = [
        (name, tensor) for name, tensor in tensors.items() if tensor.ndim in (2, 4) and tensor.is_floating_point()
    ]
    plain = [(name, tensor) for name, tensor in layers if not _LABEL.search(name)] or layers
    heads, latent = _heads(plain)
    entry = plain[0] if plain else None
    shape, sure = (data, True) if data else _sample(entry)
    said = "input as the data" if data else "input unknown"
    if not data and entry is not None:
        said = f"input guessed from {printable(entry[0], limit=40)} {written(entry[1])}"
        said += "" if sure else ", TODO: height and width"
    said += f", latent guessed from {heads}" if heads else ""
    said += "" if latent else ", latent_shape None: that of what encode gives"
    return Guess(
        input_shape=shape,
        latent_shape=latent,
        source=said,
        flat=entry is not None and entry[1].ndim == 2 and len(shape) > 1,
        labels=_labels(layers, plain, latent, data),
        complete=sure,
    )


_USUAL = (1, 28, 28)


def written(tensor: Tensor) -> str:
    """A shape, such as 20x400."""
    return "x".join(str(size) for size in tensor.shape)


def _sample(entry: tuple[str, Tensor] | None) -> tuple[tuple[int, ...], bool]:
    """The shape of samples by the first layer, and whether that says all of it."""
    if entry is None:
        return _USUAL, False
    if entry[1].ndim == 4:
        return (int(entry[1].shape[1]), *_USUAL[1:]), False
    width = int(entry[1].shape[1])
    for channels in (1, 3):
        side = math.isqrt(width // channels)
        if channels * side * side == width and side >= 8:
            return (channels, side, side), True
    return (width,), True


def _heads(layers: _Layers) -> tuple[str, tuple[int, ...] | None]:
    """The layers that give the code, and the code's shape where they say it."""
    found = _by_name(layers) or _by_shape(layers)
    if not found:
        return "", None
    size = int(found[0][1].shape[0]) // (2 if len(found) == 1 else 1)
    names = " and ".join(printable(name, limit=40) for name, _ in found)
    shown = f"{names} {written(found[0][1])}" + (", twice as wide as what comes next takes" if len(found) == 1 else "")
    return shown, (size,) if found[0][1].ndim == 2 else None


def _by_name(layers: _Layers) -> _Layers:
    for at, (first, one) in enumerate(layers):
        for second, other in layers[max(at - 1, 0) : at + 3]:
            alike = first != second and one.shape == other.shape
            if alike and _MEAN.search(_part(first)) and _SPREAD.search(_part(second)):
                return [(first, one), (second, other)]
    return []


def _part(name: str) -> str:
    """The name of the layer itself."""
    return next(
        (part for part in reversed(name.split(".")) if part not in ("weight", "bias") and not part.isdigit()), ""
    )


def _by_shape(layers: _Layers) -> _Layers:
    """Two layers of one shape, or one of twice what comes next."""
    linear = [(name, tensor) for name, tensor in layers if tensor.ndim == 2]
    for at in range(len(linear) - 1):
        (_, one), (_, other) = linear[at : at + 2]
        later = [tensor.shape[1] for _, tensor in linear[at + 2 :]]
        if one.shape == other.shape and one.shape[0] in later and one.shape[0] < one.shape[1]:
            return linear[at : at + 2]
    for at, (_, tensor) in enumerate(linear[:-1]):
        if tensor.shape[0] == 2 * linear[at + 1][1].shape[1]:
            return [linear[at]]
    return []


def _labels(layers: _Layers, plain: _Layers, latent: tuple[int, ...] | None, data: tuple[int, ...] | None) -> str:
    """Why the model takes labels: a name, a decoder that takes more than the code, an encoder more than the data."""
    for name, tensor in layers:
        if _LABEL.search(name):
            return f"{printable(name, limit=40)} {written(tensor)}"
    takes = [tensor.shape[1] for _, tensor in plain if tensor.ndim == 2]
    if latent is not None and latent[0] not in takes:
        for name, tensor in plain:
            if tensor.ndim == 2 and 1 < tensor.shape[1] - latent[0] <= _MOST_CLASSES and _decodes(name, plain):
                return f"{printable(name, limit=40)} {written(tensor)}, which takes more than the code"
    if data and plain:
        name, entry = plain[0]
        wanted = math.prod(data) if entry.ndim == 2 else data[0]
        more = int(entry.shape[1]) - wanted
        if (1 if entry.ndim == 2 else 0) < more <= _MOST_CLASSES:
            return f"{printable(name, limit=40)} {written(entry)}, which takes more than the data"
    return ""


def _decodes(name: str, layers: _Layers) -> bool:
    """Whether a layer comes after those that give the code."""
    heads = _by_name(layers) or _by_shape(layers)
    names = [layer for layer, _ in layers]
    return bool(heads) and names.index(name) == max(names.index(head) for head, _ in heads) + 1
