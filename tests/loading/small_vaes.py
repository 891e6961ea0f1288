"""Small VAEs of 8x8 digits, trained in a second: what other libraries write is held against them."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor, nn

from support.zoo.images import small
from vae_analyze.loading.settling.evidence import Evidence

LATENTS = 6
Kind = Literal["mlp", "conv", "conditional"]


class SmallVAE(nn.Module):
    """Encoder and decoder with a method each."""

    def __init__(self, kind: Kind = "mlp") -> None:
        super().__init__()
        more = 10 if kind == "conditional" else 0
        self.body: nn.Module = nn.Sequential(nn.Linear(64 + more, 48), nn.ReLU())
        if kind == "conv":
            self.body = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 48), nn.ReLU())
        self.flat = kind != "conv"
        self.mu, self.logvar = nn.Linear(48, LATENTS), nn.Linear(48, LATENTS)
        self.decoder = nn.Sequential(nn.Linear(LATENTS + more, 48), nn.ReLU(), nn.Linear(48, 64), nn.Sigmoid())

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = self.body(joined(x.flatten(1), labels) if self.flat else x)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decoder(joined(z, labels)).view(-1, 1, 8, 8)  # type: ignore[no-any-return]  # a module's output


def joined(x: Tensor, labels: Tensor | None) -> Tensor:
    return x if labels is None else torch.cat([x, labels], dim=1)


@lru_cache(maxsize=4)
def trained(kind: Kind = "mlp", *, epochs: int = 25) -> SmallVAE:
    """A VAE of one kind, in evaluation mode."""
    data = small(8)
    one_hot = torch.nn.functional.one_hot(data.train_labels, 10).float()
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        network = SmallVAE(kind)
        optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
        for _ in range(epochs):
            for index in torch.split(torch.randperm(len(data.train)), 64):
                x, labels = data.train[index], one_hot[index] if kind == "conditional" else None
                loss = negative_elbo(network, x, labels)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
                optimiser.step()
    return network.eval().requires_grad_(requires_grad=False)


def negative_elbo(network: SmallVAE, x: Tensor, labels: Tensor | None = None) -> Tensor:
    mean, logvar = network.encode(x, labels)
    z = mean + torch.exp(logvar / 2) * torch.randn_like(mean)
    lost = nn.functional.binary_cross_entropy(network.decode(z, labels), x, reduction="sum")
    return (lost + 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum()) / len(x)


def evidence() -> Evidence:
    """Held-out digits as the loader is given them."""
    data = small(8)
    return Evidence(name="digits", x=data.held_out, value_range=(0.0, 1.0), labels=data.held_out_labels, classes=10)
