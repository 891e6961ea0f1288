"""What the author of a network would compute, and whether it is any good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from support.zoo.entry import Entry
from support.zoo.images import EVALUATED, Images


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """On the first held-out images ``x``: the posterior, ``(n, d)``, and the decoded mean, like ``x``."""

    x: Tensor
    labels: Tensor
    mean: Tensor
    logvar: Tensor
    reconstruction: Tensor

    @property
    def error(self) -> float:
        """Mean squared error of the reconstruction."""
        return float((self.reconstruction - self.x).square().mean())

    @property
    def error_of_mean_image(self) -> float:
        """Of the best constant image."""
        return float((self.x - self.x.mean(0)).square().mean())


def truth(entry: Entry, network: nn.Module, data: Images) -> Truth:
    """By the author's own reading."""
    assert entry.encode is not None
    assert entry.decode is not None
    x, labels = data.held_out[:EVALUATED], data.held_out_labels[:EVALUATED]
    with torch.no_grad():
        mean, logvar = entry.encode(network, x, labels)
        reconstruction = entry.decode(network, mean, labels).reshape(x.shape)
    return Truth(x=x, labels=labels, mean=mean, logvar=logvar, reconstruction=reconstruction)
