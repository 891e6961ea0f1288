"""Foreign networks for the tests: our own models in other people's conventions, and models known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import vae_analyze
from vae_analyze.loading.settling.convention import Second
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.vae import VAE


def evidence_of(spec: str, n: int = 256, *, seed: int = 0) -> Evidence:
    data = vae_analyze.open_data(spec)
    index = np.random.default_rng(seed).choice(len(data), min(n, len(data)), replace=False)
    samples = data.read(index)
    return Evidence(
        name=spec,
        x=torch.from_numpy(samples.x),
        value_range=data.value_range,
        labels=None if samples.labels is None else torch.from_numpy(samples.labels),
        classes=len(data.label_names or ()),
    )


def sample_vae(repository: Path, name: str) -> VAE:
    loaded = vae_analyze.load(repository / "checkpoints" / f"{name}.pt").vae
    assert isinstance(loaded, VAE)
    return loaded


class AsCore(nn.Module):
    """A model of ours that answers as somebody else's would."""

    def __init__(
        self,
        vae: VAE,
        *,
        second: Second = "logvar",
        split: str = "separate",
        swapped: bool = False,
        input_range: tuple[float, float] = (0.0, 1.0),
        output: str = "prob",
        signs: bool = False,
    ) -> None:
        super().__init__()
        self.vae = vae
        self.second, self.split, self.swapped, self.signs = second, split, swapped, signs
        self.input_range, self.output = input_range, output
        self.input_shape, self.latent_shape = tuple(vae.input_shape), tuple(vae.latent_shape)

    def outputs(self, x: Tensor, labels: Tensor | None, /) -> tuple[Tensor, ...]:
        low, high = self.input_range
        found = self.vae.encode((x - low) / (high - low))
        if self.second == "none":
            return (found.mean,)
        raw = {
            "logvar": found.logvar,
            "logstd": found.logvar / 2,
            "std": (found.logvar / 2).exp(),
            "variance": found.logvar.exp(),
        }[self.second]
        if self.signs:
            raw = raw * torch.tensor([1.0, -1.0]).repeat(raw.shape[1])[: raw.shape[1]]
        first, last = (raw, found.mean) if self.swapped else (found.mean, raw)
        if self.split == "separate":
            return first, last
        return (torch.cat([first, last], 1) if self.split == "halves" else torch.stack([first, last], 2).flatten(1),)

    def decoded(self, z: Tensor, labels: Tensor | None, /) -> Tensor:
        x_hat = self.vae.decode(z)
        if self.output == "logits":
            return torch.logit(x_hat, 1e-6)
        return 2 * x_hat - 1 if self.output == "tanh" else x_hat


class LabelledCore(nn.Module):
    """Needs labels: reconstructs exactly where it is given the right class, by a shift that undoes itself."""

    input_shape = (64,)
    latent_shape = (8,)

    def __init__(self, way: str, classes: int = 10) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.way = way
        self.rows = nn.Buffer(torch.linalg.qr(torch.randn(64, 64, generator=generator)).Q[:8])
        self.shift = nn.Buffer(3 * torch.randn(classes, 64, generator=generator))

    def _shift(self, labels: Tensor | None) -> Tensor:
        if labels is None:
            raise TypeError("labels are missing")
        if self.way == "index":
            return self.shift[labels]
        return labels @ self.shift

    def outputs(self, x: Tensor, labels: Tensor | None, /) -> tuple[Tensor, ...]:
        mean = (x - self._shift(labels)) @ self.rows.T
        return mean, torch.full_like(mean, -3.0)

    def decoded(self, z: Tensor, labels: Tensor | None, /) -> Tensor:
        return z @ self.rows + self._shift(labels)
