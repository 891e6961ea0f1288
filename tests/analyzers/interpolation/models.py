"""Models and data whose paths are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.analyzers.interpolation.question import Interpolation
from vae_analyze.api import analyze
from vae_analyze.findings import Findings, Table
from vae_analyze.vae import DiagonalGaussian


class Identity(torch.nn.Module):
    """Encodes a sample to itself and decodes a code to itself, but for what a test adds."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.latent_shape = self.input_shape = (d,)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return DiagonalGaussian(x, torch.full_like(x, -2.0))

    def decode(self, z: Tensor, /) -> Tensor:
        return z


class Torn(Identity):
    """The two halves of the space on both sides of z0 = 0 are decoded 50 apart."""

    def decode(self, z: Tensor, /) -> Tensor:
        shift = torch.zeros_like(z)
        shift[:, 0] = 50 * torch.where(z[:, 0] > 0, 1.0, -1.0)
        return z + shift


class Circle(torch.nn.Module):
    """A code is an angle; it decodes to a point on a unit circle in six dimensions."""

    input_shape = (6,)
    latent_shape = (1,)

    def __init__(self) -> None:
        super().__init__()
        basis = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 2)))[0].T
        self.basis = torch.nn.Buffer(torch.from_numpy(basis).float())

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        plane = x @ self.basis.T
        angle = torch.atan2(plane[:, 1], plane[:, 0])[:, None]
        return DiagonalGaussian(angle, torch.full_like(angle, -4.0))

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.cat((z.cos(), z.sin()), dim=1) @ self.basis


class Same(Identity):
    """Decodes everything to one point."""

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.zeros_like(z) + 0.5


def normal(n: int, d: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def measured(model: Any, data: Any, **options: Any) -> Findings:
    pass_options = {name: options.pop(name) for name in ("batch_size", "seed", "samples", "resize") if name in options}
    run = analyze(model, [Interpolation(**options)], data=data, no_cache=True, **pass_options)
    assert not run.failed, run.failed[0].traceback
    return run["interpolation"]


def table(found: Findings, name: str) -> Table:
    return next(table for table in (*found.tables, *(f.table for f in found.figures)) if table.name == name)


def records(found: Findings, name: str) -> list[dict[str, Any]]:
    of = table(found, name)
    return [dict(zip((column.name for column in of.columns), row, strict=True)) for row in of.rows]


def value(found: Findings, name: str, path: str = "linear", pairs: str = "random") -> float:
    return found.scalar(name, path=path, pairs=pairs).value
