"""Tensors grouped into the layers that they belong to, by name and shape, in the order of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

from torch import Tensor

Kind = Literal["linear", "conv", "batchnorm", "norm", "prelu", "scalar", "other"]
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
_MOST_SCALARS = 1


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One module with tensors of its own.

    Args:
        path: Its dotted name; the root's tensors have paths of their own.
        order: Its place in the file.
        kind: By its tensors' names and shapes; "norm" is a layer, group or instance norm; "scalar" is a lone number.
        shape: Of its weight.
        biased: Whether there is a bias.
        outputs: Length of the bias; 0 without one.
        block: What it consists of, where it is a residual block; the kernel is that of its largest convolution.
    """

    path: str
    order: int
    kind: Kind
    shape: tuple[int, ...]
    biased: bool = False
    outputs: int = 0
    block: Block | None = None

    @property
    def parent(self) -> str:
        """The module that it lies in."""
        return self.path.rpartition(".")[0]

    @property
    def index(self) -> int | None:
        """Its place among its parent's children, where the parent numbers them (a Sequential)."""
        last = self.path.rpartition(".")[2]
        return int(last) if last.isdigit() else None

    @property
    def weighted(self) -> bool:
        """Whether it is a link of the chain: it changes the number of features."""
        return self.kind in ("linear", "conv")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """What a residual block consists of.

    Args:
        main: Its layers in order.
        norms: The normalisation that belongs to each of them; None: none.
        ahead: Whether normalisations come ahead of their layers.
        shortcut: The layer beside them, for want of which what enters is added as it is.
        shortcut_norm: A normalisation behind that.
    """

    main: tuple[Layer, ...]
    norms: tuple[Layer | None, ...]
    ahead: bool = False
    shortcut: Layer | None = None
    shortcut_norm: Layer | None = None


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """All layers of a file.

    Args:
        chain: Linear layers and convolutions, in order.
        attached: Normalisations and learned slopes by the path of the linear layer or convolution they follow.
        loose: What belongs to none of them and has no part in encoding or decoding: lone numbers.
        odd: What is none of the kinds known here.
        beside: Modules and parameters that were left out, because they are something beside the autoencoder.
    """

    chain: tuple[Layer, ...]
    attached: dict[str, tuple[Layer, ...]] = field(default_factory=dict)
    loose: tuple[Layer, ...] = ()
    odd: tuple[Layer, ...] = ()
    beside: tuple[str, ...] = ()


def layers_of(tensors: Mapping[str, Tensor]) -> Layers:
    """The layers that these tensors belong to; `reparameterised.multiplied` comes first."""
    return gathered(listed(tensors))


def listed(tensors: Mapping[str, Tensor]) -> list[Layer]:
    """Every layer in the order of the file, whatever its kind."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        path, last = _place(name)
        groups.setdefault(path, {})[last] = tensor
    return [_layer(path, order, parts) for order, (path, parts) in enumerate(groups.items())]


def gathered(layers: list[Layer]) -> Layers:
    """Layers by the part that they have in a network."""
    chain = tuple(layer for layer in layers if layer.weighted)
    attached, stray = _attach(layers, chain)
    odd = [layer for layer in layers if layer.kind == "other"] + stray
    return Layers(
        chain=chain,
        attached=attached,
        loose=tuple(layer for layer in layers if layer.kind == "scalar"),
        odd=tuple(sorted(odd, key=lambda layer: layer.order)),
    )


def _place(name: str) -> tuple[str, str]:
    path, _, last = name.rpartition(".")
    return (path, last) if last in ("weight", "bias", *_BUFFERS) and path else (name, "")


def _layer(path: str, order: int, parts: Mapping[str, Tensor]) -> Layer:
    weight, bias = parts.get("weight"), parts.get("bias")
    if weight is None:
        lone = parts.get("")
        if "running_mean" in parts:
            return Layer(path=path, order=order, kind="batchnorm", shape=tuple(parts["running_mean"].shape))
        scalar = lone is not None and lone.numel() <= _MOST_SCALARS
        whole = lone if lone is not None else next(iter(parts.values()))
        return Layer(path=path, order=order, kind="scalar" if scalar else "other", shape=tuple(whole.shape))
    return Layer(
        path=path,
        order=order,
        kind=_kind(weight, bias, "running_mean" in parts),
        shape=tuple(weight.shape),
        biased=bias is not None,
        outputs=0 if bias is None else int(bias.numel()),
    )


def _kind(weight: Tensor, bias: Tensor | None, running: bool) -> Kind:  # noqa: FBT001 - private, one call
    if running:
        return "batchnorm"
    if weight.ndim <= 1:
        return "prelu" if bias is None else "norm"
    if bias is not None and bias.shape == weight.shape:
        return "norm"  # a layer norm over channels, height and width
    if weight.ndim == 2:
        return "linear"
    return "conv" if weight.ndim == 4 else "other"


def _attach(layers: list[Layer], chain: tuple[Layer, ...]) -> tuple[dict[str, tuple[Layer, ...]], list[Layer]]:
    """Each normalisation and slope to the layer it follows; also those that follow none."""
    attached: dict[str, tuple[Layer, ...]] = {}
    stray: list[Layer] = []
    for layer in layers:
        if layer.kind not in ("batchnorm", "norm", "prelu"):
            continue
        owners = [owner for owner in chain if _fits(owner, layer)]
        free = [owner for owner in owners if all(x.kind != layer.kind for x in attached.get(owner.path, ()))]
        if not free:
            stray.append(layer)
            continue
        owner = min(free, key=lambda owner: _distance(owner, layer))
        attached[owner.path] = (*attached.get(owner.path, ()), layer)
    return attached, stray


def _fits(owner: Layer, layer: Layer) -> bool:
    if layer.kind == "prelu" and layer.shape in ((), (1,)):
        return True
    sizes = set(owner.shape[:2]) if owner.kind == "conv" else {owner.shape[0]}
    if owner.outputs:
        sizes = {owner.outputs}
    return len(layer.shape) >= 1 and layer.shape[0] in sizes


def _distance(owner: Layer, layer: Layer) -> tuple[int, int, int, int]:
    """In a Sequential the layer just before; else the one of the same number and parent; else the nearest before."""
    sequential = owner.index is not None and layer.index is not None and owner.parent == layer.parent
    after = owner.order > layer.order
    if sequential:
        return (1 if after else 0, 0, abs(layer.order - owner.order), 0)
    same = owner.parent == layer.parent and _number(owner.path) == _number(layer.path)
    return (0 if same else 1, int(owner.parent != layer.parent), int(after), abs(layer.order - owner.order))


def _number(path: str) -> str:
    found = re.findall(r"\d+", path.rpartition(".")[2])
    return found[-1] if found else ""
