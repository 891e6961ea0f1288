"""Codes of which a part is a class and not a number: named, with an adapter that says how to analyse the model."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.adapters.adapter_template import weights_expression
from vae_analyze.loading.code.encoding import attempts
from vae_analyze.loading.code.outputs import Part
from vae_analyze.loading.code.recording import decoders
from vae_analyze.loading.code.survey import Survey
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.unwrapping.content import Content

_MOST_CLASSES = 1000
_TODO = (
    "say how the class enters the code: as its likeliest one, a point without variance. Save this as adapter.py beside "
    "the code (importing that runs all of it: take out what trains) and pass --adapter adapter.py:"
)


@final
class MixedCodeError(CheckpointError):
    """A model whose code is partly categorical: no diagonal Gaussian stands for it."""

    def __init__(self, message: str, mixed: Mixed) -> None:
        super().__init__(message, hint="write an adapter file (--adapter FILE.py)")
        self.mixed = mixed


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Mixed:
    """What the encoder of such a model gives.

    Args:
        encode: Where it is, such as "encode".
        decode: Where the decoder is.
        mean: The continuous part's mean, by its place in the result.
        spread: Its second output.
        classes: The categorical parts.
        numbers: Of the continuous part.
        shape: Of one sample.
        flat: Whether the encoder takes samples as vectors.
    """

    encode: str
    decode: str
    mean: str
    spread: str
    classes: tuple[tuple[str, int], ...]
    numbers: int
    shape: tuple[int, ...]
    flat: bool

    @property
    def width(self) -> int:
        """Numbers that the decoder takes."""
        return self.numbers + sum(size for _, size in self.classes)


def mixed_code(model: nn.Module, survey: Survey) -> Mixed | None:
    """The parts of a partly categorical code, where the decoder is seen to take them joined; None: it is none."""
    for one in attempts(model, survey):
        steady = [part for _, part in one.steady() if part.tensor.ndim == 2]
        classes = [part for part in steady if _is_distribution(part.tensor)]
        numbers = [part for part in steady if part not in classes]
        pairs = [(a, b) for a, b in itertools.pairwise(numbers) if a.tensor.shape == b.tensor.shape]
        if not one.where or not classes or len(pairs) != 1 or len(numbers) != 2:
            continue
        where = _takes(model, survey, pairs[0][0].tensor, classes)
        if where:
            return Mixed(
                encode=one.where,
                decode=where,
                mean=pairs[0][0].name,
                spread=pairs[0][1].name,
                classes=tuple((part.name, int(part.tensor.shape[1])) for part in classes),
                numbers=int(pairs[0][0].tensor.shape[1]),
                shape=survey.feed.shape,
                flat=one.flat,
            )
    return None


def _is_distribution(rows: Tensor) -> bool:
    sums = rows.sum(dim=1)
    size = int(rows.shape[1])
    return 1 < size <= _MOST_CLASSES and bool((rows >= 0).all()) and torch.allclose(sums, torch.ones_like(sums))


def _takes(model: nn.Module, survey: Survey, mean: Tensor, classes: list[Part]) -> str:
    """The decoder that was given the mean followed by classes, or ""."""
    width = mean.shape[1] + sum(part.tensor.shape[1] for part in classes)
    named = decoders(model)
    for event in survey.quiet.events:
        given = event.given
        if event.where in named and given.ndim == 2 and given.shape == (len(mean), width):
            rest = given[:, mean.shape[1] :]
            begins = torch.allclose(given[:, : mean.shape[1]], mean, rtol=1e-4, atol=1e-4)
            if begins and torch.allclose(rest.sum(dim=1), torch.full((len(mean),), float(len(classes)))):
                return event.where
    return ""


def described(found: Mixed, name: str) -> str:
    """What stands against loading such a model as it is."""
    heads = listing(
        [f"{printable(part, limit=40)}, probabilities of {size} classes" for part, size in found.classes], most=4
    )
    return (
        f"the code of {name} is not a diagonal Gaussian: beside {printable(found.mean, limit=40)} and "
        f"{printable(found.spread, limit=40)} ({found.numbers} numbers) {printable(found.encode)} gives {heads}; "
        f"{printable(found.decode)} takes the {found.numbers} numbers and the likeliest class together, {found.width} "
        "numbers. A class has no mean and no variance, so nothing was assumed"
    )


def adapter_for(found: Mixed, name: str, arguments: Mapping[str, Any], content: Content, *, code: str) -> str:
    """What to do: an adapter that states how the class enters the code, complete but for what importing runs.

    Args:
        found: The parts.
        name: Of the class.
        arguments: Those it was made with.
        content: The checkpoint.
        code: Where the class is, as the person named it.
    """
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items() if key.isidentifier())
    file = code.rpartition(":")[0]
    module = Path(file).stem if file.endswith((".py", ".ipynb")) else file
    heads = ", ".join(_expression(part) for part, _ in found.classes)
    x = "x.flatten(1)" if found.flat and len(found.shape) > 1 else "x"
    return f"""{_TODO}

import torch
from vae_analyze.loading.adapters.networks import networks
from {printable(module)} import {printable(name)}

class Adapter(torch.nn.Module):
    input_shape, latent_shape = {found.shape}, ({found.width},)

    def __init__(self, path):
        super().__init__()
        self.vae = {printable(name)}({printable(given, limit=400)})
        weights = networks(path)
        self.vae.load_state_dict({weights_expression(content)})

    def encode(self, x):  # x as the data are, images in [0, 1]
        out = self.vae.{found.encode}({x})
        mean, logvar = {_expression(found.mean)}, {_expression(found.spread)}
        hot = [torch.zeros_like(p).scatter(1, p.argmax(1, keepdim=True), 1.0) for p in ({heads},)]
        return torch.cat([mean, *hot], 1), torch.cat([logvar, *(torch.full_like(h, -torch.inf) for h in hot)], 1)

    def decode(self, z):
        return self.vae.{found.decode}(z).view(-1, *self.input_shape)

load = Adapter
"""


def _expression(name: str) -> str:
    """The place of a part in a result of mappings and rows, as Python."""
    return "out" + "".join(f"[{part if part.isdigit() else ascii(printable(part))}]" for part in name.split("."))
