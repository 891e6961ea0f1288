"""The names, shapes and number formats of the tensors in a file or folder, read without making a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.archive import Archive
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.files.safetensors_file import described, described_in, is_safetensors
from vae_analyze.loading.files.weights import tensors_in
from vae_analyze.loading.libraries.diffusers_folder import DIFFUSERS
from vae_analyze.loading.libraries.diffusers_place import find_weights, model_folder
from vae_analyze.loading.libraries.pythae_folder import PYTHAE
from vae_analyze.loading.libraries.pythae_place import WEIGHTS, find_model
from vae_analyze.loading.load import in_two_files
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source
from vae_analyze.loading.unwrapping.content import Content
from vae_analyze.loading.unwrapping.unwrap import unwrap

_PROGRAM_WEIGHTS = "weights.safetensors"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class TensorFact:
    """One tensor of a file: its name fit for printing, its shape and its number format."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What a source holds.

    Args:
        files: Those with weights.
        tensors: Of all of them.
        notes: What was found around the weights, and what was left out.
    """

    files: tuple[Path, ...]
    tensors: tuple[TensorFact, ...]
    notes: tuple[str, ...]


def held(source: Source, chosen: str, options: LoadOptions) -> Held:
    """What lies in a source; what cannot be read is left out.

    Args:
        source: A file or a folder.
        chosen: Name of the recognised format, or "".
        options: Which of several sets of weights was asked for.
    """
    files = weight_files(source, chosen, options)
    tensors: list[TensorFact] = []
    notes: list[str] = []
    for path in files:
        try:
            found, said = _of_file(source if path == source.path else Source.open(path))
        except CheckpointError:
            continue
        tensors += found
        notes += said
    return Held(files=files, tensors=tuple(tensors), notes=tuple(dict.fromkeys(notes)))


def weight_files(source: Source, chosen: str, options: LoadOptions) -> tuple[Path, ...]:
    """The files with the weights that would be loaded."""
    try:
        if chosen == DIFFUSERS.name:
            named = None if source.folder else source.path
            return find_weights(model_folder(source), options, named=named).files
        if chosen == PYTHAE.name:
            return (find_model(source).folder / WEIGHTS,)
        pair = in_two_files(source)
        if pair.decoder is not None:
            return (pair.path, pair.decoder)
    except CheckpointError:
        pass
    return (source.beside(WEIGHTS),) if source.folder else (source.path,)


def _of_file(source: Source) -> tuple[list[TensorFact], list[str]]:
    if is_safetensors(source.head):
        return _shown(described(source.path, where=source.shown)), []
    if source.head.startswith(b"PK") and (inside := _of_program(source)):
        return inside, []
    raw = source.content
    content = _unwrapped(raw)
    found = tensors_in(raw)
    if not found and content is not None:  # those of a pickled module lie in its inert tree
        found = {name: value for state in content.states for name, value in state.tensors.items()}
    notes = [] if content is None else [printable(note, limit=300) for note in content.notes]
    return _shown({name: (tuple(value.shape), value.dtype) for name, value in found.items()}), notes


def _of_program(source: Source) -> list[TensorFact]:
    """The weights of our own programs, which lie as a safetensors file in an archive."""
    with Archive(source.path) as archive:
        if _PROGRAM_WEIGHTS not in archive.names:
            return []
        return _shown(described_in(archive.bytes(_PROGRAM_WEIGHTS), where=source.shown))


def _shown(found: dict[str, tuple[tuple[int, ...], Any]]) -> list[TensorFact]:
    return [
        TensorFact(name=printable(name), shape=shape, dtype=str(dtype).removeprefix("torch."))
        for name, (shape, dtype) in found.items()
    ]


def _unwrapped(raw: Any) -> Content | None:
    """The same once its wrappers are off."""
    try:
        return unwrap(raw, LoadOptions())
    except CheckpointError:
        return None
