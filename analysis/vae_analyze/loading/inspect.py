"""What a file is and how it would load, without loading it into a model for use."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.kinds import container
from vae_analyze.loading.files.pickled import scan
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.files.weights import tensors_in
from vae_analyze.loading.load import load_with, recognised, verified
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source, sha256
from vae_analyze.loading.unwrapping.content import Content
from vae_analyze.loading.unwrapping.unwrap import unwrap

_MOST_TENSORS = 2000


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class TensorFact:
    """One tensor of a file: its name fit for printing, its shape and its number format."""

    name: str
    shape: tuple[int, ...]
    dtype: str


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
        executed: What loading it executes.
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
    raw = _raw(source)
    content = _unwrapped(raw)
    tensors = _tensors(raw, content)
    return Inspection(
        path=source.shown,
        container="folder" if source.folder else container(source.head),
        size=_size(source.path),
        sha256="" if source.folder else sha256(source.path),
        format=chosen,
        tensors=tuple(tensors[:_MOST_TENSORS]),
        tensor_count=len(tensors),
        asks_for=scan(source.path, source.head).wanted if _instructions(source) else (),
        notes=() if content is None else tuple(printable(note, limit=300) for note in content.notes),
        executed=_executed(options),
        card=card,
        loads=card is not None,
        outcome=outcome,
        hint=hint,
    )


def _executed(options: LoadOptions) -> str:
    named = [f"the class {options.model} and what it uses"] * bool(options.model)
    named += [f"the file {options.adapter}"] * bool(options.adapter)
    named += ["what the checkpoint asks for (--trust)"] * options.trust
    return printable(", ".join(named), limit=300) or "nothing"


def _attempt(source: Source, options: LoadOptions) -> tuple[dict[str, Any] | None, str, str, str]:
    """The card, the format, what came of trying, and a hint."""
    chosen = ""
    try:
        if not (options.model or options.adapter):
            chosen = recognised(source).name
        loaded = load_with(source.path, options)
        card = (loaded if options.evidence is None else verified(loaded, options.evidence)).card
    except CheckpointError as error:
        return None, chosen, error.message, error.hint
    chosen = chosen or card.format
    return card.to_dict(), chosen, f"loads as {card.architecture}", ""


def _instructions(source: Source) -> bool:
    return not source.folder and container(source.head) in ("zip archive", "pickle")


def _raw(source: Source) -> Any:
    """What the file holds, as it is; None where it is no file of weights."""
    try:
        return (Source.open(source.beside("model.pt")) if source.folder else source).content
    except CheckpointError:
        return None


def _unwrapped(raw: Any) -> Content | None:
    """The same once its wrappers are off."""
    try:
        return None if raw is None else unwrap(raw, LoadOptions())
    except CheckpointError:
        return None


def _tensors(raw: Any, content: Content | None) -> list[TensorFact]:
    found = tensors_in(raw)
    if not found and content is not None:  # those of a pickled module lie in its inert tree
        found = {name: value for state in content.states for name, value in state.tensors.items()}
    return [
        TensorFact(name=printable(name), shape=tuple(value.shape), dtype=str(value.dtype).removeprefix("torch."))
        for name, value in found.items()
    ]


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.iterdir() if entry.is_file())
    return path.stat().st_size
