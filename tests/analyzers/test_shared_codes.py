"""The codes of the data are computed once, however many analyzers work from them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from support.datasets import Memory
from vae_analyze.analyzers.attributes.question import Attributes
from vae_analyze.analyzers.baselines.question import Baselines
from vae_analyze.analyzers.interpolation.question import Interpolation
from vae_analyze.analyzers.latent.question import Latent
from vae_analyze.analyzers.traversal.question import Traversal
from vae_analyze.api import analyze
from vae_analyze.vae import DiagonalGaussian

N = 2500  # two shards
ENCODED: Counter[bytes] = Counter()  # outside of the model, of which a copy may be analysed


class Counting(torch.nn.Module):
    """A small VAE of 1x6x6 images that remembers what it was asked to encode."""

    input_shape, latent_shape = (1, 6, 6), (3,)

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.w = torch.nn.Parameter(torch.randn(36, 3, generator=generator) / 3)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        ENCODED.update(row.tobytes() for row in x.detach().numpy())
        mean = x.flatten(1) @ self.w
        return DiagonalGaussian(mean, torch.full_like(mean, -2.0))

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.sigmoid(z @ self.w.T).reshape(-1, 1, 6, 6)


def test_five_analyzers_encode_each_sample_once() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((N, 1, 6, 6), dtype=np.float32)
    model, data = Counting(), Memory(x, rng.integers(0, 3, N), value_range=(0, 1))
    ENCODED.clear()
    analyzers: list[Any] = [
        Latent(likelihood="bernoulli", importance_weights=4, clusters=1, draws=100),
        Traversal(measured=4),
        Interpolation(pairs=8),
        Attributes(moved=8),
        Baselines(),
    ]
    run = analyze(model, analyzers, data=data, samples=0, no_cache=True)
    assert [result.status for result in run.results] == ["ok"] * 5, [result.reason for result in run.results]
    counts = [ENCODED[row.tobytes()] for row in x]
    assert set(counts) == {1}
    # What else is encoded is not the data: midpoints, moved and noisy samples.
    assert 0 < sum(ENCODED.values()) - N < 5 * N
