"""TorchScript programs that other people wrote: methods found by name, shapes and conventions found on data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vae_analyze.errors import CheckpointError, UsageError
from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.own_files.answered import encoded
from vae_analyze.loading.own_files.live_core import LiveCore
from vae_analyze.loading.settling.convention import ConditionalConventional, Conventional
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.settle import Known, settle
from vae_analyze.loading.source import Source

NAME = "TorchScript"
_SIDES = (32, 64, 28, 128, 96, 256, 16)  # of images that networks are made for, the commonest first
_SAMPLES = 3  # not 1 and not 2: an axis of that length is the batch and nothing else
_SAVE = "save the model with vae_analyze.save(model, path, example=batch), whose files hold encoder and decoder apart"


def read_foreign(module: Any, source: Source, options: LoadOptions) -> Loaded:
    """A model of somebody else's TorchScript module.

    Args:
        module: In evaluation mode, its operators looked at.
        source: Where it lies.
        options: As given; the evidence decides shapes and conventions.

    Raises:
        CheckpointError: It has no separate encoder and decoder, there are no data to find its shapes with, or the
            conventions remain open.
    """
    encode, decode, how = _methods(module, source)
    if options.evidence is None or len(options.evidence) == 0:
        raise CheckpointError(
            f"{source.shown} is a TorchScript program, which does not say what shape its samples have",
            hint="name the data that it is to be analysed on with --data",
        )
    module.float()
    core = _shaped(module, (encode, decode), options.evidence, source)
    settled = settle(core, options, known=Known())
    kind = Conventional if settled.convention.labels == "none" else ConditionalConventional
    model = kind(core, settled.convention, value_range=settled.value_range)
    flat = (Assumption(what="samples", value="as vectors", source="the shape it runs with"),) if core.flat else ()
    card = Card(
        name=options.name or source.stem,
        architecture=f"TorchScript {printable(module.original_name, limit=60)}",
        input_shape=core.input_shape,
        latent_shape=core.latent_shape,
        fingerprint=fingerprint({"checkpoint": source.path}, options, settled=settled.choices),
        path=str(source.path),
        format=NAME,
        deterministic=settled.convention.second == "none",
        conditional=settled.convention.labels != "none",
        parameters=sum(weight.numel() for weight in module.parameters()),
        assumptions=(
            Assumption(what="encoder and decoder", value=how, source="names in the program"),
            *flat,
            *settled.assumptions,
        ),
    )
    return Loaded(model, card)


def _methods(module: Any, source: Source) -> tuple[Callable[..., Any], Callable[..., Any], str]:
    """The two functions and where they are."""
    from vae_analyze.loading.own_files.torchscript import called

    names = module._c._method_names()
    parts = {name for name, part in module.named_children() if "forward" in part._c._method_names()}
    found: list[tuple[Callable[..., Any], str]] = []
    for what in ("encode", "decode"):
        if what in names:
            method = getattr(module, what)
        elif f"{what}r" in parts:
            method = getattr(module, f"{what}r").forward
        else:
            has = listing([printable(name) for name in (*names, *sorted(parts))], most=10) or "nothing"
            raise CheckpointError(
                f"{source.shown} is a TorchScript program without {what} or {what}r; it has {has}", hint=_SAVE
            )
        found.append((method, f"method {what}" if what in names else f"submodule {what}r"))

    def through(method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda value, labels=None: called(method, value, labels)

    (encode, first), (decode, second) = found
    return through(encode), through(decode), f"{first}, {second}"


def _shaped(
    module: nn.Module, pair: tuple[Callable[..., Any], Callable[..., Any]], evidence: Evidence, source: Source
) -> LiveCore:
    """The network with the shapes of samples and codes with which it runs there and back."""
    tried: list[str] = []
    for x in _candidates(evidence):
        for flat in (False, True):
            shape = tuple(x.shape[1:])
            core = LiveCore(*pair, [module], input_shape=shape, flat=flat)
            for labels in _labels(evidence):
                latent = _latent(core, x, labels)
                if latent is not None:
                    return LiveCore(*pair, [module], input_shape=shape, latent_shape=latent, flat=flat)
        tried.append(str(tuple(x.shape[1:])))
    raise CheckpointError(
        f"{source.shown} is a TorchScript program that does not encode and decode samples of the shapes "
        f"{listing(tried)} of {printable(evidence.name)}",
        hint=f"name data of the shape that it was trained on with --data, or {_SAVE}",
    )


def _candidates(evidence: Evidence) -> Iterator[Tensor]:
    yield evidence.x[:_SAMPLES]
    if evidence.resize is not None and len(evidence.shape) == 3:
        for side in _SIDES:
            if evidence.shape[1:] != (side, side):
                yield evidence.resize(side, side)[:_SAMPLES]


def _labels(evidence: Evidence) -> Iterator[Tensor | None]:
    yield None
    if evidence.labels is not None:
        numbers = evidence.labels[:_SAMPLES]
        yield numbers
        if evidence.classes:
            yield one_hot(numbers, evidence.classes).float()


def _latent(core: LiveCore, x: Tensor, labels: Tensor | None) -> tuple[int, ...] | None:
    """The shape of a code with which the network gives back samples of the shape it was given; None: it fails."""
    with torch.no_grad():
        try:
            tensors = encoded(core.raw(x, labels)).tensors
        except (RuntimeError, ValueError, UsageError):
            return None
        shape = tuple(tensors[0].shape[1:])
        halves = [] if len(tensors) == 2 or not shape or shape[0] % 2 else [(shape[0] // 2, *shape[1:])]
        for code in [shape, *halves]:
            try:
                x_hat = core.decoded(torch.zeros(len(x), *code), labels)
            except (RuntimeError, ValueError, UsageError):
                continue
            if x_hat.shape == x.shape:
                return code
    return None
