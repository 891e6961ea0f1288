"""The contents of two files, an encoder's and a decoder's, as that of one file."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.unwrapping.choice import chosen
from vae_analyze.loading.unwrapping.content import Content, Role
from vae_analyze.loading.unwrapping.unwrap import unwrap

_ENCODER = re.compile(r"(^|[._])\w*enc(oder)?([._\d]|$)", re.IGNORECASE)
_DECODER = re.compile(r"(^|[._])\w*dec(oder)?([._\d]|$)", re.IGNORECASE)


def together(encoder: Any, decoder: Any) -> dict[str, Any]:
    """One mapping with both networks, as a file would hold it that was saved in one piece.

    Args:
        encoder: What `read_weights` gave of the encoder's file.
        decoder: Of the decoder's.

    Raises:
        CheckpointError: One of them holds no weights, or several networks.
    """
    halves = {"encoder": unwrap(encoder, LoadOptions()), "decoder": unwrap(decoder, LoadOptions())}
    joined: dict[str, Any] = {}
    roles: tuple[Role, ...] = ("raw", "ema")
    for role in roles:
        if all(any(state.role == role for state in half.states) for half in halves.values()):
            networks = {name: _network(half, role) for name, half in halves.items()}
            joined |= networks if role == "raw" else {"ema": networks}
    if not joined:  # averages of one half only, or no weights: what is missing is said
        joined = {name: chosen(half, LoadOptions()).tensors for name, half in halves.items()}
    stated = {name: value for half in halves.values() for name, value in half.stated.items()}
    return joined | ({"hyper_parameters": stated} if stated else {})


def is_whole(raw: Any) -> bool:
    """Whether a file holds more than one half of a model, or no network at all."""
    content = unwrap(raw, LoadOptions())
    names = [f"{state.prefix}{name}" for state in content.states for name in state.tensors]
    both = any(_ENCODER.search(name) for name in names) and any(_DECODER.search(name) for name in names)
    return both or not names


def _network(half: Content, role: Role) -> dict[str, Tensor]:
    return chosen(half, LoadOptions(weights=role)).tensors
