"""From a path to a model and its card."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from vae_analyze.errors import CheckpointError, UsageError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.format import Format
from vae_analyze.loading.halves import announced, opened
from vae_analyze.loading.libraries.diffusers_folder import DIFFUSERS
from vae_analyze.loading.libraries.disentangling import DISENTANGLING
from vae_analyze.loading.libraries.onnx_pair import ONNX
from vae_analyze.loading.libraries.pythae_folder import PYTHAE
from vae_analyze.loading.live import weights_digest
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.own import OWN
from vae_analyze.loading.own_files.program import OWN_PROGRAM
from vae_analyze.loading.own_files.pt2_file import EXPORTED
from vae_analyze.loading.own_files.torchscript import TORCHSCRIPT
from vae_analyze.loading.rebuild.format import REBUILD
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.source import Source
from vae_analyze.loading.unrecognised import refuse
from vae_analyze.loading.verifying.probe import probe
from vae_analyze.loading.verifying.verify import verify

# In the order in which they are asked; the first that recognises a source reads it.
FORMATS: tuple[Format, ...] = (
    *(DIFFUSERS, PYTHAE, ONNX),  # by names and JSON alone
    *(OWN_PROGRAM, EXPORTED, TORCHSCRIPT),  # by the names in an archive
    *(OWN, DISENTANGLING, REBUILD),  # by weights
)


def load(path: str | os.PathLike[str], **words: Any) -> Loaded:
    """Load a checkpoint; nothing that the file contains is executed unless ``trust`` is set.

    Args:
        path: A file or a folder of one of the formats of `list_formats`.
        **words: The fields of `LoadOptions`: device, dtype, name, model, arguments, adapter, second, output, range,
            labels, weights, trust, accept_guess, evidence.

    Returns:
        The model in evaluation mode, its weights frozen, and its card. What `verified` finds is not yet in it.

    Raises:
        CheckpointError: It cannot be loaded; the message says what was found and what to do next.
        UsageError: The dtype is not a floating point format.
    """
    return load_with(path, LoadOptions(**words))


def load_with(path: str | os.PathLike[str], options: LoadOptions) -> Loaded:
    """As `load`, with the words already in one object."""
    given = Source.open(path)
    source = given if options.adapter else in_two_files(given)
    return announced(_finished(reader(source, options)(source, options), options), given, source)


def in_two_files(given: Source) -> Source:
    """The source, or the pair of encoder and decoder that it stands for, where it is of no format of its own.

    Raises:
        CheckpointError: It stands for several pairs.
    """
    own = any(known.recognise(given) for known in FORMATS if known is not REBUILD)
    return given if own else opened(given)


def reader(source: Source, options: LoadOptions) -> Callable[[Source, LoadOptions], Loaded]:
    """Who reads a source: the person's own code where it was named, else the first format that recognises it.

    Raises:
        CheckpointError: Nothing fits; the message says what the source is as far as can be told.
        UsageError: A class and an adapter were both named.
    """
    if options.adapter and options.model:
        raise UsageError("--adapter and --model: expected one of the two", hint="the adapter makes the model itself")
    if options.adapter:
        from vae_analyze.loading.adapters.adapter import read_adapter

        return read_adapter
    if options.model:
        from vae_analyze.loading.code import read_code

        return read_code
    return recognised(source).read


def verified(loaded: Loaded, evidence: Evidence | None) -> Loaded:
    """The same model, with what came of holding it against data in its card."""
    found = verify(loaded.vae, evidence, loaded.card)
    card = loaded.card
    warnings = (*card.warnings, *(text for text in found.warnings if text not in card.warnings))
    return replace(loaded, card=replace(card, checks=(*card.checks, *found.checks), warnings=warnings))


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
