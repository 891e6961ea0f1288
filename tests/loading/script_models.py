"""TorchScript modules as other people write them, and some that do what no network does."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ScriptVAE(nn.Module):
    """Flat input, methods marked for export."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(256, 32)
        self.fc21 = nn.Linear(32, 4)
        self.fc22 = nn.Linear(32, 4)
        self.fc3 = nn.Linear(4, 32)
        self.fc4 = nn.Linear(32, 256)

    @torch.jit.export
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.fc4(torch.relu(self.fc3(z))))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x)[0])


class Writer(nn.Module):
    """Encoding it writes a file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.linear = nn.Linear(4, 2)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        torch.save(x, self.path)
        h: Tensor = self.linear(x)
        return h

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return z @ self.linear.weight


class Mapper(nn.Module):
    """Encoding it maps a file of the machine into memory."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return torch.from_file(self.path, shared=True, size=8) + x

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return z


class Waker(nn.Module):
    """Loading it runs a method of its own."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    @torch.jit.export
    def __getstate__(self) -> tuple[str, bool]:
        return self.path, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.path = state[0]
        self.training = state[1]
        torch.save(torch.zeros(1), self.path)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return x

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return z


class Speaker(nn.Module):
    """Encoding it prints."""

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        print("here")
        return x

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return z
