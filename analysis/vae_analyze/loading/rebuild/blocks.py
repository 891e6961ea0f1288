"""Residual blocks: groups of layers whose result is added to what entered them.

Shapes say that a skip is possible, names that there is one; how a block is built is settled on data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from torch import Tensor

from vae_analyze.loading.rebuild.layers import Block, Layer, Layers, gathered, listed

_SHORTCUT = re.compile(
    r"shortcut|skip|downsample|identity|nin|residual_?(conv|proj)|res_?(conv|proj)|match", re.IGNORECASE
)
_RESIDUAL = re.compile(r"res(?![a-z])|res_?(block|net|layer|unit|stack|idual)|block|layer|unit", re.IGNORECASE)
_NUMBERED = re.compile(r"(conv|fc|lin|linear|layer|dense)_?\d+", re.IGNORECASE)
_SINGLE = re.compile(r"res(idual)?_?\d*|res_?(layer|fc|linear|block)_?\d*", re.IGNORECASE)
_MOST_LAYERS = 3


def with_blocks(tensors: Mapping[str, Tensor]) -> Layers | None:
    """All layers, those of a residual block as one; None where nothing looks like one."""
    layers = listed(tensors)
    found: dict[str, Layer] = {}
    for path in _modules(layers):
        inside = [layer for layer in layers if layer.path == path or layer.path.startswith(f"{path}.")]
        block = None if any(path.startswith(f"{one}.") for one in found) else _block(path, inside)
        if block is not None:
            found[path] = block
    if not found:
        return None
    rest = [x for x in layers if not any(x.path == path or x.path.startswith(f"{path}.") for path in found)]
    return gathered(sorted([*rest, *found.values()], key=lambda layer: layer.order))


def _modules(layers: list[Layer]) -> list[str]:
    """Every module that may be a block, the outer ones first."""
    paths: dict[str, None] = {}
    for layer in layers:
        pieces = layer.path.split(".")
        for depth in range(1, len(pieces)):
            paths[".".join(pieces[:depth])] = None
        if layer.weighted and _SINGLE.fullmatch(pieces[-1]):
            paths[layer.path] = None
    return sorted(paths, key=lambda path: path.count("."))


def _block(path: str, inside: list[Layer]) -> Layer | None:
    beside = [x for x in inside if _SHORTCUT.search(x.path.removeprefix(path)) and x.path != path]
    main = [x for x in inside if x.weighted and x not in beside]
    across = [x for x in beside if x.weighted]
    norms = [x for x in inside if x.kind in ("batchnorm", "norm") and x not in beside]
    known = len(main) + len(across) + len(norms) + sum(x.kind in ("batchnorm", "norm") for x in beside) == len(inside)
    if not known or not _chained(main) or len(across) > 1 or len(norms) not in (0, len(main)):
        return None
    first, last, kinds = main[0], main[-1], {layer.kind for layer in (*main, *across)}
    enters, leaves = first.shape[1], last.shape[0]
    if len(kinds) > 1 or not _named(path, main, spoken=bool(across)):
        return None
    if across and across[0].shape[:2] != (leaves, enters):
        return None
    if not across and (enters != leaves or beside):
        return None
    placed = _placed(main, norms)
    if placed is None:
        return None
    aside = next((x for x in beside if not x.weighted), None)
    block = Block(
        main=tuple(main),
        norms=placed[0],
        ahead=placed[1],
        shortcut=across[0] if across else None,
        shortcut_norm=aside,
    )
    widest = max(main, key=lambda layer: layer.shape[2:])
    shape = (leaves, enters, *widest.shape[2:])
    return replace(first, path=path, shape=shape, biased=True, outputs=leaves, block=block)


def _chained(main: list[Layer]) -> bool:
    if not 1 <= len(main) <= _MOST_LAYERS:
        return False
    odd = all(size % 2 for layer in main for size in layer.shape[2:])
    return odd and all(two.shape[1] == one.shape[0] for one, two in pairwise(main))


def _named(path: str, main: list[Layer], *, spoken: bool) -> bool:
    """Whether names speak of a block; two layers in a row are nothing special."""
    if len(main) == 1:
        return spoken or (main[0].path == path and _SINGLE.fullmatch(path.rpartition(".")[2]) is not None)
    if main[0].path == path:
        return False
    last = [layer.path.rpartition(".")[2] for layer in main]
    within = ".".join(main[0].parent.split(".")[-2:])
    return spoken or all(_NUMBERED.fullmatch(name) for name in last) or _RESIDUAL.search(within) is not None


def _placed(main: list[Layer], norms: list[Layer]) -> tuple[tuple[Layer | None, ...], bool] | None:
    """The normalisation of each layer, and whether they come ahead; None where widths agree with neither."""
    if not norms:
        return (None,) * len(main), False
    behind = all(norm.shape[0] == layer.shape[0] for norm, layer in zip(norms, main, strict=True))
    before = all(norm.shape[0] == layer.shape[1] for norm, layer in zip(norms, main, strict=True))
    if not behind and not before:
        return None
    ahead = before and (not behind or norms[0].order < main[0].order)
    return tuple(norms), ahead
