"""Fully connected VAEs: where the layers are, how they are called, what is between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Examples(nn.Module):
    """The names of the best known example."""

    def __init__(self, hidden: int = 200, latent: int = 20, pixels: int = 784) -> None:
        super().__init__()
        self.fc1 = nn.Linear(pixels, hidden)
        self.fc21 = nn.Linear(hidden, latent)
        self.fc22 = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, pixels)

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(self.fc4(functional.relu(self.fc3(z))))


def stack(sizes: Sequence[int], act: Callable[[], nn.Module], last: Callable[[], nn.Module] | None) -> nn.Sequential:
    """Linear layers with an activation between, and another or none at the end."""
    layers: list[nn.Module] = []
    for number, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(fan_in, fan_out))
        if number < len(sizes) - 2:
            layers.append(act())
        elif last is not None:
            layers.append(last())
    return nn.Sequential(*layers)


class Stacked(nn.Module):
    """Sequential encoder and decoder, two heads."""

    def __init__(
        self,
        hidden: Sequence[int] = (200, 100),
        latent: int = 16,
        act: Callable[[], nn.Module] = nn.ReLU,
        act_decoder: Callable[[], nn.Module] | None = None,
        last: Callable[[], nn.Module] | None = nn.Sigmoid,
        pixels: int = 784,
    ) -> None:
        super().__init__()
        self.encoder = stack((pixels, *hidden), act, act)
        self.fc_mu = nn.Linear(hidden[-1], latent)
        self.fc_logvar = nn.Linear(hidden[-1], latent)
        self.decoder = stack((latent, *reversed(hidden), pixels), act_decoder or act, last)

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.fc_mu(h), self.fc_logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)


class ThreeByName(nn.Module):
    """Three hidden layers, each an attribute."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.enc_1 = nn.Linear(784, 256)
        self.enc_2 = nn.Linear(256, 128)
        self.enc_3 = nn.Linear(128, 64)
        self.mean_layer = nn.Linear(64, latent)
        self.log_var_layer = nn.Linear(64, latent)
        self.dec_1 = nn.Linear(latent, 64)
        self.dec_2 = nn.Linear(64, 128)
        self.dec_3 = nn.Linear(128, 256)
        self.out = nn.Linear(256, 784)

    def encode(self, x: Tensor) -> Any:
        for layer in (self.enc_1, self.enc_2, self.enc_3):
            x = functional.relu(layer(x))
        return self.mean_layer(x), self.log_var_layer(x)

    def decode(self, z: Tensor) -> Any:
        for layer in (self.dec_1, self.dec_2, self.dec_3):
            z = functional.relu(layer(z))
        return torch.sigmoid(self.out(z))


class OneHead(nn.Module):
    """The last encoder layer gives both, halves or in turns."""

    def __init__(self, latent: int = 8, hidden: int = 256, turns: bool = False, pixels: int = 784) -> None:
        super().__init__()
        self.encoder = stack((pixels, hidden, hidden, 2 * latent), nn.ReLU, None)
        self.decoder = stack((latent, hidden, hidden, pixels), nn.ReLU, nn.Sigmoid)
        self.latent, self.turns = latent, turns

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return h.view(-1, self.latent, 2).unbind(2) if self.turns else h.chunk(2, dim=1)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)


class VarianceFirst(nn.Module):
    """The log variance is defined before the mean."""

    def __init__(self, latent: int = 20) -> None:
        super().__init__()
        self.hidden = nn.Linear(784, 256)
        self.logvar = nn.Linear(256, latent)
        self.mu = nn.Linear(256, latent)
        self.from_latent = nn.Linear(latent, 256)
        self.image = nn.Linear(256, 784)

    def encode(self, x: Tensor) -> Any:
        h = torch.tanh(self.hidden(x))
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(self.image(torch.tanh(self.from_latent(z))))


class Nameless(nn.Module):
    """Heads whose names say nothing, in either order."""

    def __init__(self, latent: int = 12, variance_first: bool = False) -> None:
        super().__init__()
        self.l1 = nn.Linear(784, 300)
        self.l2 = nn.Linear(300, latent)
        self.l3 = nn.Linear(300, latent)
        self.l4 = nn.Linear(latent, 300)
        self.l5 = nn.Linear(300, 784)
        self.variance_first = variance_first

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.l1(x))
        a, b = self.l2(h), self.l3(h)
        return (b, a) if self.variance_first else (a, b)

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(self.l5(functional.relu(self.l4(z))))


class SigmaInName(nn.Module):
    """A head called sigma; what it gives is the person's affair (`reads(meaning=...)`)."""

    def __init__(self, latent: int = 20, positive: bool = False, pixels: int = 784) -> None:
        super().__init__()
        self.img2hidden = nn.Linear(pixels, 200)
        self.hidden2mu = nn.Linear(200, latent)
        self.hidden2sigma = nn.Linear(200, latent)
        self.z2hidden = nn.Linear(latent, 200)
        self.hidden2img = nn.Linear(200, pixels)
        self.positive = positive

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.img2hidden(x))
        second = self.hidden2sigma(h)
        return self.hidden2mu(h), functional.softplus(second) + 1e-6 if self.positive else second

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(self.hidden2img(functional.relu(self.z2hidden(z))))


class DecoderFirst(nn.Module):
    """The decoder is defined before the encoder; names help or do not."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.net_a = stack((latent, 128, 256, 784), nn.ReLU, nn.Sigmoid)
        self.net_b = stack((784, 256, 128), nn.ReLU, nn.ReLU)
        self.head1 = nn.Linear(128, latent)
        self.head2 = nn.Linear(128, latent)

    def encode(self, x: Tensor) -> Any:
        h = self.net_b(x)
        return self.head1(h), self.head2(h)

    def decode(self, z: Tensor) -> Any:
        return self.net_a(z)


class RectifiedHeads(nn.Module):
    """A ReLU too many: after the heads (`both` or the mean alone)."""

    def __init__(self, latent: int = 20, both: bool = True) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.mu = nn.Linear(256, latent)
        self.logvar = nn.Linear(256, latent)
        self.fc2 = nn.Linear(latent, 256)
        self.fc3 = nn.Linear(256, 784)
        self.both = both

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.fc1(x))
        logvar = self.logvar(h)
        return functional.relu(self.mu(h)), functional.relu(logvar) if self.both else logvar

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(self.fc3(functional.relu(self.fc2(z))))


class LinearBeforeHeads(nn.Module):
    """The encoder's last hidden layer has no activation."""

    def __init__(self, latent: int = 16) -> None:
        super().__init__()
        self.encoder = stack((784, 256, 64), nn.ReLU, None)
        self.mean = nn.Linear(64, latent)
        self.log_variance = nn.Linear(64, latent)
        self.decoder = stack((latent, 64, 256, 784), nn.ReLU, nn.Sigmoid)

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.mean(h), self.log_variance(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)
