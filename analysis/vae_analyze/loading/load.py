"""From a path to a model and its card."""

from __future__ import annotations

import os
from dataclasses import replace

import torch
from torch import nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.disentangling import DISENTANGLING
from vae_analyze.loading.format import Format
from vae_analyze.loading.live import weights_digest
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own import OWN
from vae_analyze.loading.probe import probe
from vae_analyze.loading.source import Source
from vae_analyze.loading.unrecognised import refuse

# In the order in which they are asked; the first that recognises a source reads it.
FORMATS: tuple[Format, ...] = (OWN, DISENTANGLING)


def load(
    path: str | os.PathLike[str],
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    name: str = "",
) -> Loaded:
    """Load a checkpoint; nothing that the file contains is executed.

    Args:
        path: A file or a folder of one of the formats of `list_formats`.
        device: Where the model goes.
        dtype: Number format of its weights.
        name: What to call it; by default what its card or file says.

    Returns:
        The model in evaluation mode, its weights frozen, and its card.

    Raises:
        CheckpointError: It cannot be loaded; the message says what was found and what to do next.
        UsageError: The dtype is not a floating point format.
    """
    options = LoadOptions(device=device, dtype=dtype, name=name)
    source = Source.open(path)
    return _finished(recognised(source).read(source, options), options)


def recognised(source: Source) -> Format:
    """The format that a source is of.

    Raises:
        CheckpointError: None of them; the message says what it is as far as can be told.
    """
    for candidate in FORMATS:
        if candidate.recognise(source):
            return candidate
    raise refuse(source, FORMATS)


def list_formats() -> tuple[Format, ...]:
    """The formats that can be loaded, for people to choose from."""
    return FORMATS


def _finished(loaded: Loaded, options: LoadOptions) -> Loaded:
    if isinstance(loaded.vae, nn.Module):
        loaded.vae.eval()
        loaded.vae.requires_grad_(requires_grad=False)
        try:
            loaded.vae.to(device=torch.device(options.device), dtype=options.dtype)
        except (RuntimeError, AssertionError) as error:
            raise CheckpointError(
                f"cannot put the model on {options.device} as {options.dtype}: {str(error).splitlines()[0]}",
                hint="use --device cpu",
            ) from error
    found = probe(loaded.vae)
    card = replace(loaded.card, warnings=(*loaded.card.warnings, *found.warnings))
    return Loaded(loaded.vae, card, weights_digest(loaded.vae))
