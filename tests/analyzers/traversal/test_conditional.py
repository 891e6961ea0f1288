"""Models that need a label: every anchor keeps its own, in frames and in derivatives, over shards too."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from analyzers.traversal.known import figure, measured, row, samples
from support.datasets import Memory
from vae_analyze.vae import DiagonalGaussian

CLASSES = 4


class Louder(torch.nn.Module):
    """What is decoded is (label + 1) times the code: so is all movement."""

    input_shape = (5,)
    latent_shape = (2,)

    def given(self, labels: Tensor, /) -> _Louder:
        return _Louder(labels)


class _Louder:
    input_shape = Louder.input_shape
    latent_shape = Louder.latent_shape

    def __init__(self, labels: Tensor) -> None:
        self.volume = (labels + 1.0)[:, None]

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return DiagonalGaussian(x[:, :2], torch.full_like(x[:, :2], -2))

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.cat([self.volume * z, 0 * z, 0 * z[:, :1]], dim=1)


def labelled(n: int) -> Memory:
    return samples(n, (5,), labels=np.random.default_rng(9).integers(0, CLASSES, n), value_range=(-10.0, 10.0))


@pytest.mark.parametrize("n", [50, 1200])
def test_every_anchor_is_decoded_with_its_own_label(n: int) -> None:
    data = labelled(n)
    assert data.labels is not None
    found = measured(Louder(), data, measured=25, samples=0)
    volume = data.labels[np.arange(25) * n // 25] + 1.0
    assert row(found, "z0")["movement"] == pytest.approx(volume.mean() / np.sqrt(5), rel=1e-5)
    assert row(found, "z1")["sensitivity"] == pytest.approx(np.sqrt((volume**2).mean() / 5), rel=1e-5)


def test_the_prior_mean_takes_the_label_of_the_median_sample() -> None:
    data = labelled(51)
    assert data.labels is not None
    x, volume = data.x, data.labels + 1.0
    error = ((volume[:, None] * x[:, :2] - x[:, :2]) ** 2).sum(1) + (x[:, 2:] ** 2).sum(1)
    median = int(np.argsort(error)[25])
    found = measured(Louder(), data)
    assert row(found, "z0")["movement_at_centre"] == pytest.approx(volume[median] / np.sqrt(5), rel=1e-5)
    assert f"with the label of sample {median}" in figure(found, "traversal_0").caption
    assert f"The model needs a label: the prior mean is decoded with that of sample {median}." in found.warnings
