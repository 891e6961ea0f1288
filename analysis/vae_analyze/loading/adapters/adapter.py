"""A model through the person's own adapter: a Python file of ten lines with ``load(path)``.

The object that it returns has ``encode(x) -> (mean, logvar)``, ``decode(z) -> x`` and, where they cannot be found out,
``input_shape`` and ``latent_shape``; also ``given(labels)``, or ``encode(x, labels)`` and ``decode(z, labels)``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.adapters.adapter_core import RETURNS, AdaptedCore, Given, takes_labels
from vae_analyze.loading.adapters.adapter_file import AdapterFile
from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.live import weights_digest
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.settling.convention import ConditionalConventional, Convention, Conventional, Labels, prepared
from vae_analyze.loading.settling.questions import check_output
from vae_analyze.loading.source import Source, sha256
from vae_analyze.loading.verifying.probe import probe

_SAMPLES = 4
_SEED = 20260
_MOST_FILES = 1000


def read_adapter(source: Source, options: LoadOptions) -> Loaded:
    """The model that the adapter file named in the options makes of a checkpoint.

    Raises:
        CheckpointError: The file fails, or what it returns does not answer as an adapter should; says where.
    """
    path = Path(options.adapter).absolute()
    adapter = AdapterFile(path)
    network = adapter.load(source.path)
    way = _way(network, adapter.shown)
    with adapter.running("a first call"):
        core, kind = _core(network, way, options, (str(source.path.absolute()), str(path), sha256(path)))
    convention = _convention(kind, way, network, options)
    if options.evidence is not None:
        check_output(options, options.evidence.value_range)
    value_range = (0.0, 1.0) if options.evidence is None else options.evidence.value_range
    wrapper = Conventional if way == "nothing" else ConditionalConventional
    vae = wrapper(core, convention, value_range=value_range).eval().requires_grad_(requires_grad=False)
    with adapter.running("a first call"):
        found = probe(vae)
    files = _files(source.path) | {"adapter": path}
    files |= {f"beside the adapter: {name}": file for name, file in adapter.siblings().items()}
    settled = {"weights": weights_digest(core) if len(core.parts) else found.digest}
    card = Card(
        name=options.name or source.stem,
        architecture=printable(f"{type(network).__qualname__} of {path.name}"),
        input_shape=core.input_shape,
        latent_shape=core.latent_shape,
        fingerprint=fingerprint(files, options, settled=settled),
        path=str(source.path),
        format="adapter",
        deterministic=found.deterministic,
        gradients=found.gradients,
        conditional=way != "nothing",
        parameters=sum(weight.numel() for weight in core.parameters()),
        assumptions=_assumptions(network, core, convention, options),
    )
    return Loaded(vae, card)


def _way(network: Any, where: str) -> Given:
    lacking = [name for name in ("encode", "decode") if not callable(getattr(network, name, None))]
    if callable(getattr(network, "given", None)):
        return "given"
    if lacking:
        raise CheckpointError(
            f"{where}: expected load(path) to return an object with encode and decode; "
            f"{printable(type(network).__name__)} lacks {' and '.join(lacking)}",
            hint=RETURNS,
        )
    return "argument" if takes_labels(network.encode) or takes_labels(network.decode) else "nothing"


def _core(network: Any, way: Given, options: LoadOptions, origin: tuple[str, str, str]) -> tuple[AdaptedCore, int]:
    """The core, and how many outputs its encoder has."""
    stated = _shape(network, "input_shape")
    if stated is None and options.evidence is None:
        raise CheckpointError(
            f"{printable(type(network).__name__)} of the adapter does not state its input_shape",
            hint="add input_shape = (1, 28, 28), or name the data with --data to take theirs",
        )
    input_shape = stated or (options.evidence.shape if options.evidence else ())
    core = AdaptedCore(network, input_shape=input_shape, latent_shape=(), way=way, origin=origin)
    core.eval().requires_grad_(requires_grad=False)
    x = torch.rand(_SAMPLES, *input_shape, generator=torch.Generator().manual_seed(_SEED))
    labels = torch.zeros(_SAMPLES, dtype=torch.int64)
    with torch.no_grad():
        answers = core.outputs(x, None if way == "nothing" else prepared(labels, _labels(network, way, options)))
    found = tuple(answers[0].shape[1:])
    latent_shape = _shape(network, "latent_shape") or found
    if any(tuple(answer.shape) != (_SAMPLES, *latent_shape) for answer in answers):
        shapes = " and ".join(str(tuple(answer.shape)) for answer in answers)
        raise CheckpointError(
            f"expected codes of shape {(_SAMPLES, *latent_shape)} from encode for {tuple(x.shape)}, found {shapes}",
            hint=f"{RETURNS}; latent_shape is that of one code",
        )
    core.latent_shape = latent_shape
    return core, len(answers)


def _shape(network: Any, name: str) -> tuple[int, ...] | None:
    stated: object = getattr(network, name, None)
    if stated is None:
        return None
    sizes = (stated,) if isinstance(stated, int) else stated
    if isinstance(sizes, (tuple, list, torch.Size)) and sizes and all(isinstance(n, int) and n > 0 for n in sizes):
        return tuple(sizes)
    raise CheckpointError(
        f"expected {name} of the adapter to be sizes such as (1, 28, 28), found {printable(repr(stated))}",
        hint="the shape of one sample or code, without the batch axis",
    )


def _labels(network: Any, way: Given, options: LoadOptions) -> Convention:
    """What labels it is given: class numbers unless the person says one-hot."""
    if way == "nothing":
        return Convention()
    kind: Labels = "onehot" if options.labels == "onehot" else "index"
    stated = getattr(network, "classes", 0)
    classes = stated if isinstance(stated, int) and stated else options.evidence.classes if options.evidence else 0
    if kind == "onehot" and not classes:
        raise CheckpointError(
            "expected the number of classes for one-hot labels, found none",
            hint="add classes = 10 to the adapter's object, or name labelled data with --data",
        )
    return Convention(labels=kind, classes=classes)


def _convention(outputs: int, way: Given, network: Any, options: LoadOptions) -> Convention:
    """What an adapter states by being one, and what the person said beside it."""
    evidence = options.evidence
    own = (0.0, 1.0) if evidence is None or evidence.value_range is None else evidence.value_range
    labels = _labels(network, way, options)
    return Convention(
        input_range=options.range or own,
        second="none" if outputs == 1 else "logvar" if options.second == "auto" else options.second,
        output="prob" if options.output == "auto" else options.output,
        labels=labels.labels,
        classes=labels.classes,
    )


def _files(path: Path) -> dict[str, Path]:
    """The checkpoint's files by the part they play."""
    if not path.is_dir():
        return {"checkpoint": path}
    inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    return {f"checkpoint: {file.relative_to(path).as_posix()}": file for file in inside[:_MOST_FILES]}


def _assumptions(
    network: Any, core: AdaptedCore, convention: Convention, options: LoadOptions
) -> tuple[Assumption, ...]:
    contract = "the adapter: encode takes data as they are and gives log variances, decode gives data"
    stated = "the adapter states it"
    data = "the data's" if options.evidence is None else f"the data's ({printable(options.evidence.name)})"
    low, high = convention.input_range
    found = [
        Assumption(
            what="input shape",
            value=str(core.input_shape),
            source=stated if _shape(network, "input_shape") else data,
        ),
        Assumption(
            what="latent shape",
            value=str(core.latent_shape),
            source=stated if _shape(network, "latent_shape") else "what encode gave for four samples",
        ),
        Assumption(
            what="second output",
            value=convention.second,
            source=contract if options.second == "auto" else "option --second",
        ),
        Assumption(
            what="decoder output",
            value=convention.output,
            source=contract if options.output == "auto" else "option --output",
        ),
    ]
    if options.range:
        found.append(Assumption(what="input range", value=f"{low:g} to {high:g}", source="option --range"))
    if convention.labels != "none":
        source = "the adapter takes labels" if options.labels == "auto" else "option --labels"
        found.append(Assumption(what="labels", value=convention.labels, source=source))
    return tuple(found)
