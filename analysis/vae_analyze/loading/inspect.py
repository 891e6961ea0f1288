"""What a file is and how it would load, without loading it into a model for use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.executed import executed, pickles
from vae_analyze.loading.files.kinds import container
from vae_analyze.loading.files.pickled import scan
from vae_analyze.loading.load import in_two_files, load_with, recognised, verified
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source, sha256
from vae_analyze.loading.tensor_facts import TensorFact, held

_MOST_TENSORS = 2000


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """Everything that can be told of a file without trusting it; plain data.

    Args:
        path: As given.
        container: What the file is by its first bytes.
        size: In bytes; of a folder, of the files directly in it.
        sha256: Of a file's content; "" for a folder.
        format: The recognised format, or "".
        tensors: Names, shapes and number formats; the first 2,000.
        tensor_count: How many there are.
        asks_for: Names that the file would have imported, and perhaps called, by an ordinary unpickler.
        notes: What was found around the weights, and what was left out.
        executed: What loading it executes beside this suite and torch, and when.
        card: The card it would load with, or None.
        loads: Whether it loads.
        outcome: How it would load, or why it does not.
        hint: What to do next.
    """

    path: str
    container: str
    size: int
    sha256: str = ""
    format: str = ""
    tensors: tuple[TensorFact, ...] = ()
    tensor_count: int = 0
    asks_for: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    executed: str = "nothing"
    card: dict[str, Any] | None = field(default=None)
    loads: bool = False
    outcome: str = ""
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The inspection as plain data for JSON."""
        return asdict(self)


def inspect_file(path: str | os.PathLike[str], **words: Any) -> Inspection:
    """Look into a checkpoint; hostile and damaged files are described, not raised.

    Args:
        path: A file or a folder.
        **words: The fields of `LoadOptions`.

    Raises:
        CheckpointError: Nothing is there, it cannot be read, or it is empty.
    """
    source = Source.open(path)
    options = LoadOptions(**words)
    card, chosen, outcome, hint = _attempt(source, options)
    found = held(source, chosen, options)
    return Inspection(
        path=source.shown,
        container="folder" if source.folder else container(source.head),
        size=_size(source.path),
        sha256="" if source.folder else sha256(source.path),
        format=chosen,
        tensors=found.tensors[:_MOST_TENSORS],
        tensor_count=len(found.tensors),
        asks_for=_asks_for(source, found.files, pickles(source, chosen)),
        notes=found.notes,
        executed=executed(source, chosen, options),
        card=card,
        loads=card is not None,
        outcome=outcome,
        hint=hint,
    )


def _attempt(source: Source, options: LoadOptions) -> tuple[dict[str, Any] | None, str, str, str]:
    """The card, the format, what came of trying, and a hint."""
    chosen = ""
    try:
        if not (options.model or options.adapter):
            chosen = recognised(in_two_files(source)).name
        loaded = load_with(source.path, options)
        card = (loaded if options.evidence is None else verified(loaded, options.evidence)).card
    except CheckpointError as error:
        return None, chosen, error.message, error.hint
    chosen = chosen or card.format
    return card.to_dict(), chosen, f"loads as {card.architecture}", ""


def _asks_for(source: Source, files: Sequence[Path], beside: Sequence[str]) -> tuple[str, ...]:
    """The names in every pickle of a source: those with weights, and those that a library would read."""
    names: dict[str, None] = {}
    for path in (*files, *(files[0].parent / name for name in beside)):
        try:
            part = source if path == source.path else Source.open(path)
        except CheckpointError:
            continue
        if container(part.head) in ("zip archive", "pickle"):
            names |= dict.fromkeys(scan(part.path, part.head).wanted)
    return tuple(names)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.iterdir() if entry.is_file())
    return path.stat().st_size
