"""Models with planted answers, and how findings are read."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from support.datasets import Memory
from vae_analyze.analyzers.traversal.question import Traversal
from vae_analyze.api import analyze
from vae_analyze.findings import Figure, Findings
from vae_analyze.vae import DiagonalGaussian

Floats = NDArray[np.float64]
Decode = Callable[[Tensor], Tensor]


class Known(torch.nn.Module):
    """The first features of a sample are its code; what a code decodes to is given.

    Args:
        decode: ``(n, d)`` to ``(n, features)``.
        variance: Of the posterior, ``(d,)``; dimensions of variance 1 are encoded to 0 and so are dead.
        input_shape: Of a sample.
    """

    def __init__(self, decode: Decode, variance: list[float], input_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.decoding = decode
        self.variance = torch.nn.Buffer(torch.tensor(variance))
        self.input_shape = input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        return (len(self.variance),)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = x.flatten(1)[:, : len(self.variance)] * (self.variance < 1)
        return DiagonalGaussian(mean, self.variance.log().expand_as(mean))

    def decode(self, z: Tensor, /) -> Tensor:
        return self.decoding(z).reshape(len(z), *self.input_shape)


def samples(n: int, input_shape: tuple[int, ...], *, seed: int = 0, **more: Any) -> Memory:
    """Standard normal features: codes are draws from the prior."""
    features = np.random.default_rng(seed).normal(size=(n, math.prod(input_shape)))
    return Memory(features.reshape(n, *input_shape).astype(np.float32), **more)


def measured(model: Any, data: Any, **options: Any) -> Findings:
    pass_options = {
        name: options.pop(name)
        for name in ("batch_size", "seed", "samples", "resize", "dtype", "workers", "strict")
        if name in options
    }
    run = analyze(model, [Traversal(**options)], data=data, no_cache=True, **pass_options)
    assert not run.failed, run.failed[0].traceback
    return run["traversal"]


def row(found: Findings, name: str) -> dict[str, Any]:
    table = found.tables[0]
    cells = next(cells for cells in table.rows if cells[0] == name)
    return dict(zip((column.name for column in table.columns), cells, strict=True))


def figure(found: Findings, name: str) -> Figure:
    return next(figure for figure in found.figures if figure.name == name)
