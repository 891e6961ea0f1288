"""Fully connected VAEs: normalisation, submodules, and what else people add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from support.zoo.mlps import stack


class Normed(nn.Module):
    """A layer of another kind after each linear one, before or after the activation."""

    def __init__(
        self, norm: Callable[[int], nn.Module], *, after: bool = False, latent: int = 16, pixels: int = 784
    ) -> None:
        super().__init__()

        def block(fan_in: int, fan_out: int) -> list[nn.Module]:
            pair = [norm(fan_out), nn.ReLU()]
            return [nn.Linear(fan_in, fan_out), *(reversed(pair) if after else pair)]

        self.encoder = nn.Sequential(*block(pixels, 256), *block(256, 128))
        self.mu = nn.Linear(128, latent)
        self.logvar = nn.Linear(128, latent)
        self.decoder = nn.Sequential(*block(latent, 128), *block(128, 256), nn.Linear(256, pixels), nn.Sigmoid())

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)


class EncoderPart(nn.Module):
    def __init__(self, latent: int) -> None:
        super().__init__()
        self.FC_input = nn.Linear(784, 200)
        self.FC_input2 = nn.Linear(200, 200)
        self.FC_mean = nn.Linear(200, latent)
        self.FC_var = nn.Linear(200, latent)
        self.LeakyReLU = nn.LeakyReLU(0.2)

    def forward(self, x: Tensor) -> Any:
        h = self.LeakyReLU(self.FC_input2(self.LeakyReLU(self.FC_input(x))))
        return self.FC_mean(h), self.FC_var(h)


class DecoderPart(nn.Module):
    def __init__(self, latent: int) -> None:
        super().__init__()
        self.FC_hidden = nn.Linear(latent, 200)
        self.FC_hidden2 = nn.Linear(200, 200)
        self.FC_output = nn.Linear(200, 784)
        self.LeakyReLU = nn.LeakyReLU(0.2)

    def forward(self, z: Tensor) -> Any:
        h = self.LeakyReLU(self.FC_hidden2(self.LeakyReLU(self.FC_hidden(z))))
        return torch.sigmoid(self.FC_output(h))


class TwoParts(nn.Module):
    """Encoder and decoder are classes of their own, called as submodules."""

    def __init__(self, latent: int = 32) -> None:
        super().__init__()
        self.Encoder = EncoderPart(latent)
        self.Decoder = DecoderPart(latent)


class TwoTowers(nn.Module):
    """Mean and log variance come from networks that share nothing."""

    def __init__(self, latent: int = 10) -> None:
        super().__init__()
        self.mu_net = stack((784, 128, latent), nn.ReLU, None)
        self.logvar_net = stack((784, 128, latent), nn.ReLU, None)
        self.decoder = stack((latent, 128, 784), nn.ReLU, nn.Sigmoid)

    def encode(self, x: Tensor) -> Any:
        return self.mu_net(x), self.logvar_net(x)


class NoBias(nn.Module):
    def __init__(self, latent: int = 16) -> None:
        super().__init__()
        self.w_in = nn.Linear(784, 256, bias=False)
        self.w_mu = nn.Linear(256, latent, bias=False)
        self.w_logvar = nn.Linear(256, latent, bias=False)
        self.w_z = nn.Linear(latent, 256, bias=False)
        self.w_out = nn.Linear(256, 784, bias=False)

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.w_in(x))
        return self.w_mu(h), self.w_logvar(h)

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(self.w_out(functional.relu(self.w_z(z))))


class Tied(nn.Module):
    """The decoder uses the encoder's weights, transposed."""

    def __init__(self, latent: int = 16) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.mu = nn.Linear(256, latent)
        self.logvar = nn.Linear(256, latent)
        self.fc2 = nn.Linear(latent, 256)
        self.out_bias = nn.Parameter(torch.zeros(784))

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.fc1(x))
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return torch.sigmoid(functional.linear(functional.relu(self.fc2(z)), self.fc1.weight.t(), self.out_bias))


class WithScale(nn.Module):
    """A learned log scale of the likelihood, and a mixture's parameters as the prior, beside the network."""

    def __init__(self, latent: int = 10, components: int = 0) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(1))
        self.encoder = stack((784, 256), nn.ReLU, nn.ReLU)
        self.fc_mu = nn.Linear(256, latent)
        self.fc_var = nn.Linear(256, latent)
        self.decoder = stack((latent, 256, 784), nn.ReLU, nn.Sigmoid)
        if components:
            self.pi_ = nn.Parameter(torch.full((components,), 1 / components))
            self.mu_c = nn.Parameter(torch.randn(components, latent))
            self.log_sigma2_c = nn.Parameter(torch.zeros(components, latent))

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.fc_mu(h), self.fc_var(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)


class WithClassifier(nn.Module):
    """A third head classifies the code."""

    def __init__(self, latent: int = 16) -> None:
        super().__init__()
        self.encoder = stack((784, 256), nn.ReLU, nn.ReLU)
        self.mu = nn.Linear(256, latent)
        self.logvar = nn.Linear(256, latent)
        self.classifier = nn.Linear(latent, 10)
        self.decoder = stack((latent, 256, 784), nn.ReLU, nn.Sigmoid)

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)


class Residual(nn.Module):
    """Hidden layers are added to what they are given."""

    def __init__(self, latent: int = 16) -> None:
        super().__init__()
        self.inp = nn.Linear(784, 128)
        self.res1 = nn.Linear(128, 128)
        self.res2 = nn.Linear(128, 128)
        self.mu = nn.Linear(128, latent)
        self.logvar = nn.Linear(128, latent)
        self.up = nn.Linear(latent, 128)
        self.res3 = nn.Linear(128, 128)
        self.out = nn.Linear(128, 784)

    def encode(self, x: Tensor) -> Any:
        h = functional.relu(self.inp(x))
        h = h + functional.relu(self.res1(h))
        h = h + functional.relu(self.res2(h))
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor) -> Any:
        h = functional.relu(self.up(z))
        return torch.sigmoid(self.out(h + functional.relu(self.res3(h))))


class PlainAutoencoder(nn.Module):
    """A plain autoencoder, called VAE by its author."""

    def __init__(self, latent: int = 16) -> None:
        super().__init__()
        self.encoder = stack((784, 256, latent), nn.ReLU, None)
        self.decoder = stack((latent, 256, 784), nn.ReLU, nn.Sigmoid)

    def encode(self, x: Tensor) -> Any:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Any:
        return self.decoder(z)
