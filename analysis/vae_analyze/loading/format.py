"""What the loader needs to know of one format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from vae_analyze.loading.card import Loaded
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One way in which a model lies on disk.

    Args:
        name: Short; appears in the card.
        description: One line for people.
        recognise: Whether a source is of this format; may look at its content, executes nothing.
        read: The model on the CPU in float32, with its card; raises `CheckpointError` saying what does not fit.
    """

    name: str
    description: str
    recognise: Callable[[Source], bool]
    read: Callable[[Source, LoadOptions], Loaded]
