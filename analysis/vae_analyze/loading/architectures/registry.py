"""Architectures by name: plain data in, an empty network out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.conv import Conv, ConvOptions
from vae_analyze.loading.architectures.mlp import MLP, MLPOptions
from vae_analyze.loading.files.fields import Fields
from vae_analyze.loading.files.printable import printable
from vae_analyze.names import nearest

Network: TypeAlias = MLP | Conv
ARCHITECTURES: dict[str, Callable[[Fields], Network]] = {
    "mlp": lambda fields: MLP(MLPOptions.from_fields(fields)),
    "conv": lambda fields: Conv(ConvOptions.from_fields(fields)),
}


def build(name: str, options: object) -> Network:
    """An architecture with parameters that have shapes but no memory yet (on the meta device).

    Nothing is allocated, so that sizes which a file only claims can be compared with the tensors it holds first.

    Raises:
        CheckpointError: Unknown name, or options that do not fit it.
    """
    if name not in ARCHITECTURES:
        raise CheckpointError(
            f"expected a known architecture, found {printable(name, limit=40)!r}", hint=nearest(name, ARCHITECTURES)
        )
    fields = Fields.of(f"options of architecture {name}", options)
    with torch.device("meta"):
        return ARCHITECTURES[name](fields)


def name_of(network: Network) -> str:
    """The name under which a network is registered."""
    return "mlp" if isinstance(network, MLP) else "conv"
