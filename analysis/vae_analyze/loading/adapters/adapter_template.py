"""An adapter file to complete, filled in with what the shapes of the weights say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.unwrapping.content import Content

_MOST_NAMES = 6


def next_steps(found: Content | Mapping[str, Tensor], *, input_shape: tuple[int, ...] | None = None) -> str:
    """What to do about weights that cannot be rebuilt from their shapes: the class, else an adapter to complete.

    Args:
        found: What the file holds, or its tensors by name.
        input_shape: Shape of one sample, where the data are known.
    """
    return (
        "if you have the code: --model FILE.py:CLASS, the class that was trained (nothing else of the file is run). "
        "Else save this as adapter.py beside the code, complete what is marked TODO, and pass --adapter adapter.py:\n\n"
        + template(found, input_shape=input_shape)
    )


def template(found: Content | Mapping[str, Tensor], *, input_shape: tuple[int, ...] | None = None) -> str:
    """The text of an adapter for these weights; valid Python, which runs once the lines marked TODO are completed.

    Args:
        found: What the file holds, or its tensors by name.
        input_shape: Shape of one sample, where the data are known.
    """
    content, tensors = _weights(found)
    guess = _guess(tensors, input_shape)
    # What goes between quotes or behind a comment sign comes from an untrusted file: one line, escaped.
    names = listing(
        [f"{printable(name, limit=40)} {_shape(tensor)}" for name, tensor in tensors.items()], most=_MOST_NAMES
    )
    flat = ".flatten(1)" if guess.flat else ""
    sure = "" if guess.complete else "TODO: "
    return f"""import torch
from my_model import MyVAE  # TODO: the file beside this one and the class that was trained

class Adapter(torch.nn.Module):
    input_shape, latent_shape = {guess.input_shape}, {guess.latent_shape}  # {sure}{guess.source}

    def __init__(self, path):
        super().__init__()
        self.vae = MyVAE()  # TODO: its arguments; the weights are {names}
        weights = torch.load(path, map_location="cpu", weights_only=True)
        self.vae.load_state_dict({content})

    def encode(self, x):  # x as the data are, images in [0, 1]
        return self.vae.encode(x{flat})  # TODO: mean and log variance, nothing drawn

    def decode(self, z):  # data as they are, images in [0, 1]
        return self.vae.decode(z).view(-1, *self.input_shape)  # TODO: with its last activation

load = Adapter
"""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class _Guess:
    """Shapes, and which weights they were read from."""

    input_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    source: str
    flat: bool
    complete: bool


def _weights(found: Content | Mapping[str, Tensor]) -> tuple[str, dict[str, Tensor]]:
    """The expression for the weights in the loaded file, and the weights."""
    if not isinstance(found, Content):
        return "weights", dict(found)
    if not found.states:
        return "weights", {}
    state = found.states[0]
    where = "weights" + "".join(f"[{printable(part)!a}]" for part in state.name.split(".") if part)
    if state.prefix:
        prefix = ascii(printable(state.prefix))
        where = f"{{name.removeprefix({prefix}): value for name, value in {where}.items()}}"
    return where, dict(state.tensors)


def _guess(tensors: dict[str, Tensor], input_shape: tuple[int, ...] | None) -> _Guess:
    layers = [
        (name, tensor) for name, tensor in tensors.items() if tensor.ndim in (2, 4) and tensor.is_floating_point()
    ]
    latent, heads = _latent(layers)
    entry = layers[0] if layers else None
    flat = entry is not None and entry[1].ndim == 2
    shape = input_shape or (_image(entry[1]) if entry is not None else None)
    said = []
    if input_shape:
        said.append("input as the data")
    elif entry is not None and shape is not None:
        said.append(f"input guessed from {printable(entry[0], limit=40)} {_shape(entry[1])}")
    else:
        said.append("input unknown")
    said.append(f"latent guessed from {heads}" if latent else "latent unknown")
    return _Guess(
        input_shape=shape or (1, 28, 28),
        latent_shape=(latent or 10,),
        source=", ".join(said),
        flat=flat and len(shape or (1, 28, 28)) > 1,
        complete=bool(latent and shape),
    )


def _latent(layers: list[tuple[str, Tensor]]) -> tuple[int, str]:
    """The number of latents and the layers that say so: two heads of one shape, or one of twice what comes next."""
    linear = [(name, tensor) for name, tensor in layers if tensor.ndim == 2]
    for at in range(len(linear) - 1):
        (first, one), (second, other) = linear[at : at + 2]
        later = [tensor.shape[1] for _, tensor in linear[at + 2 :]]
        if one.shape == other.shape and one.shape[0] in later and one.shape[0] < one.shape[1]:
            return one.shape[0], f"{printable(first, limit=40)} and {printable(second, limit=40)} {_shape(one)}"
    for at, (name, tensor) in enumerate(linear[:-1]):
        width = tensor.shape[0] // 2
        if tensor.shape[0] == 2 * width and linear[at + 1][1].shape[1] == width:
            return width, f"{printable(name, limit=40)} {_shape(tensor)}, twice as wide as what comes next takes"
    return 0, ""


def _image(weight: Tensor) -> tuple[int, ...] | None:
    """The shape of the samples that a first layer takes; None where it does not say."""
    if weight.ndim == 4:
        return None
    width = int(weight.shape[1])
    for channels in (1, 3):
        side = math.isqrt(width // channels)
        if channels * side * side == width and side >= 8:
            return channels, side, side
    return (width,)


def _shape(tensor: Tensor) -> str:
    return "x".join(str(size) for size in tensor.shape)
