"""Folders written by diffusers' ``save_pretrained``: the autoencoder itself, or a pipeline that has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.files.json_file import peek, read_json
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.format import Format
from vae_analyze.loading.libraries.diffusers_classes import Kind, kind_of
from vae_analyze.loading.libraries.diffusers_core import DiffusersCore, Shapes, shapes_of
from vae_analyze.loading.libraries.diffusers_place import (
    CONFIG,
    PIPELINE,
    Weights,
    find_weights,
    is_weights,
    model_folder,
)
from vae_analyze.loading.libraries.diffusers_weights import checked_config, contents_checked, loaded_model
from vae_analyze.loading.libraries.extras import needed
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.settling.by_convention import by_convention
from vae_analyze.loading.settling.convention import Conventional
from vae_analyze.loading.settling.settle import Known
from vae_analyze.loading.source import Source

_SOURCE = "diffusers' convention: its image processor gives and takes [-1, 1]"
_CODES = {
    "gaussian": "diagonal Gaussian, log variances bounded to [-30, 20] as the library does",
    "plain": "deterministic: the encoder's output; encoder and decoder are called apart, without the rounding between",
    "quantised": "discrete, deterministic: codes before quantisation; decoding takes the nearest of the table",
}


def _recognise(source: Source) -> bool:
    """By names and the configuration alone; the library is not needed."""
    if source.folder:
        return (
            (source.path / PIPELINE).is_file()
            or "_class_name" in peek(source.path / CONFIG)
            or _has_weights(source.path)
        )
    return is_weights(source.path)


def _has_weights(folder: Path) -> bool:
    try:
        return any(is_weights(entry) for entry in folder.iterdir())
    except OSError:
        return False


def _read(source: Source, options: LoadOptions) -> Loaded:
    folder = model_folder(source)
    where = printable(folder, limit=300)
    config = read_json(folder / CONFIG)
    kind = kind_of(config, where=where)
    checked_config(config, where=where)
    weights = find_weights(folder, options, named=None if source.folder else source.path)
    contents_checked(weights)
    library = needed("diffusers", extra="diffusers", what=f"{where}, written by diffusers ({kind.name}),")
    model, doubts = loaded_model(library, kind, config, weights, where=where)
    shapes = shapes_of(model, kind, options, where=where)
    core = DiffusersCore(model, kind, input_shape=shapes.image, latent_shape=shapes.code)
    settled = by_convention(core, options, _known(kind))
    settled_text = {**settled.choices, "input shape": str(shapes.image)}
    card = Card(
        name=options.name or printable(source.stem if source.folder else folder.resolve().name),
        architecture=_architecture(kind, model, shapes),
        input_shape=shapes.image,
        latent_shape=shapes.code,
        fingerprint=fingerprint(_files(folder, weights), options, settled=settled_text),
        path=str(source.path),
        format=DIFFUSERS.name,
        deterministic=kind.code != "gaussian",
        # Through a table of codes the library passes derivatives on as they are, which are not those of the function.
        gradients=kind.code != "quantised",
        parameters=sum(weight.numel() for weight in model.parameters()),
        details=_details(config, library.__version__, weights),
        assumptions=(*_assumptions(kind, shapes, weights), *_defaults(kind, model, config), *settled.assumptions),
        warnings=doubts,
    )
    return Loaded(Conventional(core, settled.convention, value_range=settled.value_range), card)


def _known(kind: Kind) -> Known:
    return Known(
        input_range=(-1.0, 1.0),
        second="logvar" if kind.code == "gaussian" else "none",
        split="separate",
        swapped=False,
        output="tanh",
        labels="none",
        source=_SOURCE,
    )


def _files(folder: Path, weights: Weights) -> dict[str, Path]:
    files = {"config": folder / CONFIG, "entry": weights.entry}
    return files | {f"weights {at}": file for at, file in enumerate(weights.files)}


def _architecture(kind: Kind, model: nn.Module, shapes: Shapes) -> str:
    image, code = ("x".join(map(str, shape)) for shape in (shapes.image, shapes.code))
    table = ""
    if kind.code == "quantised":
        entries, width = model.state_dict()["quantize.embedding.weight"].shape
        table = f", discrete codes from a table of {entries} x {width}"
    return f"{kind.name} of diffusers, {image} to {code}{table}"


def _assumptions(kind: Kind, shapes: Shapes, weights: Weights) -> tuple[Assumption, ...]:
    image = "x".join(map(str, shapes.image))
    found = (
        Assumption(what="architecture", value=kind.name, source=f"{CONFIG}: _class_name"),
        Assumption(what="input shape", value=image, source=shapes.source),
        Assumption(what="codes", value=_CODES[kind.code], source="the library's code"),
        Assumption(
            what="latent scaling",
            value="none: scaling_factor and the like are applied by pipelines, not by encode and decode",
            source="the library's code",
        ),
    )
    if weights.variant:
        chosen = Assumption(what="weights", value=f"variant {weights.variant}", source=printable(weights.entry.name))
        return (*found, chosen)
    return found


def _defaults(kind: Kind, model: nn.Module, config: dict[str, Any]) -> tuple[Assumption, ...]:
    """Options that an older version, or a hand, left out; the library fills them in without a word."""
    used = [
        printable(name, limit=60)
        for name in dict(model.config)  # type: ignore[arg-type]  # a foreign module's own attribute
        if not name.startswith("_") and name not in config and name not in kind.known
    ]
    if not used:
        return ()
    return (Assumption(what="options not stated", value=listing(sorted(used)), source="the library's defaults"),)


def _details(config: dict[str, Any], version: str, weights: Weights) -> dict[str, Any]:
    stated = {name: config[name] for name in ("scaling_factor", "shift_factor", "sample_size") if config.get(name)}
    numbers = {name: value for name, value in stated.items() if isinstance(value, (int, float, list))}
    return {
        "origin": "diffusers",
        "saved with diffusers": printable(config.get("_diffusers_version", "not stated")),
        "loaded with diffusers": version,
        "files of weights": [printable(file.name) for file in weights.files],
        **numbers,
    }


DIFFUSERS = Format(
    name="diffusers",
    description="a folder with config.json and diffusion_pytorch_model.safetensors, or a pipeline with one in vae/",
    recognise=_recognise,
    read=_read,
)
