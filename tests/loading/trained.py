"""Six common shapes of VAE as people write them, trained for a moment on blobs; none states its shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 16


class Examples(nn.Module):
    """As in pytorch/examples: flat input, forward samples."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(SIDE * SIDE, 32)
        self.fc21 = nn.Linear(32, 4)
        self.fc22 = nn.Linear(32, 4)
        self.fc3 = nn.Linear(4, 32)
        self.fc4 = nn.Linear(32, SIDE * SIDE)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h1 = functional.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu: Tensor, logvar: Tensor) -> Tensor:
        return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.fc4(functional.relu(self.fc3(z))))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encode(x.view(-1, SIDE * SIDE))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


class DoubleHead(nn.Module):
    """One head of twice the width, a standard deviation behind a softplus, tanh data."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 32), nn.Tanh(), nn.Linear(32, 6))
        self.dec = nn.Sequential(
            nn.Linear(3, 32), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, SIDE * SIDE), nn.Tanh()
        )

    def encode(self, x: Tensor) -> torch.distributions.Normal:
        mean, spread = self.enc(x).chunk(2, dim=1)
        return torch.distributions.Normal(mean, functional.softplus(spread) + 1e-3)

    def decode(self, z: Tensor) -> Tensor:
        flat: Tensor = self.dec(z)
        return flat.view(-1, 1, SIDE, SIDE)


class Convolutional(nn.Module):
    """Strided convolutions, an encoder and a decoder as submodules, logits."""

    def __init__(self, *, norm: bool = False) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1),
            nn.BatchNorm2d(8) if norm else nn.Identity(),
            nn.ReLU(inplace=True),
            nn.Dropout(0.2),
            nn.Conv2d(8, 8, 4, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.mu = nn.Linear(128, 5)
        self.log_var = nn.Linear(128, 5)
        self.project = nn.Linear(5, 128)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(8, 8, 4, 2, 1),
            nn.BatchNorm2d(8) if norm else nn.Identity(),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, 2, 1),
        )

    def encode(self, x: Tensor) -> dict[str, Tensor]:
        h = self.encoder(x)
        return {"mu": self.mu(h), "log_var": self.log_var(h)}

    def decode(self, z: Tensor) -> Tensor:
        logits: Tensor = self.decoder(self.project(z).view(z.size(0), 8, 4, 4))
        return logits


class Conditional(nn.Module):
    """One-hot labels beside data and code."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Linear(SIDE * SIDE + 3, 16)
        self.mean = nn.Linear(16, 2)
        self.logvar = nn.Linear(16, 2)
        self.dec = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, SIDE * SIDE), nn.Sigmoid())

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.relu(self.enc(torch.cat([x, y], dim=1)))
        return self.mean(h), self.logvar(h)

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        x_hat: Tensor = self.dec(torch.cat([z, y], dim=1))
        return x_hat


class Spatial(nn.Module):
    """Codes with a place, group norm, attention, nearest upsampling."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.GroupNorm(2, 8), nn.SiLU())
        self.qkv = nn.Conv2d(8, 24, 1)
        self.out = nn.Conv2d(8, 4, 3, 2, 1)
        self.up = nn.Sequential(
            nn.Conv2d(2, 8, 3, 1, 1), nn.Upsample(scale_factor=4), nn.GELU(), nn.Conv2d(8, 1, 3, 1, 1), nn.Sigmoid()
        )

    def encode(self, x: Tensor) -> Tensor:
        h = self.down(x)
        n, c, height, width = h.shape
        q, k, v = self.qkv(h).reshape(n, 3, c, height * width).transpose(2, 3).unbind(1)
        h = h + functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, c, height, width)
        both: Tensor = self.out(h)
        return both

    def decode(self, z: Tensor) -> Tensor:
        x_hat: Tensor = self.up(z)
        return x_hat


class Autoencoder(nn.Module):
    """No posterior; the encoder and decoder are its submodules."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 3))
        self.decoder = nn.Sequential(nn.Linear(3, SIDE * SIDE), nn.Sigmoid(), nn.Unflatten(1, (1, SIDE, SIDE)))


@dataclass(frozen=True)
class Shape:
    """One of them, what ``save`` is told of it, and how its script would encode and decode."""

    make: Callable[[], nn.Module]
    encode: Callable[[Any, Tensor, Tensor], tuple[Tensor, Tensor | None]]
    decode: Callable[[Any, Tensor, Tensor], Tensor]
    words: dict[str, Any] = field(default_factory=dict)


def _pair(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    posterior = model.encode(2 * x - 1)
    return posterior.mean, 2 * posterior.stddev.log()


def _named(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    posterior = model.encode(x)
    return posterior["mu"], posterior["log_var"]


def _halves(model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    mean, logvar = model.encode(x).chunk(2, dim=1)
    return mean, logvar


def _image(x: Tensor) -> Tensor:
    return x.view(-1, 1, SIDE, SIDE)


SHAPES: dict[str, Shape] = {
    "examples": Shape(Examples, lambda m, x, y: m.encode(x.flatten(1)), lambda m, z, y: _image(m.decode(z))),
    "double": Shape(
        DoubleHead,
        _pair,
        lambda m, z, y: (m.decode(z) + 1) / 2,
        {"input_range": (-1, 1), "output": "tanh"},
    ),
    "conv": Shape(Convolutional, _named, lambda m, z, y: m.decode(z).sigmoid(), {"output": "logits"}),
    "norm": Shape(
        lambda: Convolutional(norm=True), _named, lambda m, z, y: m.decode(z).sigmoid(), {"output": "logits"}
    ),
    "conditional": Shape(
        Conditional,
        lambda m, x, y: m.encode(x.flatten(1), functional.one_hot(y, 3).float()),
        lambda m, z, y: _image(m.decode(z, functional.one_hot(y, 3).float())),
        {"label_form": "onehot"},
    ),
    "spatial": Shape(Spatial, _halves, lambda m, z, y: m.decode(z), {"split": "halves"}),
    "autoencoder": Shape(Autoencoder, lambda m, x, y: (m.encoder(x), None), lambda m, z, y: m.decoder(z)),
}


def blobs(n: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Images of one blob each in one of three sizes, and the sizes' numbers."""
    generator = torch.Generator().manual_seed(seed)
    place = 3 + (SIDE - 6) * torch.rand(n, 2, 1, 1, generator=generator)
    label = torch.randint(3, (n,), generator=generator)
    axis = torch.arange(SIDE, dtype=torch.float32)
    square = (axis[None, :, None] - place[:, 0]) ** 2 + (axis[None, None, :] - place[:, 1]) ** 2
    return torch.exp(-square / (2.0 * (1.0 + label[:, None, None]) ** 2))[:, None], label


def trained(name: str, *, steps: int = 60) -> nn.Module:
    """One of the six, trained for a moment; in training mode, as a script has it when the loop is over."""
    torch.manual_seed(0)
    shape = SHAPES[name]
    model = shape.make()
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(steps):
        x, y = blobs(32, seed=step)
        mean, logvar = shape.encode(model, x, y)
        z, kl = mean, torch.zeros(())
        if logvar is not None:
            z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
            kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum() / len(x)
        loss = (shape.decode(model, z, y) - x).square().sum() / len(x) + 0.1 * kl
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch does not annotate it
        optimiser.step()
    return model.train()
