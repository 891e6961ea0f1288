"""Weights into a diffusers model by its own loader, which only warns of differences: here each is an error."""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import Any

import torch
from torch import nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.libraries.diffusers_classes import Kind
from vae_analyze.loading.libraries.diffusers_place import Weights
from vae_analyze.loading.libraries.extras import quiet, said
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import checked

# What averaging during training (EMAModel) writes into the configuration; it makes no other network.
_AVERAGING = ("decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step", "use_ema_warmup")
_MOST = 4096
_LONGEST_NAME = 60


def checked_config(config: dict[str, Any], *, where: str) -> None:
    """Refuse configurations by which the library would do more than build a network.

    Raises:
        CheckpointError: Quantised weights, or numbers of layers and channels that no model has.
    """
    if config.get("quantization_config") is not None:
        raise CheckpointError(
            f"{where} states quantised weights (quantization_config), which are not read",
            hint="give the weights before they were quantised",
        )
    for name, value in config.items():
        sizes = value if isinstance(value, list) else [value]
        if ("layer" in name or "num_" in name or "channel" in name) and (
            len(sizes) > 64 or any(isinstance(size, int) and not 0 <= size <= _MOST for size in sizes)
        ):
            raise CheckpointError(
                f"{where}: field {printable(name)!r}: expected at most 64 numbers up to {_MOST}, found "
                f"{printable(value)}",
                hint="the file is damaged or hostile; get it again",
            )


def contents_checked(weights: Weights) -> None:
    """Read every file by our own safe reader before the library does.

    Raises:
        CheckpointError: One is damaged, would run code, holds anything else than named finite tensors, or lacks some
            that the index says are in it.
    """
    for file in weights.files:
        held = _tensors(Source.open(file))
        # The library believes the index: a tensor that its file lacks would keep whatever was in memory.
        astray = [name for name, part in (weights.index or {}).items() if part == file.name and name not in held]
        if astray:
            raise CheckpointError(
                f"{printable(weights.entry, limit=300)} names tensors that {printable(file.name)} lacks: "
                f"{listing([printable(name, limit=_LONGEST_NAME) for name in astray])}",
                hint="the files are not of one model; get them again",
            )


def _tensors(source: Source) -> dict[str, torch.Tensor]:
    state = source.content
    if isinstance(state, dict) and set(state) == {"state_dict", "metadata"}:  # a safetensors file with facts
        state = state["state_dict"]
    if not isinstance(state, dict) or not state:
        raise CheckpointError(f"{source.shown}: expected named tensors, found {printable(type(state).__name__)}")
    others = [name for name, value in state.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise CheckpointError(
            f"{source.shown}: expected nothing but tensors, found something else: "
            f"{listing([printable(name, limit=_LONGEST_NAME) for name in others], most=4)}",
            hint="save the model with save_pretrained, which writes safetensors",
        )
    checked({name: value for name, value in state.items() if _is_float(value)}, where=source.shown)
    return state


def loaded_model(
    library: ModuleType, kind: Kind, config: dict[str, Any], weights: Weights, *, where: str
) -> tuple[nn.Module, tuple[str, ...]]:
    """The model as the library loads it, float32, in evaluation mode; and warnings.

    Raises:
        CheckpointError: The library cannot build it, or weights and configuration do not fit; each difference named.
    """
    model_class = getattr(library, kind.name, None)
    if model_class is None:
        raise CheckpointError(
            f"{where} is a {kind.name}, which the installed diffusers {library.__version__} does not have",
            hint="pip install --upgrade diffusers",
        )
    doubts = _unknown_options(library, model_class, kind, config, where=where)
    try:
        with quiet("diffusers"):
            _check_size(model_class, config, weights, where=where)
            model, found = model_class.from_pretrained(
                str(weights.entry.parent),
                variant=weights.variant or None,
                use_safetensors=weights.safe,
                torch_dtype=torch.float32,
                low_cpu_mem_usage=False,
                local_files_only=True,
                output_loading_info=True,
            )
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{where}: diffusers {library.__version__} cannot load it: {said(error)}",
            hint="the configuration is not that of the weights beside it, or a file is damaged",
        ) from error
    _check_keys(found, where=where)
    return model.eval(), doubts


def _check_size(model_class: Any, config: dict[str, Any], weights: Weights, *, where: str) -> None:
    """Count the weights of the described network without making them: a hostile file may describe a huge one."""
    with torch.device("meta"):
        skeleton = model_class.from_config(config)
    described = sum(value.numel() for value in skeleton.state_dict().values())
    if described > weights.size:
        raise CheckpointError(
            f"{where} describes a network of {described:,} numbers, and its weights have only {weights.size:,} bytes",
            hint="the configuration is not that of the weights beside it",
        )


def _check_keys(found: dict[str, Any], *, where: str) -> None:
    problems = [
        f"{name}: {listing([printable(key, limit=_LONGEST_NAME) for key in sorted(map(str, found[field]))])}"
        for name, field in (
            ("missing", "missing_keys"),
            ("unexpected", "unexpected_keys"),
            ("of another shape", "mismatched_keys"),
            ("failed", "error_msgs"),
        )
        if found.get(field)
    ]
    if problems:
        raise CheckpointError(
            f"{where}: the weights do not fit the configuration; {'; '.join(problems)}",
            hint="the configuration is not that of the weights beside it",
        )


def _unknown_options(
    library: ModuleType, model_class: Any, kind: Kind, config: dict[str, Any], *, where: str
) -> tuple[str, ...]:
    """Options that the installed library would ignore: of a newer version they make another network."""
    taken = set(inspect.signature(model_class.__init__).parameters) | set(kind.known) | set(_AVERAGING)
    unknown = [
        name for name, value in config.items() if name not in taken and not name.startswith("_") and value is not None
    ]
    if not unknown:
        return ()
    names = listing([printable(name, limit=_LONGEST_NAME) for name in unknown])
    wrote, has = str(config.get("_diffusers_version", "")), str(library.__version__)
    if _version(wrote) > _version(has):
        raise CheckpointError(
            f"{where} was written by diffusers {printable(wrote)} and has options that the installed {has} does not "
            f"know: {names}",
            hint="pip install --upgrade diffusers",
        )
    return (f"options that diffusers {has} does not know were ignored, as it does itself: {names}",)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _is_float(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()
