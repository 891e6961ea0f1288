"""Models whose codes are the samples, data whose groups are planted, and the analysis of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from support.datasets import Memory
from vae_analyze.analyzers.attributes.question import Attributes
from vae_analyze.api import analyze
from vae_analyze.findings import Figure, Findings
from vae_analyze.vae import DiagonalGaussian

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"
SMALL: dict[str, Any] = {"moved": 40, "steps": 3}


class Given(torch.nn.Module):
    """Encodes a sample to itself and decodes a code to itself, but for the dimensions that the decoder does not see."""

    def __init__(self, d: int, *, blind: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.seen = torch.nn.Buffer(torch.tensor([float(j not in blind) for j in range(d)]))

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (len(self.seen),)

    latent_shape = input_shape

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return DiagonalGaussian(x, torch.full_like(x, -4.0))

    def decode(self, z: Tensor, /) -> Tensor:
        return z * self.seen.to(z)


def measured(model: Any, data: Any, **options: Any) -> Findings:
    pass_options = {name: options.pop(name) for name in ("batch_size", "seed", "samples", "resize") if name in options}
    run = analyze(model, [Attributes(**{**SMALL, **options})], data=data, no_cache=True, **pass_options)
    assert not run.failed, run.failed[0].traceback
    return run["attributes"]


def clusters(n: int, means: Any, *, seed: int = 0, extra: int = 0) -> Memory:
    """Unit Gaussians around the mean of each sample's class."""
    rng = np.random.default_rng(seed)
    centres = np.asarray(means, dtype=np.float64)
    labels = rng.permutation(np.arange(n) % len(centres))
    x = np.concatenate([rng.normal(size=(n, centres.shape[1])) + centres[labels], rng.normal(size=(n, extra))], axis=1)
    return Memory(x.astype(np.float32), labels.astype(np.int64))


def with_factors(x: NDArray[np.float64], *columns: NDArray[np.bool_]) -> Memory:
    return Memory(x.astype(np.float32), factor_values=np.stack(columns, axis=1).astype(np.float64))


def value(found: Findings, name: str, attribute: str) -> float:
    return found.scalar(name, attribute=attribute).value


def figure(found: Findings, name: str) -> Figure:
    return next(one for one in found.figures if one.name == name)
