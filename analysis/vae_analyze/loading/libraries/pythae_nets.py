"""The networks of a pythae folder: default ones built by the library, custom ones unpickled only where allowed."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.json_file import peek
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.libraries.extras import needed, quiet, said
from vae_analyze.loading.libraries.pythae_classes import Model
from vae_analyze.loading.libraries.pythae_place import CONFIG, WEIGHTS
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import checked

ENVIRONMENT = "environment.json"
_NETS = ("encoder", "decoder")
_MOST_FEATURES = 1 << 28


def pickles_of(config: dict[str, Any]) -> tuple[str, ...]:
    """Files that hold custom networks as pickles: reading them runs what they say."""
    return tuple(f"{part}.pkl" for part in _NETS if config.get(f"uses_default_{part}") is not True)


def check_consent(folder: Path, config: dict[str, Any], options: LoadOptions) -> None:
    """Refuse custom networks unless their code may run.

    Raises:
        CheckpointError: They may not, or are not there.
    """
    pickles = pickles_of(config)
    missing = [name for name in pickles if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{printable(folder / CONFIG, limit=300)} says that the networks are custom ones, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            hint="the folder is not whole; get it again",
        )
    if pickles and not options.trust:
        raise CheckpointError(
            f"{printable(folder, limit=300)} holds custom networks as pickles; loading it would execute "
            f"{' and '.join(pickles)}. Nothing was executed",
            hint="pass --trust if you know where the folder is from, or name the model's class with --model",
        )


def read_state(folder: Path) -> dict[str, Tensor]:
    """The weights by name, nothing executed.

    Raises:
        CheckpointError: There are none, or the file holds something else.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointError(
            f"expected {WEIGHTS} beside {CONFIG} in {printable(folder, limit=300)}, found none",
            hint="the folder is not whole; get the weights as well",
        )
    source = Source.open(path)
    content = source.content
    state = content.get("model_state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(
            f"{source.shown}: expected weights under model_state_dict, as pythae writes them, found "
            f"{listing([printable(key) for key in content], most=6) if isinstance(content, dict) else 'none'}",
            hint=f"the {CONFIG} beside it says that this is a pythae model",
        )
    checked({name: value for name, value in state.items() if value.is_floating_point()}, where=source.shown)
    return state


def build(folder: Path, config: dict[str, Any], model: Model, state: dict[str, Tensor], *, where: str) -> nn.ModuleDict:
    """Encoder, decoder and, where there is one, the table of codes, with their weights, in evaluation mode.

    Raises:
        CheckpointError: The library is missing or cannot build them, or the weights do not fit; each difference named.
    """
    what = f"{where}, written by pythae ({model.name}),"
    models = needed("pythae.models", extra="pythae", what=what)
    configurations = needed("pythae.models.auto_model", extra="pythae", what=what)
    _check_sizes(config, where=where)
    custom = {name.removesuffix(".pkl"): _unpickled(folder / name) for name in pickles_of(config)}
    try:
        # On the meta device nothing is drawn or allocated: a hostile file may describe a huge network. A custom encoder
        # lies on the CPU, and a table of codes is sized by running it.
        with quiet("pythae"), torch.device("cpu" if custom and model.code == "quantised" else "meta"):
            settings = configurations.AutoConfig.from_json_file(str(folder / CONFIG))
            _check_options(settings, config, where=where)
            whole = getattr(models, model.name)(settings, **custom)
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{where}: pythae cannot build it: {said(error)}",
            hint=f"{CONFIG} is damaged, or was written by another version of pythae",
        ) from error
    parts = nn.ModuleDict({name: getattr(whole, name) for name in model.parts})
    _fill(parts, _own(state, model), where=where)
    return parts.eval()


def age_of_pickles(folder: Path, config: dict[str, Any]) -> str:
    """A warning where custom networks were pickled by another Python than this one; "" otherwise."""
    wrote, has = python_of(folder), f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not pickles_of(config) or wrote in ("", has):
        return ""
    return f"its custom networks were pickled by Python {wrote} and are run by {has}: they may fail or behave otherwise"


def python_of(folder: Path) -> str:
    """The Python that wrote the folder, such as "3.11"; "" where it is not stated."""
    return printable(peek(folder / ENVIRONMENT).get("python_version", ""), limit=20)


def _unpickled(path: Path) -> nn.Module:
    base = needed("pythae.models.base.base_utils", extra="pythae", what=f"{printable(path)}, a network of pythae,")
    try:
        with path.open("rb") as file, quiet("pythae"):
            network = base.CPU_Unpickler(file).load()
    except Exception as error:
        raise CheckpointError(
            f"{printable(path, limit=300)} cannot be unpickled: {said(error)}",
            hint="it was pickled by another version of Python or torch; name the model's class with --model instead",
        ) from error
    if not isinstance(network, nn.Module):
        raise CheckpointError(
            f"expected a network in {printable(path, limit=300)}, found {printable(type(network).__name__)}"
        )
    return network


def _own(state: dict[str, Tensor], model: Model) -> dict[str, Tensor]:
    """The weights without those that only the training of such a model needs."""
    return {name: value for name, value in state.items() if not name.startswith(model.training or ("\0",))}


def _check_sizes(config: dict[str, Any], *, where: str) -> None:
    sizes = config.get("input_dim")
    numbers = [*(sizes if isinstance(sizes, list) else []), config.get("latent_dim"), config.get("num_embeddings", 1)]
    product = 1
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= _MOST_FEATURES:
            raise CheckpointError(
                f"{where}: expected whole positive sizes in input_dim and latent_dim, found {printable(number)}",
                hint=f"{CONFIG} is damaged; get it again",
            )
        product *= number
    if product > _MOST_FEATURES << 10:
        raise CheckpointError(f"{where}: the sizes in {CONFIG} are those of no model: {printable(numbers)}")


def _check_options(settings: Any, config: dict[str, Any], *, where: str) -> None:
    """Refuse options that the installed library would ignore: they may make another network."""
    taken = {field.name for field in fields(settings)}
    unknown = [printable(name, limit=60) for name in config if name not in taken]
    if unknown:
        raise CheckpointError(
            f"{where}: the installed pythae does not know these options in {CONFIG}: {listing(unknown)}",
            hint="install the version of pythae that wrote the folder",
        )


def _fill(parts: nn.ModuleDict, state: dict[str, Tensor], *, where: str) -> None:
    """Weights into networks, strictly: `load_state_dict` with every difference named on one line."""
    expected = {name: tuple(value.shape) for name, value in parts.state_dict().items()}
    problems = [
        f"{kind}: {listing([printable(name, limit=60) for name in names])}"
        for kind, names in (
            ("missing", [name for name in expected if name not in state]),
            ("unexpected", [name for name in state if name not in expected]),
            (
                "of another shape",
                [
                    f"{name} (expected {shape}, found {tuple(state[name].shape)})"
                    for name, shape in expected.items()
                    if name in state and tuple(state[name].shape) != shape
                ],
            ),
        )
        if names
    ]
    if problems:
        raise CheckpointError(
            f"{where}: the weights do not fit the configuration; {'; '.join(problems)}",
            hint=f"{WEIGHTS} is not of the model that {CONFIG} describes",
        )
    plain = {
        name: value.detach().to(torch.float32).clone() if value.is_floating_point() else value.clone()
        for name, value in state.items()
    }
    parts.load_state_dict(plain, strict=True, assign=True)
