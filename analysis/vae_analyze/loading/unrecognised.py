"""What to say about a file or folder that is of no known format."""

from __future__ import annotations

from collections.abc import Sequence

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.files.weights import tensors_in
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import shapes
from vae_analyze.loading.unwrapping.content import Content, State
from vae_analyze.loading.unwrapping.foreign import foreign
from vae_analyze.loading.unwrapping.unwrap import unwrap

_EXPORT = "export its encoder and decoder to ONNX and give that pair"
# A file in a folder, what the folder is, what to do; the first that is there counts.
_MARKS = (
    ("model_index.json", "a diffusers pipeline", "name its vae folder"),
    ("saved_model.pb", "a TensorFlow model", _EXPORT),
    ("_CHECKPOINT_METADATA", "an Orbax (JAX) checkpoint", _EXPORT),
    ("checkpoint", "a TensorFlow or Flax checkpoint", _EXPORT),
    ("environment.json", "a pythae model", "keep model.pt and model_config.json together"),
    ("adapter_config.json", "an adapter to another model's weights", "merge it into the model first"),
)


def refuse(source: Source, formats: Sequence[Format]) -> CheckpointError:
    """The error that says what was found instead of a known format."""
    reads = "; ".join(f"{known.name} ({known.description})" for known in formats)
    if source.folder:
        return _folder(source, reads)
    content = unwrap(source.content, LoadOptions())
    tensors = tensors_in(source.content) or {
        name: value for state in content.states for name, value in state.tensors.items()
    }
    if not tensors:
        what = f" ({content.notes[-1]})" if content.notes else ""
        kind = printable(type(source.content).__name__)
        return CheckpointError(f"{source.shown} holds no weights, only {kind}{what}", hint=f"readable: {reads}")
    if content.states and (found := _other(content.states)):
        return CheckpointError(
            f"{source.shown} is not a VAE: it holds {found}", hint="give the file of a variational autoencoder"
        )
    hint = (
        f"readable: {reads}. Or build the model in Python, load these weights and give it to vae_analyze.analyze(...)"
    )
    if "encoder.mu_logvar_gen.weight" in tensors:
        hint = "this looks like a model of disentangling-vae; put the specs.json of its folder beside it"
    inside = "" if set(tensors) == _keys(source) else " inside other data"
    return CheckpointError(
        f"{source.shown} holds weights{inside} of an unknown architecture, without a card: {len(tensors)} tensors, "
        f"{shapes(tensors)}{_pickled(content)}",
        hint=hint,
    )


def _other(states: Sequence[State]) -> str:
    """What the networks are instead of a VAE; "" where one of them may be one."""
    kinds = [foreign(state.tensors) for state in states]
    return "; ".join(kinds[:3]) if all(kinds) else ""


def _pickled(content: Content) -> str:
    if content.modules is None:
        return ""
    return f"; a pickled module of the class {printable(content.modules.root.kind)}, whose code was not run"


def _keys(source: Source) -> set[str]:
    return set(source.content) if isinstance(source.content, dict) else set()


def _folder(source: Source, reads: str) -> CheckpointError:
    names = sorted(entry.name for entry in source.path.iterdir())
    kind, hint = next(
        ((f", {what} that this version does not read", f"{todo}; ") for mark, what, todo in _MARKS if mark in names),
        ("", ""),
    )
    holds = listing([printable(name, limit=40) for name in names], most=8) or "nothing"
    return CheckpointError(
        f"{source.shown} is a folder of no known kind{kind}; it holds {holds}",
        hint=f"{hint}name the checkpoint file itself; readable: {reads}",
    )
