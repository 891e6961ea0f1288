"""Source files and the checkpoints of the classes in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vae_analyze.loading.card import Loaded
from vae_analyze.loading.load import load
from vae_analyze.vae import VAE

PLAIN = """
import torch
from torch import nn
from torch.nn import functional as F

class VAE(nn.Module):
    def __init__(self, input_dim=64, hidden_dim=32, latent_dim=5):
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.fc21 = nn.Linear(hidden_dim, latent_dim)
        self.fc22 = nn.Linear(hidden_dim, latent_dim)
        self.fc3 = nn.Linear(latent_dim, hidden_dim)
        self.fc4 = nn.Linear(hidden_dim, input_dim)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(x.size(0), -1))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar
"""


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def reference(source: str, name: str, *args: Any, **kwargs: Any) -> nn.Module:
    """The class as an ordinary import would make it, with weights far from any start."""
    space: dict[str, Any] = {"__name__": "reference"}
    exec(compile(source, "reference", "exec"), space)
    torch.manual_seed(3)
    model = space[name](*args, **kwargs)
    assert isinstance(model, nn.Module)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape) * 0.3)
    return model.eval()


def checkpoint(path: Path, model: nn.Module, **beside: Any) -> Path:
    state = model.state_dict()
    torch.save({"model_state_dict": state, **beside} if beside else state, path)
    return path


def read(path: Path, model: str, *, output: str = "prob", **words: Any) -> Loaded:
    """Loaded without data: what they would settle is said."""
    return load(path, model=model, output=output, **words)


def arguments(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(values.items())


def codes(loaded: Loaded, x: Tensor) -> tuple[Tensor, Tensor]:
    assert isinstance(loaded.vae, VAE)
    with torch.no_grad():
        posterior = loaded.vae.encode(x)
    return posterior.mean, posterior.logvar


def decoded(loaded: Loaded, z: Tensor) -> Tensor:
    assert isinstance(loaded.vae, VAE)
    with torch.no_grad():
        return loaded.vae.decode(z)


def samples(*shape: int) -> Tensor:
    return torch.rand(6, *shape, generator=torch.Generator().manual_seed(11))


def latents(*shape: int) -> Tensor:
    return torch.randn(6, *shape, generator=torch.Generator().manual_seed(12))
