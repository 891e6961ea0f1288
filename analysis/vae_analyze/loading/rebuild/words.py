"""What a person and the file say about a network, as limits on what may be chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild.choices import Squash, Style
from vae_analyze.loading.rebuild.layers import Layer, Layers
from vae_analyze.loading.rebuild.space import Open
from vae_analyze.loading.rebuild.structure import Structure
from vae_analyze.loading.rebuild.tail import activation_of
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.unwrapping.content import Content

_STATED = {
    "relu": "relu",
    "leakyrelu": "leaky_relu(0.01)",
    "lrelu": "leaky_relu(0.01)",
    "tanh": "tanh",
    "elu": "elu",
    "gelu": "gelu",
    "silu": "silu",
    "swish": "silu",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "mish": "mish",
}
_MNIST_RANGE = (-0.4242, 2.8215)
_OUTPUTS: dict[str, tuple[Squash, ...]] = {
    "prob": ("sigmoid", "none", "tanh in [0, 1]"),
    "logits": ("sigmoid",),
    "tanh": ("tanh", "none in [-1, 1]"),
    "same": ("as it went in",),
}


def open_to(content: Content, layers: Layers, structure: Structure, options: LoadOptions) -> Open:
    """What may be chosen for a structure, once what was said and what lies in the file are taken into account."""
    kinds = {layer.kind for layer in _attached(layers)}
    said = said_activations(content)
    start = Open(
        swaps=not structure.second or not _named(structure),
        norms=any(layer.kind in ("batchnorm", "norm") and layer.index is None for layer in _attached(layers)),
        grouped="norm" in kinds,
        labels=bool(structure.extra),
        styles=_styles(layers),
        ranges=_ranges(options),
        squashes=_squashes(options),
        entry=content.modules is None and not _in_a_row(structure),
    )
    if not said:
        return start
    return replace(start, activations=said)


def _in_a_row(structure: Structure) -> bool:
    """Whether the decoder's first layer is followed as the rest is: in one Sequential, or as its only hidden layer."""
    first, *more = structure.decoder
    return len(more) < 2 or (first.layer.index is not None and first.layer.parent == more[0].layer.parent)


def _styles(layers: Layers) -> tuple[Style, ...]:
    blocks = [layer.block for layer in layers.chain if layer.block is not None]
    if not blocks:
        return ("then active",)
    if all(block.ahead for block in blocks):
        return ("sum", "then active")
    return ("then active", "sum", "active first", "active inside")


def _attached(layers: Layers) -> list[Layer]:
    inside = [norm for layer in layers.chain if layer.block is not None for norm in layer.block.norms]
    return [layer for attached in layers.attached.values() for layer in attached] + [x for x in inside if x is not None]


def _named(structure: Structure) -> bool:
    from vae_analyze.loading.rebuild.names import head_of

    first, second = (head_of(links[-1].layer.path) for links in (structure.first, structure.second))
    return {first, second} == {"mean", "second"}


def _ranges(options: LoadOptions) -> tuple[tuple[float, float], ...]:
    if options.range is not None:
        return (options.range,)
    evidence = options.evidence
    if evidence is not None and evidence.value_range is None:
        return ((0.0, 1.0),)  # data without bounds are passed on as they are
    if evidence is not None and len(evidence.shape) == 3 and evidence.shape[0] == 1:
        return ((0.0, 1.0), (-1.0, 1.0), _MNIST_RANGE)
    return ((0.0, 1.0), (-1.0, 1.0))


def _squashes(options: LoadOptions) -> tuple[Squash, ...]:
    if options.output != "auto":
        return _OUTPUTS[options.output]
    if _unbounded(options.evidence):
        return ("none", "sigmoid", "tanh")
    usual: tuple[Squash, ...] = ("sigmoid", "tanh", "none", "none in [-1, 1]", "tanh in [0, 1]")
    # In the two usual ranges it is one of those.
    return (*usual, "as it went in") if set(_ranges(options)) - {(0.0, 1.0), (-1.0, 1.0)} else usual


def _unbounded(evidence: Evidence | None) -> bool:
    return evidence is not None and evidence.value_range is None


def said_activations(content: Content) -> tuple[str, ...]:
    """Activations that a pickled module holds, or that stand beside the weights; empty where nothing is said."""
    if content.modules is not None:
        found = [activation_of(node) for node in content.modules.nodes]
        hidden = [name for name in dict.fromkeys(found) if name not in ("", "sigmoid", "none")]
        # A tanh beside another activation squashes the data.
        plain = [name for name in hidden if name != "tanh"] or hidden
        if plain:
            return tuple(plain)
    return _stated(content.stated)


def _stated(stated: dict[str, Any]) -> tuple[str, ...]:
    for key, value in stated.items():
        if not any(word in key.lower() for word in ("activation", "nonlin", "act_fn", "act_func")):
            continue
        if isinstance(value, str):
            word = "".join(char for char in value.lower().rpartition(".")[2] if char.isalpha())
            if word in _STATED:
                return (_with_slope(_STATED[word], stated),)
    return ()


def _with_slope(activation: str, stated: dict[str, Any]) -> str:
    slope = stated.get("negative_slope", stated.get("leaky_slope"))
    if activation.startswith("leaky_relu") and isinstance(slope, (int, float)):
        return f"leaky_relu({float(slope):g})"
    return activation
