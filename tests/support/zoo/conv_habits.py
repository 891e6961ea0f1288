"""Convolutional VAEs of other sizes, and habits that a shape alone does not tell."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from support.zoo.mlps import stack


class Blocks(nn.Module):
    """Blocks of stride 2 with normalisation and leaky ReLU, a last block that ends in a convolution."""

    def __init__(
        self, size: int = 32, widths: tuple[int, ...] = (8, 16, 32), latent: int = 16, channels: int = 1
    ) -> None:
        super().__init__()
        down, fan_in = [], channels
        for width in widths:
            down.append(nn.Sequential(nn.Conv2d(fan_in, width, 3, 2, 1), nn.BatchNorm2d(width), nn.LeakyReLU()))
            fan_in = width
        self.side = size // 2 ** len(widths)
        flat = widths[-1] * self.side**2
        self.encoder = nn.Sequential(*down)
        self.fc_mu = nn.Linear(flat, latent)
        self.fc_var = nn.Linear(flat, latent)
        self.decoder_input = nn.Linear(latent, flat)
        back = tuple(reversed(widths))
        self.decoder = nn.Sequential(
            *(self.up(a, b) for a, b in pairwise(back)),
        )
        self.final_layer = nn.Sequential(
            self.up(back[-1], back[-1]), nn.Conv2d(back[-1], channels, kernel_size=3, padding=1), nn.Sigmoid()
        )
        self.first = widths[-1]

    @staticmethod
    def up(fan_in: int, fan_out: int) -> nn.Sequential:
        layer = nn.ConvTranspose2d(fan_in, fan_out, 3, 2, 1, output_padding=1)
        return nn.Sequential(layer, nn.BatchNorm2d(fan_out), nn.LeakyReLU())

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x).flatten(1)
        return self.fc_mu(h), self.fc_var(h)

    def decode(self, z: Tensor) -> Any:
        h = self.decoder_input(z).view(-1, self.first, self.side, self.side)
        return self.final_layer(self.decoder(h))


class Deep(nn.Module):
    """Kernels of 4 and stride 2 from 32 or 64 down to 4, then linear layers."""

    def __init__(self, size: int = 64, latent: int = 10, width: int = 8, channels: int = 1, last: bool = True) -> None:
        super().__init__()
        times = {32: 3, 64: 4}[size]
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for number in range(times):
            down += [nn.Conv2d(width if number else channels, width, 4, 2, 1), nn.ReLU(True)]
            up += [nn.ConvTranspose2d(width, width if number < times - 1 else channels, 4, 2, 1), nn.ReLU(True)]
        self.encoder_conv = nn.Sequential(*down)
        self.encoder_fc = nn.Sequential(nn.Linear(width * 16, 64), nn.ReLU(True))
        self.mean = nn.Linear(64, latent)
        self.logvar = nn.Linear(64, latent)
        self.decoder_fc = nn.Sequential(nn.Linear(latent, 64), nn.ReLU(True), nn.Linear(64, width * 16), nn.ReLU(True))
        self.decoder_conv = nn.Sequential(*up[:-1], *([nn.Sigmoid()] if last else []))
        self.width = width

    def encode(self, x: Tensor) -> Any:
        h = self.encoder_fc(self.encoder_conv(x).flatten(1))
        return self.mean(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder_conv(self.decoder_fc(z).view(-1, self.width, 4, 4))


class ChannelsLast(nn.Module):
    """Flattened with the channels innermost, as people do who come from another framework."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 4, 2, 1)
        self.conv2 = nn.Conv2d(8, 16, 4, 2, 1)
        self.mu = nn.Linear(784, latent)
        self.logvar = nn.Linear(784, latent)
        self.fc = nn.Linear(latent, 784)
        self.deconv1 = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.deconv2 = nn.ConvTranspose2d(8, 1, 4, 2, 1)

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.conv2(functional.relu(self.conv1(x)))).permute(0, 2, 3, 1).flatten(1)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        h = functional.relu(self.fc(z)).view(-1, 7, 7, 16).permute(0, 3, 1, 2)
        return torch.sigmoid(self.deconv2(functional.relu(self.deconv1(h))))


class DecoderFirstConv(nn.Module):
    """The decoder is defined first, and the log variance before the mean."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.dec_fc = nn.Linear(latent, 784)
        self.dec = nn.Sequential(
            nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ELU(), nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid()
        )
        self.enc = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ELU(), nn.Conv2d(8, 16, 4, 2, 1), nn.ELU())
        self.logvar = nn.Linear(784, latent)
        self.mean = nn.Linear(784, latent)

    def encode(self, x: Tensor) -> Any:
        h = self.enc(x).flatten(1)
        return self.mean(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.dec(functional.elu(self.dec_fc(z)).view(-1, 16, 7, 7))


class GloballyPooled(nn.Module):
    """The mean over all pixels before the heads."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )
        self.mu = nn.Linear(32, latent)
        self.logvar = nn.Linear(32, latent)
        self.decoder = stack((latent, 128, 784), nn.ReLU, nn.Sigmoid)

    def encode(self, x: Tensor) -> Any:
        h = self.features(x).flatten(1)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)


class ResidualBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return functional.relu(x + self.conv2(functional.relu(self.conv1(x))))


class ResidualConv(nn.Module):
    """Residual blocks in both directions."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), ResidualBlock(8), nn.Conv2d(8, 8, 4, 2, 1), nn.ReLU(), ResidualBlock(8)
        )
        self.mu = nn.Linear(392, latent)
        self.logvar = nn.Linear(392, latent)
        self.fc = nn.Linear(latent, 392)
        self.decoder = nn.Sequential(
            ResidualBlock(8), nn.ConvTranspose2d(8, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1),
            nn.Sigmoid(),
        )  # fmt: skip

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x).flatten(1)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(self.fc(z).view(-1, 8, 7, 7))


class Shuffled(nn.Module):
    """The decoder moves channels into pixels."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 4, 2, 1), nn.ReLU())
        self.mu = nn.Linear(784, latent)
        self.logvar = nn.Linear(784, latent)
        self.fc = nn.Linear(latent, 784)
        self.decoder = nn.Sequential(
            nn.Conv2d(16, 32, 3, padding=1), nn.PixelShuffle(2), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1),
            nn.PixelShuffle(2), nn.Sigmoid(),
        )  # fmt: skip

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x).flatten(1)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(functional.relu(self.fc(z)).view(-1, 16, 7, 7))


class PlainConvAutoencoder(nn.Module):
    """A plain convolutional autoencoder whose class is called VAE."""

    def __init__(self, latent: int = 4) -> None:
        super().__init__()
        self.encoder_layer = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, latent, 4, 2, 1))
        self.decoder_layer = nn.Sequential(
            nn.ConvTranspose2d(latent, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh()
        )

    def encode(self, x: Tensor) -> Any:
        return self.encoder_layer(x)

    def decode(self, z: Tensor) -> Any:
        return self.decoder_layer(z)
