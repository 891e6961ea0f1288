"""What lies in files called vae.pth and is not an encoder to one diagonal Gaussian and a decoder to a mean."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from support.zoo.entry import reconstruction_loss
from support.zoo.mlps import stack


def kl(mean: Tensor, logvar: Tensor) -> Tensor:
    """To the standard normal, nats per image."""
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum() / len(mean)


def drawn(mean: Tensor, logvar: Tensor, generator: torch.Generator) -> Tensor:
    """A code from a diagonal Gaussian."""
    return mean + (logvar / 2).exp() * torch.randn(mean.shape, generator=generator)


class Quantised(nn.Module):
    """VQ-VAE: every pixel of the code is replaced by the nearest of a codebook."""

    def __init__(self, entries: int = 32, width: int = 8) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, width, 4, 2, 1))
        self.codebook = nn.Embedding(entries, width)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(width, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid()
        )

    def loss(self, x: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        h = self.encoder(x)
        rows = h.permute(0, 2, 3, 1).reshape(-1, h.shape[1])
        nearest = torch.cdist(rows, self.codebook.weight).argmin(1)
        q = self.codebook(nearest).view(len(h), 7, 7, -1).permute(0, 3, 1, 2)
        pull = (q - h.detach()).square().sum() + 0.25 * (q.detach() - h).square().sum()
        found: Tensor = reconstruction_loss(self.decoder(h + (q - h).detach()), x) + pull / len(x)
        return found


class Ladder(nn.Module):
    """Two levels of codes, the lower one's prior given by the upper."""

    def __init__(self, low: int = 16, high: int = 4) -> None:
        super().__init__()
        self.enc1 = stack((784, 200), nn.ReLU, nn.ReLU)
        self.mu1 = nn.Linear(200, low)
        self.logvar1 = nn.Linear(200, low)
        self.enc2 = stack((200, 100), nn.ReLU, nn.ReLU)
        self.mu2 = nn.Linear(100, high)
        self.logvar2 = nn.Linear(100, high)
        self.prior1 = stack((high, 64, 2 * low), nn.ReLU, None)
        self.dec = stack((low + high, 200, 784), nn.ReLU, nn.Sigmoid)

    def loss(self, x: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        h1 = self.enc1(x.flatten(1))
        h2 = self.enc2(h1)
        m1, v1, m2, v2 = self.mu1(h1), self.logvar1(h1), self.mu2(h2), self.logvar2(h2)
        z1, z2 = drawn(m1, v1, generator), drawn(m2, v2, generator)
        pm, pv = self.prior1(z2).chunk(2, dim=1)
        between = 0.5 * (pv - v1 + ((m1 - pm).square() + v1.exp()) / pv.exp() - 1).sum() / len(x)
        found: Tensor = reconstruction_loss(self.dec(torch.cat((z1, z2), dim=1)), x) + kl(m2, v2) + between
        return found


class Flow(nn.Module):
    """Planar flows after the Gaussian: the posterior is no Gaussian, and the decoder never saw its mean."""

    def __init__(self, latent: int = 16, steps: int = 4) -> None:
        super().__init__()
        self.encoder = stack((784, 200), nn.ReLU, nn.ReLU)
        self.mu = nn.Linear(200, latent)
        self.logvar = nn.Linear(200, latent)
        self.u = nn.Parameter(0.5 * torch.randn(steps, latent))
        self.w = nn.Parameter(0.5 * torch.randn(steps, latent))
        self.b = nn.Parameter(torch.zeros(steps))
        self.decoder = stack((latent, 200, 784), nn.ReLU, nn.Sigmoid)

    def loss(self, x: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        h = self.encoder(x.flatten(1))
        mean, logvar = self.mu(h), self.logvar(h)
        z = drawn(mean, logvar, generator)
        gain = torch.zeros(len(x))
        for u, w, b in zip(self.u, self.w, self.b, strict=True):
            bent = torch.tanh(z @ w + b)
            gain = gain + (1 + (1 - bent.square()) * (u @ w)).abs().add(1e-4).log()
            z = z + u * bent[:, None]
        penalty = (0.5 * (z.square() - logvar - 1).sum(1) - gain).mean()
        found: Tensor = reconstruction_loss(self.decoder(z), x) + penalty
        return found


class Skipping(nn.Module):
    """A U-Net: the decoder sees the encoder's pictures beside the code."""

    def __init__(self, latent: int = 8) -> None:
        super().__init__()
        self.down1 = nn.Conv2d(1, 8, 4, 2, 1)
        self.down2 = nn.Conv2d(8, 16, 4, 2, 1)
        self.mu = nn.Linear(784, latent)
        self.logvar = nn.Linear(784, latent)
        self.fc = nn.Linear(latent, 784)
        self.up1 = nn.ConvTranspose2d(32, 8, 4, 2, 1)
        self.up2 = nn.ConvTranspose2d(16, 1, 4, 2, 1)

    def loss(self, x: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        a = functional.relu(self.down1(x))
        b = functional.relu(self.down2(a))
        mean, logvar = self.mu(b.flatten(1)), self.logvar(b.flatten(1))
        h = functional.relu(self.fc(drawn(mean, logvar, generator))).view(-1, 16, 7, 7)
        h = functional.relu(self.up1(torch.cat((h, b), dim=1)))
        return reconstruction_loss(torch.sigmoid(self.up2(torch.cat((h, a), dim=1))), x) + kl(mean, logvar)


class Recurrent(nn.Module):
    """The rows of an image as a sequence, read and written by GRUs."""

    def __init__(self, latent: int = 16, hidden: int = 64) -> None:
        super().__init__()
        self.encoder_rnn = nn.GRU(28, hidden, batch_first=True)
        self.fc_mu = nn.Linear(hidden, latent)
        self.fc_logvar = nn.Linear(hidden, latent)
        self.fc_z = nn.Linear(latent, hidden)
        self.decoder_rnn = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 28)

    def loss(self, x: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        _, h = self.encoder_rnn(x[:, 0])
        mean, logvar = self.fc_mu(h[0]), self.fc_logvar(h[0])
        rows = torch.tanh(self.fc_z(drawn(mean, logvar, generator)))[:, None].expand(-1, 28, -1)
        written, _ = self.decoder_rnn(rows.contiguous())
        return reconstruction_loss(torch.sigmoid(self.out(written)), x) + kl(mean, logvar)


class Classifier(nn.Module):
    """A classifier; `conv` or fully connected."""

    def __init__(self, conv: bool = False) -> None:
        super().__init__()
        if conv:
            self.conv1 = nn.Conv2d(1, 8, 3)
            self.conv2 = nn.Conv2d(8, 16, 3)
            self.fc1 = nn.Linear(16 * 25, 64)
        else:
            self.fc1 = nn.Linear(784, 64)
        self.fc2 = nn.Linear(64, 10)
        self.conv = conv

    def loss(self, x: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        h = x
        if self.conv:
            h = functional.max_pool2d(
                functional.relu(self.conv2(functional.max_pool2d(functional.relu(self.conv1(h)), 2))), 2
            )
        return functional.cross_entropy(self.fc2(functional.relu(self.fc1(h.flatten(1)))), labels)


class Generator(nn.Module):
    """A GAN's generator; its training is of no matter here, only its shapes."""

    def __init__(self, latent: int = 32) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(latent, 32, 7), nn.BatchNorm2d(32), nn.ReLU(True), nn.ConvTranspose2d(32, 16, 4, 2, 1),
            nn.BatchNorm2d(16), nn.ReLU(True), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip


class Discriminator(nn.Module):
    """A GAN's discriminator."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, 1), nn.BatchNorm2d(32),
            nn.LeakyReLU(0.2), nn.Conv2d(32, 1, 7), nn.Sigmoid(),
        )  # fmt: skip
