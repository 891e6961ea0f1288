"""The weights in a checkpoint for an adapter to load: read as the suite reads them, so that no file fails here."""

from __future__ import annotations

import os

from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.halves import opened
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source
from vae_analyze.loading.unwrapping.content import State
from vae_analyze.loading.unwrapping.unwrap import unwrap


def networks(path: str | os.PathLike[str]) -> dict[str, dict[str, Tensor]]:
    """The networks in a file, by where they lie in it; a file that is nothing but a ``state_dict`` has one, ``""``.

    Nothing in the file is run or imported: settings of foreign classes that stand beside the weights do no harm here,
    where ``torch.load(path, weights_only=True)`` fails. Floating point weights come as float32, on the CPU.

    Args:
        path: What ``load(path)`` of an adapter was given.

    Raises:
        CheckpointError: It holds no weights.

    Example:
        >>> networks("netVAE_epoch_50.pth")["netE"]["main.0.weight"].shape  # doctest: +SKIP
        torch.Size([20, 1, 4, 4])
    """
    source = opened(Source.open(path))
    states = unwrap(source.content, LoadOptions()).states
    if not states:
        raise CheckpointError(f"expected weights, found none: {source.shown}", hint="give the trained model's file")
    return {state.name: named_weights(state) for state in states}


def named_weights(state: State) -> dict[str, Tensor]:
    """The weights of one network under the names that they have in the file, those of its training included."""
    whole = state.whole or state
    return {f"{whole.prefix}{name}": tensor for name, tensor in whole.tensors.items()}
