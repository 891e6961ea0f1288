"""The steps of a residual block."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vae_analyze.loading.rebuild.choices import Half, named
from vae_analyze.loading.rebuild.geometry import Setting
from vae_analyze.loading.rebuild.layers import Block, Layer
from vae_analyze.loading.rebuild.steps import Step

Normalising = Callable[[Layer], Step]


def block_steps(block: Block, half: Half, setting: Setting, normalising: Normalising) -> Iterator[Step]:
    """What a block does, from what enters it to the sum and the activation behind.

    Args:
        block: What it consists of.
        half: The choices; their style says where activations stand.
        setting: The stride of the block as a whole.
        normalising: The step of a normalisation.
    """
    strided = _strided(block)
    first = half.style == "active first"
    yield Step(op="keep")
    for at, (layer, norm) in enumerate(zip(block.main, block.norms, strict=True)):
        last = at == len(block.main) - 1
        if norm is not None and block.ahead:
            yield normalising(norm)
        if first or (norm is not None and block.ahead):
            yield from _activation(half)
        yield _weights(layer, setting.stride if layer is strided else 1)
        if norm is not None and not block.ahead:
            yield normalising(norm)
        if half.style == "active inside" or (not last and not first and not block.ahead):
            yield from _activation(half)
    if block.shortcut is not None:
        yield Step(op="swap")
        yield _weights(block.shortcut, setting.stride)
        if block.shortcut_norm is not None:
            yield normalising(block.shortcut_norm)
        yield Step(op="swap")
    yield Step(op="add")
    if half.style == "then active":
        yield from _activation(half)


def _strided(block: Block) -> Layer:
    """The layer that makes maps smaller: the first with a kernel of more than one pixel."""
    return next((layer for layer in block.main if layer.shape[2:] > (1, 1)), block.main[0])


def _weights(layer: Layer, stride: int) -> Step:
    if layer.kind == "linear":
        return Step(op="linear", at=layer.path)
    return Step(op="conv", at=layer.path, stride=stride, padding=layer.shape[2] // 2)


def _activation(half: Half) -> Iterator[Step]:
    kind, slope = named(half.activation)
    if kind != "none":
        yield Step(op="activation", kind=kind, number=slope)
