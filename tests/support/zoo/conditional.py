"""VAEs that need a label, in the ways that people give it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from support.zoo.mlps import stack


class OneHotBoth(nn.Module):
    """One-hot labels behind the pixels and behind the code (or before them)."""

    def __init__(self, latent: int = 8, classes: int = 10, first: bool = False, pixels: int = 784) -> None:
        super().__init__()
        self.fc1 = nn.Linear(pixels + classes, 256)
        self.fc21 = nn.Linear(256, latent)
        self.fc22 = nn.Linear(256, latent)
        self.fc3 = nn.Linear(latent + classes, 256)
        self.fc4 = nn.Linear(256, pixels)
        self.first = first

    def joined(self, a: Tensor, label: Tensor) -> Tensor:
        return torch.cat((label, a) if self.first else (a, label), dim=1)

    def encode(self, x: Tensor, label: Tensor) -> Any:
        h = functional.relu(self.fc1(self.joined(x, label)))
        return self.fc21(h), self.fc22(h)

    def decode(self, z: Tensor, label: Tensor) -> Any:
        return torch.sigmoid(self.fc4(functional.relu(self.fc3(self.joined(z, label)))))


class OneHotDecoder(nn.Module):
    """Only the decoder is told the label."""

    def __init__(self, latent: int = 8, classes: int = 10) -> None:
        super().__init__()
        self.encoder = stack((784, 256), nn.ReLU, nn.ReLU)
        self.mu = nn.Linear(256, latent)
        self.logvar = nn.Linear(256, latent)
        self.decoder = stack((latent + classes, 256, 784), nn.ReLU, nn.Sigmoid)

    def encode(self, x: Tensor) -> Any:
        h = self.encoder(x)
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor, label: Tensor) -> Any:
        return self.decoder(torch.cat((z, label), dim=1))


class Embedded(nn.Module):
    """A learned vector per class, behind the pixels and behind the code."""

    def __init__(self, latent: int = 8, classes: int = 10, width: int = 6) -> None:
        super().__init__()
        self.label_embedding = nn.Embedding(classes, width)
        self.encoder = stack((784 + width, 256), nn.ReLU, nn.ReLU)
        self.mu = nn.Linear(256, latent)
        self.logvar = nn.Linear(256, latent)
        self.decoder = stack((latent + width, 256, 784), nn.ReLU, nn.Sigmoid)

    def encode(self, x: Tensor, label: Tensor) -> Any:
        h = self.encoder(torch.cat((x, self.label_embedding(label)), dim=1))
        return self.mu(h), self.logvar(h)

    def decode(self, z: Tensor, label: Tensor) -> Any:
        return self.decoder(torch.cat((z, self.label_embedding(label)), dim=1))


class LabelPlanes(nn.Module):
    """Convolutional: one plane per class beside the image, one-hot labels behind the code."""

    def __init__(self, latent: int = 8, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1 + classes, 8, 4, 2, 1)
        self.conv2 = nn.Conv2d(8, 16, 4, 2, 1)
        self.fc_mu = nn.Linear(784, latent)
        self.fc_logvar = nn.Linear(784, latent)
        self.fc = nn.Linear(latent + classes, 784)
        self.deconv1 = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.deconv2 = nn.ConvTranspose2d(8, 1, 4, 2, 1)

    def encode(self, x: Tensor, label: Tensor) -> Any:
        planes = label[:, :, None, None].expand(-1, -1, *x.shape[2:])
        h = functional.relu(self.conv2(functional.relu(self.conv1(torch.cat((x, planes), dim=1))))).flatten(1)
        return self.fc_mu(h), self.fc_logvar(h)

    def decode(self, z: Tensor, label: Tensor) -> Any:
        h = functional.relu(self.fc(torch.cat((z, label), dim=1))).view(-1, 16, 7, 7)
        return torch.sigmoid(self.deconv2(functional.relu(self.deconv1(h))))
