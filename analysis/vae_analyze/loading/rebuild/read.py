"""From a file of bare weights to a model with its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.adapters.adapter_template import next_steps
from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.files.kinds import container
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.rebuild.announce import assumptions
from vae_analyze.loading.rebuild.blueprint import assemble
from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.decide import Decided, decide
from vae_analyze.loading.rebuild.layers import Layers, layers_of
from vae_analyze.loading.rebuild.network import Rebuilt
from vae_analyze.loading.rebuild.picture import picture
from vae_analyze.loading.rebuild.reparameterised import multiplied
from vae_analyze.loading.rebuild.unfit import unfit
from vae_analyze.loading.settling.convention import ConditionalConventional, Convention, Conventional, Output
from vae_analyze.loading.settling.settle import Known, settle
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import checked
from vae_analyze.loading.unwrapping.content import Content
from vae_analyze.loading.unwrapping.unwrap import chosen, unwrap

FORMAT = "rebuilt from names and shapes"
_OUTPUTS: dict[str, Output] = {
    "sigmoid": "logits",
    "tanh": "tanh",
    "none": "prob",
    "none in [-1, 1]": "tanh",
    "tanh in [0, 1]": "prob",
    "as it went in": "same",
}


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Weights:
    """What a file holds, as far as a rebuild needs it.

    Args:
        content: Everything.
        tensors: Of the network that was chosen, multiplied out.
        layers: Those of these tensors.
    """

    content: Content
    tensors: dict[str, Tensor]
    layers: Layers


def read(source: Source, options: LoadOptions) -> Loaded:
    """The model that the weights in a file most likely are.

    Raises:
        CheckpointError: They are something else, no order of layers uses all of them, or the evidence is thin.
    """
    weights = weights_of(source, options)
    with torch.no_grad():
        decided = decide(weights.content, weights.tensors, weights.layers, options, where=source.shown)
        return _loaded(source, weights, decided, options)


def weights_of(source: Source, options: LoadOptions) -> Weights:
    """The network to rebuild, out of the file.

    Raises:
        CheckpointError: Nothing of the kind.
    """
    from vae_analyze.loading.unwrapping.foreign import foreign

    content = unwrap(source.content, options, container=container(source.head))
    state = chosen(content, options)
    other = foreign(state.tensors)
    if other:
        raise CheckpointError(
            f"expected the weights of a VAE, found {other}: {source.shown}",
            hint="give the autoencoder's own checkpoint",
        )
    numbers = {name: value for name, value in state.tensors.items() if value.is_floating_point()}
    checked(numbers, where=source.shown)
    tensors = multiplied(state.tensors)
    reason = unfit(tensors)
    if reason:
        raise refusal(source.shown, reason, content, options)
    return Weights(content=content, tensors=tensors, layers=layers_of(tensors))


def refusal(where: str, reason: str, content: Content, options: LoadOptions) -> CheckpointError:
    """What cannot be rebuilt, and what to do about it."""
    shape = options.evidence.shape if options.evidence is not None else None
    return CheckpointError(
        f"{where}: expected an MLP or convolutional VAE that follows from names and shapes, found {reason}",
        hint=next_steps(content, input_shape=shape),
    )


def _loaded(source: Source, weights: Weights, decided: Decided, options: LoadOptions) -> Loaded:
    best = decided.best
    blueprint = assemble(best.plan, best.choices, best.shape)
    core = Rebuilt(blueprint, weights.tensors)
    convention, second, value_range = _convention(core, best, options)
    found = [*assumptions(best, decided.layers, decided.fit, options), *second]
    kind = ConditionalConventional if blueprint.classes else Conventional
    model = kind(core, convention, value_range=value_range)
    card = Card(
        name=options.name or source.stem,
        architecture=picture(best),
        input_shape=blueprint.input_shape,
        latent_shape=blueprint.latent_shape,
        fingerprint=fingerprint({"weights": source.path}, options, settled=_settled(blueprint.to_dict(), convention)),
        path=str(source.path),
        format=FORMAT,
        deterministic=convention.second == "none",
        conditional=bool(blueprint.classes),
        parameters=sum(weight.numel() for weight in core.parameters()),
        details=_details(weights, blueprint.to_dict()),
        assumptions=tuple(found),
        warnings=(*decided.warnings, *(printable(note, limit=300) for note in weights.content.notes)),
    )
    return Loaded(model, card)


def _convention(
    core: Rebuilt, best: Candidate, options: LoadOptions
) -> tuple[Convention, list[Assumption], tuple[float, float] | None]:
    choices, blueprint = best.choices, core.blueprint
    structure = best.plan.structure
    labels = "none" if not blueprint.classes else "index" if blueprint.embedded else "onehot"
    known = Known(
        input_range=choices.input_range,
        second="none" if structure.event == "single" else None,
        split=choices.split,
        swapped=choices.swapped,
        output=_OUTPUTS[choices.squash],
        labels=labels,  # type: ignore[arg-type]  # one of the three words
        classes=blueprint.classes,
        names=tuple(links[-1].layer.path for links in (structure.first, structure.second) if links),
    )
    # What was fitted here is not asked again: only the second output is open.
    settled = settle(core, replace(options, range=None, output="auto", labels="auto"), known=known)
    second = [assumption for assumption in settled.assumptions if assumption.what == "second output"]
    return settled.convention, second, settled.value_range


def _settled(blueprint: Mapping[str, Any], convention: Convention) -> dict[str, str]:
    return {"blueprint": repr(blueprint), "convention": repr(convention)}


def _details(weights: Weights, blueprint: dict[str, Any]) -> dict[str, Any]:
    stated = {printable(name): value for name, value in weights.content.stated.items()}
    return {"blueprint": blueprint} | ({"stated": stated} if stated else {})
