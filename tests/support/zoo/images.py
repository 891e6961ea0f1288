"""What the zoo is trained on and held against: handwritten digits, grey or coloured, at any size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.data.open import open_data
from vae_analyze.data.resize import Resized
from vae_analyze.loading.settling.evidence import Evidence

MNIST = Path(__file__).resolve().parents[4] / "shared" / "data" / "mnist" / "t10k-images-idx3-ubyte.gz"
EVALUATED = 200
_EVIDENCE = 1000


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """Images in [0, 1] ``(n, c, h, w)`` and their class numbers."""

    train: Tensor
    train_labels: Tensor
    held_out: Tensor
    held_out_labels: Tensor


@lru_cache(maxsize=8)
def images(size: int = 28, channels: int = 1) -> Images:
    """MNIST's test images but for the last 1,000, which are held out; without them small digits, enlarged."""
    x, labels, held = _pool(channels)
    data = Resized(ArrayDataset(x.numpy(), name="digits", description="handwritten digits"), size)
    resized = torch.from_numpy(np.array(data.read(np.arange(len(x))).x))
    return Images(
        train=resized[:-held], train_labels=labels[:-held], held_out=resized[-held:], held_out_labels=labels[-held:]
    )


@lru_cache(maxsize=2)
def small(size: int = 16) -> Images:
    """The built-in digits at a small size, for tests that train."""
    data = Resized(open_data("digits:all"), size)
    found = data.read(np.arange(len(data)))
    assert found.labels is not None
    x, labels = torch.from_numpy(np.array(found.x)), torch.from_numpy(np.array(found.labels))
    return Images(train=x[:-360], train_labels=labels[:-360], held_out=x[-360:], held_out_labels=labels[-360:])


def evidence(channels: int = 1) -> Evidence:
    """The held-out images as the loader is given them: 28 x 28, whatever the network wants."""
    return evidence_of(images(28, channels))


def evidence_of(found: Images) -> Evidence:
    """Held-out images as evidence."""
    return Evidence(
        name="held-out digits",
        x=found.held_out,
        value_range=(0.0, 1.0),
        labels=found.held_out_labels,
        classes=10,
        resize=lambda height, width: _resized(found.held_out, height, width),
    )


def _resized(x: Tensor, height: int, width: int) -> Tensor:
    data = Resized(ArrayDataset(x.numpy(), name="digits", description="handwritten digits"), (height, width))
    return torch.from_numpy(np.array(data.read(np.arange(len(x))).x))


@lru_cache(maxsize=2)
def _pool(channels: int) -> tuple[Tensor, Tensor, int]:
    if MNIST.is_file():
        data, held = open_data(str(MNIST)), _EVIDENCE
    else:
        data, held = Resized(open_data("digits:all"), 28), 360
    found = data.read(np.arange(len(data)))
    assert found.labels is not None
    x, labels = torch.from_numpy(np.array(found.x)), torch.from_numpy(np.array(found.labels))
    if channels == 1:
        return x, labels, held
    # A colour per image, so that the channels are neither equal nor independent.
    colours = torch.rand(len(x), channels, 1, 1, generator=torch.Generator().manual_seed(7))
    return x * (0.3 + 0.7 * colours), labels, held
