"""Convolutional VAEs of 28 x 28 images: strides, kernels, pooling, what comes between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Act = Callable[[], nn.Module]


class Strided(nn.Module):
    """Stride 2 twice, 28 to 7 (or four times another side), by kernels of 3, 4 or 5; a flat code."""

    def __init__(
        self,
        kernel: int = 4,
        latent: int = 10,
        act: Act = nn.ReLU,
        act_decoder: Act | None = None,
        last: Act | None = nn.Sigmoid,
        width: int = 8,
        side: int = 7,
    ) -> None:
        super().__init__()
        padding, extra = (kernel - 1) // 2, kernel % 2
        self.encoder = nn.Sequential(
            nn.Conv2d(1, width, kernel, 2, padding), act(), nn.Conv2d(width, 2 * width, kernel, 2, padding), act()
        )
        self.fc_mu = nn.Linear(2 * width * side**2, latent)
        self.fc_logvar = nn.Linear(2 * width * side**2, latent)
        self.fc_dec = nn.Linear(latent, 2 * width * side**2)
        second = act_decoder or act
        tail = [] if last is None else [last()]
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, kernel, 2, padding, output_padding=extra),
            second(),
            nn.ConvTranspose2d(width, 1, kernel, 2, padding, output_padding=extra),
            *tail,
        )
        self.width, self.side = 2 * width, side

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x).flatten(1)
        return self.fc_mu(h), self.fc_logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(self.fc_dec(z).view(-1, self.width, self.side, self.side))


class StridedByName(nn.Module):
    """Kernels of 3, each layer an attribute, an activation after the decoder's first linear layer."""

    def __init__(self, latent: int = 16, hidden: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1)
        self.fc1 = nn.Linear(16 * 7 * 7, hidden)
        self.fc_mean = nn.Linear(hidden, latent)
        self.fc_log_var = nn.Linear(hidden, latent)
        self.fc2 = nn.Linear(latent, hidden)
        self.fc3 = nn.Linear(hidden, 16 * 7 * 7)
        self.deconv1 = nn.ConvTranspose2d(16, 8, kernel_size=3, stride=2, padding=1, output_padding=1)
        self.deconv2 = nn.ConvTranspose2d(8, 1, kernel_size=3, stride=2, padding=1, output_padding=1)

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.conv2(functional.relu(self.conv1(x)))).view(x.size(0), -1)
        h = functional.relu(self.fc1(h))
        return self.fc_mean(h), self.fc_log_var(h)

    def decode(self, z: Tensor) -> Any:
        h = functional.relu(self.fc3(functional.relu(self.fc2(z)))).view(-1, 16, 7, 7)
        return torch.sigmoid(self.deconv2(functional.relu(self.deconv1(h))))


class Pooled(nn.Module):
    """Convolutions of stride 1 with pooling; the decoder enlarges and convolves."""

    def __init__(self, latent: int = 16, mode: str = "nearest", average: bool = False) -> None:
        super().__init__()
        pool: Act = (lambda: nn.AvgPool2d(2)) if average else (lambda: nn.MaxPool2d(2))
        up: dict[str, Any] = {"scale_factor": 2, "mode": mode} | (
            {"align_corners": False} if mode == "bilinear" else {}
        )
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), pool(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), pool(),
            nn.Flatten(),
        )  # fmt: skip
        self.mu = nn.Linear(784, latent)
        self.logvar = nn.Linear(784, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 784), nn.ReLU(), nn.Unflatten(1, (16, 7, 7)),
            nn.Upsample(**up), nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(),
            nn.Upsample(**up), nn.Conv2d(8, 1, 3, padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)


class Valid(nn.Module):
    """No padding: 28, 26, 12, 5 and back."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3)
        self.c2 = nn.Conv2d(8, 16, 3, stride=2)
        self.c3 = nn.Conv2d(16, 16, 3, stride=2)
        self.mu = nn.Linear(16 * 25, latent)
        self.var = nn.Linear(16 * 25, latent)
        self.lin = nn.Linear(latent, 16 * 25)
        self.t1 = nn.ConvTranspose2d(16, 16, 3, stride=2, output_padding=1)
        self.t2 = nn.ConvTranspose2d(16, 8, 3, stride=2, output_padding=1)
        self.t3 = nn.ConvTranspose2d(8, 1, 3)

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.c3(functional.relu(self.c2(functional.relu(self.c1(x)))))).flatten(1)
        return self.mu(h), self.var(h)

    def decode(self, z: Tensor) -> Any:
        h = functional.relu(self.lin(z)).view(-1, 16, 5, 5)
        return torch.sigmoid(self.t3(functional.relu(self.t2(functional.relu(self.t1(h))))))


class ToOnePixel(nn.Module):
    """Down to 1 x 1 and back, the code as a picture of one pixel."""

    def __init__(self, latent: int = 16) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 7), nn.ReLU()
        )
        self.mu = nn.Linear(32, latent)
        self.logvar = nn.Linear(32, latent)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(latent, 16, 7), nn.ReLU(), nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid(),
        )  # fmt: skip

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x).flatten(1)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z[:, :, None, None])


class Normed2d(nn.Module):
    """Normalisation or dropout in every block, before or after the activation."""

    def __init__(
        self, norm: Callable[[int], nn.Module], *, after: bool = False, act: Act = nn.ReLU, latent: int = 10
    ) -> None:
        super().__init__()

        def block(layer: nn.Module, width: int) -> list[nn.Module]:
            pair = [norm(width), act()]
            return [layer, *(reversed(pair) if after else pair)]

        self.encoder = nn.Sequential(
            *block(nn.Conv2d(1, 8, 3, 2, 1), 8), *block(nn.Conv2d(8, 16, 3, 2, 1), 16), nn.Flatten()
        )
        self.mean = nn.Linear(784, latent)
        self.logvar = nn.Linear(784, latent)
        self.project = nn.Linear(latent, 784)
        self.decoder = nn.Sequential(
            *block(nn.ConvTranspose2d(16, 8, 4, 2, 1), 8), nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid()
        )

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.mean(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(self.project(z).reshape(-1, 16, 7, 7))


class Spatial(nn.Module):
    """The code is a picture; convolutional heads, two or one of twice the width."""

    def __init__(self, latent: int = 4, one_head: bool = False) -> None:
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 16, 4, 2, 1), nn.ReLU())
        if one_head:
            self.moments = nn.Conv2d(16, 2 * latent, 1)
        else:
            self.conv_mu = nn.Conv2d(16, latent, 3, padding=1)
            self.conv_logvar = nn.Conv2d(16, latent, 3, padding=1)
        self.dec = nn.Sequential(
            nn.Conv2d(latent, 16, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(16, 16, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid(),
        )  # fmt: skip
        self.one_head = one_head

    def encode(self, x: Tensor) -> Any:
        h = self.enc(x)
        return self.moments(h).chunk(2, dim=1) if self.one_head else (self.conv_mu(h), self.conv_logvar(h))

    def decode(self, z: Tensor) -> Any:
        return self.dec(z)


class OneHeadConv(nn.Module):
    """One linear head for both, halves or in turns."""

    def __init__(self, latent: int = 8, turns: bool = False) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 4, 2, 1), nn.ReLU())
        self.lin1 = nn.Linear(784, 128)
        self.mu_logvar_gen = nn.Linear(128, 2 * latent)
        self.lin2 = nn.Linear(latent, 128)
        self.lin3 = nn.Linear(128, 784)
        self.convT = nn.Sequential(nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1))
        self.latent, self.turns = latent, turns

    def encode(self, x: Tensor) -> Any:
        h = self.mu_logvar_gen(functional.relu(self.lin1(self.conv(x).flatten(1))))
        return h.view(-1, self.latent, 2).unbind(-1) if self.turns else h.chunk(2, dim=1)

    def decode(self, z: Tensor) -> Any:
        h = functional.relu(self.lin3(functional.relu(self.lin2(z)))).view(-1, 16, 7, 7)
        return torch.sigmoid(self.convT(h))


class ConvThenLinear(nn.Module):
    """A convolutional encoder and a fully connected decoder."""

    def __init__(self, latent: int = 12) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 4, 2, 1)
        self.conv2 = nn.Conv2d(8, 16, 4, 2, 1)
        self.mu = nn.Linear(784, latent)
        self.logvar = nn.Linear(784, latent)
        self.d1 = nn.Linear(latent, 200)
        self.d2 = nn.Linear(200, 784)

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.conv2(functional.relu(self.conv1(x)))).flatten(1)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(self.d2(functional.relu(self.d1(z)))).view(-1, 1, 28, 28)
