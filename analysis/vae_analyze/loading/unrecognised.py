"""What to say about a file or folder that is of no known format."""

from __future__ import annotations

from collections.abc import Sequence

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.format import Format
from vae_analyze.loading.printable import listing, printable
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import shapes
from vae_analyze.loading.weights import tensors_in

_MARKS = {
    "model_index.json": "a diffusers pipeline",
    "saved_model.pb": "a TensorFlow model",
    "environment.json": "a pythae model",
}


def refuse(source: Source, formats: Sequence[Format]) -> CheckpointError:
    """The error that says what was found instead of a known format."""
    reads = "; ".join(f"{known.name} ({known.description})" for known in formats)
    if source.folder:
        return _folder(source, reads)
    tensors = tensors_in(source.content)
    if not tensors:
        return CheckpointError(
            f"{source.shown} holds no weights, only {printable(type(source.content).__name__)}",
            hint=f"readable: {reads}",
        )
    inside = "" if set(tensors) == _keys(source) else " inside other data"
    hint = (
        f"readable: {reads}. Or build the model in Python, load these weights and give it to vae_analyze.analyze(...)"
    )
    if "encoder.mu_logvar_gen.weight" in tensors:
        hint = "this looks like a model of disentangling-vae; put the specs.json of its folder beside it"
    return CheckpointError(
        f"{source.shown} holds weights{inside} of an unknown architecture, without a card: {len(tensors)} tensors, "
        f"{shapes(tensors)}",
        hint=hint,
    )


def _keys(source: Source) -> set[str]:
    return set(source.content) if isinstance(source.content, dict) else set()


def _folder(source: Source, reads: str) -> CheckpointError:
    names = sorted(entry.name for entry in source.path.iterdir())
    kind = next((f", {what} that this version does not read" for mark, what in _MARKS.items() if mark in names), "")
    holds = listing([printable(name, limit=40) for name in names], most=8) or "nothing"
    return CheckpointError(
        f"{source.shown} is a folder of no known kind{kind}; it holds {holds}",
        hint=f"name the checkpoint file itself; readable: {reads}",
    )
