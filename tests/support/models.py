"""Models whose answers are known by hand, one of each nature that the suite must serve."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vae_analyze.vae import DiagonalGaussian


class LinearVAE(torch.nn.Module):
    """x -> Wx + a with constant variance; z -> Vz + b. Everything about it has a closed form."""

    def __init__(self, w: Tensor, v: Tensor, *, variance: float = 0.1) -> None:
        super().__init__()
        self.w = torch.nn.Buffer(w)
        self.v = torch.nn.Buffer(v)
        self.variance = variance

    @classmethod
    def random(cls, features: int, latents: int, *, seed: int = 0) -> LinearVAE:
        generator = torch.Generator().manual_seed(seed)
        w = torch.randn(latents, features, generator=generator) / features**0.5
        v = torch.randn(features, latents, generator=generator) / latents**0.5
        return cls(w, v)

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.w.shape[1],)

    @property
    def latent_shape(self) -> tuple[int, ...]:
        return (self.w.shape[0],)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = x @ self.w.T
        return DiagonalGaussian(mean, torch.full_like(mean, float(np.log(self.variance))))

    def decode(self, z: Tensor, /) -> Tensor:
        return z @ self.v.T


class NumpyVAE:
    """No torch inside, so no gradients: the nature of an ONNX pair."""

    input_shape = (6,)
    latent_shape = (2,)
    gradients = False

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.w = rng.normal(size=(2, 6)).astype(np.float32)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = torch.from_numpy(x.detach().cpu().numpy() @ self.w.T.astype(x.detach().cpu().numpy().dtype))
        return DiagonalGaussian(mean, torch.zeros_like(mean) - 2)

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.from_numpy(np.tanh(z.detach().cpu().numpy() @ self.w.astype(z.detach().cpu().numpy().dtype)))


class SpatialVAE(torch.nn.Module):
    """Images of 1x8x8 to latents of 2x4x4."""

    input_shape = (1, 8, 8)
    latent_shape = (2, 4, 4)

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.encoder = torch.nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.decoder = torch.nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1)
        for parameter in self.parameters():
            parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean, logvar = self.encoder(x).chunk(2, dim=1)
        return DiagonalGaussian(mean, logvar)

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.sigmoid(self.decoder(z))


class ConditionalVAE(torch.nn.Module):
    """Needs a label per sample: the code is shifted by it."""

    input_shape = (1, 8, 8)
    latent_shape = (3,)

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(2)
        self.w = torch.nn.Buffer(torch.randn(3, 64, generator=generator) / 8)
        self.shift = torch.nn.Buffer(torch.arange(30.0).reshape(10, 3))

    def given(self, labels: Tensor, /) -> _Given:
        return _Given(self, labels)


class _Given:
    input_shape = ConditionalVAE.input_shape
    latent_shape = ConditionalVAE.latent_shape

    def __init__(self, model: ConditionalVAE, labels: Tensor) -> None:
        self.model, self.labels = model, labels

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = x.flatten(1) @ self.model.w.T + self.model.shift[self.labels]
        return DiagonalGaussian(mean, torch.zeros_like(mean) - 3)

    def decode(self, z: Tensor, /) -> Tensor:
        return ((z - self.model.shift[self.labels]) @ self.model.w).sigmoid().reshape(-1, 1, 8, 8)


class Autoencoder(torch.nn.Module):
    """Deterministic: a point mass for a posterior."""

    input_shape = (1, 8, 8)
    latent_shape = (3,)

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.w = torch.nn.Buffer(torch.randn(3, 64, generator=generator) / 8)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return DiagonalGaussian.point(x.flatten(1) @ self.w.T)

    def decode(self, z: Tensor, /) -> Tensor:
        return (z @ self.w).sigmoid().reshape(-1, 1, 8, 8)
