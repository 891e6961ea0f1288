"""Checkpoints of the project disentangling-vae: ``model.pt`` with ``specs.json`` beside it.

The model is that of Burgess et al. 2018; its head interleaves means and log variances.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.registry import build
from vae_analyze.loading.card import Assumption, Card, Likelihood, Loaded
from vae_analyze.loading.files.fields import LARGEST_SIZE, Fields
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import checked, fill, shapes

_SPECS = "specs.json"
_WEIGHTS = "model.pt"
_MOST_SPECS_BYTES = 1 << 20
_LIKELIHOODS: dict[str, Likelihood] = {"bernoulli": "bernoulli", "gaussian": "gaussian", "laplace": "unknown"}


def _recognise(source: Source) -> bool:
    specs = source.beside(_SPECS)
    if not specs.is_file() or (source.folder and not source.beside(_WEIGHTS).is_file()):
        return False
    return "model_type" in _specs(specs).values


def _read(source: Source, options: LoadOptions) -> Loaded:
    weights = Source.open(source.beside(_WEIGHTS)) if source.folder else source
    specs_path = source.beside(_SPECS)
    specs = _specs(specs_path)
    specs.choice("model_type", ("Burgess",))
    state = checked(weights.content, where=weights.shown)
    plain = _options(specs, state, weights.shown)
    keys = _keys(depth=_depth(plain["input_shape"]))
    network = fill(
        build("conv", plain), {_renamed(name, keys): value for name, value in state.items()}, where=weights.shown
    )
    card = Card(
        name=options.name or printable(source.stem if source.folder else specs.text("name", source.stem)),
        architecture=network.describe(),
        input_shape=network.input_shape,
        latent_shape=network.latent_shape,
        fingerprint=fingerprint({"weights": weights.path, "specs": specs_path}, options),
        path=str(source.path),
        format=DISENTANGLING.name,
        likelihood=_LIKELIHOODS[specs.choice("rec_dist", tuple(_LIKELIHOODS), "bernoulli")],
        parameters=sum(weight.numel() for weight in network.parameters()),
        details=_details(specs),
        assumptions=_assumptions(plain),
    )
    return Loaded(network, card)


def _specs(path: Path) -> Fields:
    from vae_analyze.strict_json import loads

    where = printable(path, limit=300)
    try:
        if path.stat().st_size > _MOST_SPECS_BYTES:
            raise CheckpointError(f"expected {where} to be a small JSON file, found {path.stat().st_size:,} bytes")
        return Fields.of(where, loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"expected {where} to be JSON describing the model beside it: {printable(error)}",
            hint="get the file again, or move it away if it belongs to something else",
        ) from error


def _options(specs: Fields, state: dict[str, Any], where: str) -> dict[str, Any]:
    """The options of our convolutional architecture; what the specs do not state is read from tensor shapes."""
    convolution, linear = state.get("encoder.conv1.weight"), state.get("encoder.lin1.weight")
    if convolution is None or convolution.ndim != 4 or linear is None or linear.ndim != 2:
        raise CheckpointError(
            f"{where}: expected weights named encoder.conv1.weight and encoder.lin1.weight, found {shapes(state)}",
            hint=f"the {_SPECS} beside it says that this is a Burgess model; it is not",
        )
    return {
        "input_shape": specs.sizes("img_size", least=3, most=3),
        "channels": int(convolution.shape[0]),
        "hidden": (int(linear.shape[0]), int(linear.shape[0])),
        "latent_dim": specs.integer("latent_dim", low=1, high=LARGEST_SIZE),
        "interleaved": True,
    }


def _depth(input_shape: tuple[int, ...]) -> int:
    if input_shape[1:] not in ((32, 32), (64, 64)):
        raise CheckpointError(f"expected images of 32x32 or 64x64 in {_SPECS}, found {input_shape}")
    return 3 if input_shape[1] == 32 else 4


def _keys(*, depth: int) -> dict[str, str]:
    """Their layer names and ours; in our sequences every second element is an activation."""
    down = ["conv1", "conv2", "conv3", "conv_64"][:depth]
    up = (["convT_64"] if depth == 4 else []) + ["convT1", "convT2", "convT3"]
    pairs = {f"encoder.{name}": f"down.{2 * at}" for at, name in enumerate(down)}
    pairs |= {f"decoder.{name}": f"up.{2 * at}" for at, name in enumerate(up)}
    pairs |= {f"encoder.lin{at + 1}": f"encoder.{2 * at}" for at in range(2)}
    pairs |= {f"decoder.lin{at + 1}": f"decoder.{2 * at}" for at in range(3)}
    return pairs | {"encoder.mu_logvar_gen": "head"}


def _renamed(name: str, keys: dict[str, str]) -> str:
    layer, _, parameter = name.rpartition(".")
    # An unknown name keeps a mark, so that it cannot pass for one of ours.
    return f"{keys[layer]}.{parameter}" if layer in keys else f"(theirs) {name}"


def _details(specs: Fields) -> dict[str, Any]:
    stated: dict[str, Any] = {"origin": "disentangling-vae"}
    for name in ("dataset", "loss"):
        stated[name] = specs.text(name, "")
    for name, high in (("epochs", 1 << 30), ("seed", 1 << 62), ("batch_size", 1 << 30)):
        if name in specs.values:
            stated[name] = specs.integer(name, low=0, high=high)
    weight = re.sub(r"[^a-z]", "", stated["loss"].lower())
    for loss, name in (("betah", "betaH_B"), ("btcvae", "btcvae_B"), ("factor", "factor_G")):
        if weight == loss and name in specs.values:
            stated[name] = specs.number(name, low=-1e9, high=1e9)
    return stated


def _assumptions(plain: dict[str, Any]) -> tuple[Assumption, ...]:
    shape = "x".join(str(size) for size in plain["input_shape"])
    return (
        Assumption(what="input shape", value=shape, source=f"{_SPECS}: img_size"),
        Assumption(what="latent size", value=str(plain["latent_dim"]), source=f"{_SPECS}: latent_dim"),
        Assumption(what="architecture", value="Burgess et al. 2018, ReLU", source=f"{_SPECS}: model_type"),
        Assumption(
            what="channels and hidden units",
            value=f"{plain['channels']} and {plain['hidden'][0]}",
            source="tensor shapes",
        ),
        Assumption(
            what="head",
            value="even rows mean, odd rows log variance",
            source="the project's code: view(-1, latent_dim, 2).unbind(-1)",
        ),
        Assumption(what="data range", value="0 to 1, as torchvision's ToTensor gives", source="the project's code"),
        Assumption(what="decoder output", value="sigmoid", source="the project's code"),
    )


DISENTANGLING = Format(
    name="disentangling-vae",
    description="a folder with model.pt and specs.json, as the project disentangling-vae writes it",
    recognise=_recognise,
    read=_read,
)
