"""Models and data of which it is known what a comparison must find."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from support.datasets import Memory
from vae_analyze.analyzers.baselines.question import Baselines
from vae_analyze.api import analyze
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

Floats = NDArray[np.float64]


class Affine(torch.nn.Module):
    """Codes (x - a) W, reconstructions z V + a: a linear autoencoder with everything given."""

    def __init__(self, middle: Floats, w: Floats, v: Floats, *, logvar: float = -4.0) -> None:
        super().__init__()
        self.middle, self.w, self.v = (torch.nn.Buffer(torch.from_numpy(part).float()) for part in (middle, w, v))
        self.logvar = logvar

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.w.shape[0],)

    @property
    def latent_shape(self) -> tuple[int, ...]:
        return (self.w.shape[1],)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = (x - self.middle) @ self.w
        return DiagonalGaussian(mean, torch.full_like(mean, self.logvar))

    def decode(self, z: Tensor, /) -> Tensor:
        return z @ self.v + self.middle


class Identity(torch.nn.Module):
    """Encodes a sample to itself and decodes it to itself."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.input_shape = self.latent_shape = (features,)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return DiagonalGaussian(x, torch.full_like(x, -3.0))

    def decode(self, z: Tensor, /) -> Tensor:
        return z


def stretched(n: int, features: int = 12, *, seed: int = 0) -> Floats:
    """Gaussian data whose standard deviation falls from 3 to 0.1 along rotated axes."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(features, features)))[0]
    found: Floats = rng.normal(size=(n, features)) * np.geomspace(3, 0.1, features) @ axes + 0.5
    return found.astype(np.float32).astype(np.float64)


def data(x: Floats, labels: NDArray[np.int64] | None = None, **words: Any) -> Memory:
    return Memory(x.astype(np.float32), labels, **words)


def compared(model: Any, given: Any, **options: Any) -> Findings:
    words = ("batch_size", "seed", "samples", "resize", "dtype")
    pass_options = {name: options.pop(name) for name in words if name in options}
    run = analyze(model, [Baselines(**options)], data=given, no_cache=True, **pass_options)
    assert not run.failed, run.failed[0].traceback
    return run["baselines"]


def cells(found: Findings, table: str, column: str) -> list[Any]:
    return next(one for one in found.tables if one.name == table).column(column)
