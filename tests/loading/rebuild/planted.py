"""Small VAEs trained for seconds on handwritten digits of 8 x 8 pixels, as their authors would have written them."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

from vae_analyze.loading.settling.evidence import Evidence

STEPS = 700


@cache
def digits() -> tuple[Tensor, Tensor]:
    """Images ``(n, 1, 8, 8)`` in [0, 1] and labels."""
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    return torch.from_numpy(bunch.images).float()[:, None] / 16, torch.from_numpy(bunch.target)


def evidence(*, labels: bool = False) -> Evidence:
    """The last 600 digits; the networks are trained on the rest."""
    x, y = digits()
    return Evidence(
        name="digits",
        x=x[-600:],
        value_range=(0.0, 1.0),
        labels=y[-600:] if labels else None,
        classes=10 if labels else 0,
        resize=lambda h, w: nn.functional.interpolate(x[-600:], (h, w), mode="bilinear"),
    )


class Planted(nn.Module):
    """Encoder and decoder as given; the head gives mean and log variance in halves or interleaved, or there are two."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, width: int, latent: int, head: str = "two") -> None:
        super().__init__()
        self.encoder = encoder
        self.interleaved = head == "interleaved"
        self.two = head == "two"
        if self.two:
            self.fc_mu = nn.Linear(width, latent)
            self.fc_var = nn.Linear(width, latent)
        else:
            self.head = nn.Linear(width, 2 * latent)
        self.decoder = decoder
        self.range = (0.0, 1.0)

    def encode(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        low, high = self.range
        x = low + (high - low) * x
        hidden = self.encoder(x if y is None else torch.cat((x.flatten(1), y), dim=1))
        if self.two:
            return self.fc_mu(hidden), self.fc_var(hidden)
        both = self.head(hidden)
        if self.interleaved:
            return both[:, 0::2], both[:, 1::2]
        return both[:, : both.shape[1] // 2], both[:, both.shape[1] // 2 :]

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        raw: Tensor = self.decoder(z if y is None else torch.cat((z, y), dim=1))
        return raw.reshape(-1, 1, 8, 8)


def trained(model: Planted, *, steps: int = STEPS, conditional: bool = False, beta: float = 0.2) -> Planted:
    """The model after so many steps of Adam, in evaluation mode."""
    x, y = digits()
    x, y = x[:-600], y[:-600]
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(steps):
        rows = torch.randint(len(x), (128,), generator=generator)
        labels = one_hot(y[rows], 10).float() if conditional else None
        mean, logvar = model.encode(x[rows], labels)
        z = mean + (logvar / 2).exp() * torch.randn(mean.shape, generator=generator)
        error = binary_cross_entropy_with_logits(model.decode(z, labels), x[rows], reduction="sum")
        loss = error + beta * 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
    return model.eval()


def mlp(activation: type[nn.Module], head: str = "two") -> Planted:
    """64-48-6-48-64."""
    torch.manual_seed(1)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), activation())
    decoder = nn.Sequential(nn.Linear(6, 48), activation(), nn.Linear(48, 64))
    return Planted(encoder, decoder, 48, 6, head)
