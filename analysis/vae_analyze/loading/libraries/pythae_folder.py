"""Folders written by pythae: a model, or the output of a training with its final model or checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vae_analyze.loading.card import Assumption, Card, Likelihood, Loaded
from vae_analyze.loading.files.json_file import read_json
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.format import Format
from vae_analyze.loading.libraries.pythae_classes import Model, model_of
from vae_analyze.loading.libraries.pythae_core import PythaeCore, Shapes, shapes_of
from vae_analyze.loading.libraries.pythae_nets import (
    age_of_pickles,
    build,
    check_consent,
    pickles_of,
    python_of,
    read_state,
)
from vae_analyze.loading.libraries.pythae_place import CONFIG, WEIGHTS, Place, find_model, has_model
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.settling.by_convention import by_convention
from vae_analyze.loading.settling.convention import Conventional
from vae_analyze.loading.settling.settle import Known
from vae_analyze.loading.source import Source

_LIKELIHOODS: dict[str, Likelihood] = {"bce": "bernoulli", "mse": "gaussian"}
_CODES = {
    "gaussian": "diagonal Gaussian: embedding and log_covariance of the encoder",
    "plain": "deterministic: embedding of the encoder",
    "quantised": "discrete, deterministic: codes before quantisation; decoding takes the nearest of the table",
}


def _read(source: Source, options: LoadOptions) -> Loaded:
    place = find_model(source)
    folder, where = place.folder, printable(place.folder, limit=300)
    config = read_json(folder / CONFIG)
    model = model_of(config, where=where)
    check_consent(folder, config, options)
    state = read_state(folder)
    parts = build(folder, config, model, state, where=where)
    shapes = shapes_of(parts, model.code, config, options, where=where)
    core = PythaeCore(parts, model.code, input_shape=shapes.data, own_shape=shapes.own, latent_shape=shapes.code)
    settled = by_convention(core, options, _known(config, model))
    pickles = pickles_of(config)
    files = {name: folder / name for name in (CONFIG, WEIGHTS, *pickles)}
    card = Card(
        name=options.name or printable(source.stem if source.folder else folder.resolve().name),
        architecture=_architecture(model, config, shapes),
        input_shape=shapes.data,
        latent_shape=shapes.code,
        fingerprint=fingerprint(files, options, settled={**settled.choices, "input shape": str(shapes.data)}),
        path=str(source.path),
        format=PYTHAE.name,
        likelihood=_likelihood(config, model),
        deterministic=model.code != "gaussian",
        # Through a table of codes the library passes derivatives on as they are, which are not those of the function.
        gradients=model.code != "quantised",
        parameters=sum(weight.numel() for weight in parts.parameters()),
        details=_details(folder, config, pickles),
        assumptions=(*_assumptions(model, shapes, place, pickles), *settled.assumptions),
        warnings=tuple(text for text in (place.warning, age_of_pickles(folder, config), model.warning) if text),
    )
    return Loaded(Conventional(core, settled.convention, value_range=settled.value_range), card)


def _known(config: dict[str, Any], model: Model) -> Known:
    """What is fixed: the default decoder ends in a sigmoid, and binary cross-entropy takes nothing but [0, 1]."""
    bce = model.likelihood and config.get("reconstruction_loss") == "bce"
    fixed = bce or config.get("uses_default_decoder") is True
    why = f"{CONFIG}: reconstruction_loss bce, of numbers in [0, 1]" if bce else "pythae's own decoder: a sigmoid"
    return Known(
        input_range=(0.0, 1.0) if fixed else None,
        second="logvar" if model.code == "gaussian" else "none",
        split="separate",
        swapped=False,
        output="prob" if fixed else None,
        labels="none",
        source=f"pythae's code; {why}" if fixed else "pythae's code",
    )


def _likelihood(config: dict[str, Any], model: Model) -> Likelihood:
    loss = config.get("reconstruction_loss")
    return _LIKELIHOODS.get(loss, "unknown") if model.likelihood and isinstance(loss, str) else "unknown"


def _architecture(model: Model, config: dict[str, Any], shapes: Shapes) -> str:
    image, code = ("x".join(map(str, shape)) for shape in (shapes.data, shapes.code))
    nets = "custom networks" if pickles_of(config) else "its default MLP of 512 units"
    table = f", discrete codes from a table of {config.get('num_embeddings')}" if model.code == "quantised" else ""
    return f"{model.name} of pythae, {nets}, {image} to {code}{table}"


def _assumptions(model: Model, shapes: Shapes, place: Place, pickles: tuple[str, ...]) -> tuple[Assumption, ...]:
    shape = "x".join(map(str, shapes.data))
    found = [
        Assumption(what="architecture", value=model.name, source=f"{CONFIG}: name"),
        Assumption(what="input shape", value=shape, source=shapes.source),
        Assumption(what="codes", value=_CODES[model.code], source="the library's code"),
    ]
    if pickles:
        found.append(Assumption(what="executed", value=" and ".join(pickles), source="option --trust"))
    if place.chosen:
        found.append(Assumption(what="folder", value=place.chosen, source="the output of a training"))
    return tuple(found)


def _details(folder: Path, config: dict[str, Any], pickles: tuple[str, ...]) -> dict[str, Any]:
    plain = {
        printable(name, limit=60): value if isinstance(value, (int, float)) else printable(value)
        for name, value in config.items()
        if value is not None
    }
    stated: dict[str, Any] = {"origin": "pythae", "options": plain, "Python": python_of(folder) or "not stated"}
    return stated | ({"executed": list(pickles)} if pickles else {})


PYTHAE = Format(
    name="pythae",
    description="a folder with model_config.json and model.pt, or a training's output with final_model/",
    recognise=has_model,
    read=_read,
)
