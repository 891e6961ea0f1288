"""Pairs of parallel layers, or of parallel short chains, that may give the mean and the second output."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import final

from vae_analyze.loading.rebuild.layers import Layer
from vae_analyze.loading.rebuild.names import head_of
from vae_analyze.loading.rebuild.structure import Link


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class HeadPair:
    """Two chains of equal shapes.

    Args:
        first: The one that names call the mean, else the one that comes first in the file.
        second: The other.
        named: Whether names tell which is which.
    """

    first: tuple[Link, ...]
    second: tuple[Link, ...]
    named: bool

    @property
    def paths(self) -> frozenset[str]:
        """The layers of both."""
        return frozenset(link.layer.path for link in (*self.first, *self.second))


def head_pairs(chain: tuple[Layer, ...]) -> tuple[HeadPair, ...]:
    """Every pair of layers of equal shape, and of groups of layers of equal shapes, those named as heads first."""
    pairs = [
        _pair((one,), (other,))
        for one, other in combinations(chain, 2)
        if one.shape == other.shape and one.kind == other.kind and one.block is None and other.block is None
    ]
    pairs += [_pair(one, other) for one, other in combinations(_groups(chain), 2) if _parallel(one, other)]
    unique = {(pair.paths, pair.first[0].layer.path): pair for pair in pairs}
    return tuple(sorted(unique.values(), key=lambda pair: not pair.named))


def _pair(one: tuple[Layer, ...], other: tuple[Layer, ...]) -> HeadPair:
    named = (_head(one, other), _head(other, one))
    first, second = (other, one) if named == ("second", "mean") else (one, other)
    return HeadPair(
        first=tuple(Link(layer=layer) for layer in first),
        second=tuple(Link(layer=layer) for layer in second),
        named=set(named) == {"mean", "second"},
    )


def _head(mine: tuple[Layer, ...], theirs: tuple[Layer, ...]) -> str:
    """What a chain's own words say, those that both chains share left out."""
    shared = 0
    one, other = mine[-1].path, theirs[-1].path
    pieces, others = one.split("."), other.split(".")
    while shared < min(len(pieces), len(others)) - 1 and pieces[shared] == others[shared]:
        shared += 1
    own, rest = head_of(".".join(pieces[shared:])), head_of(".".join(others[shared:]))
    if own:
        return own
    return {"mean": "second", "second": "mean"}.get(rest, "")


def _groups(chain: tuple[Layer, ...]) -> list[tuple[Layer, ...]]:
    """Layers under one module, and layers whose names speak of one head; two or more each."""
    groups: dict[str, list[Layer]] = {}
    for layer in chain:
        pieces = layer.path.split(".")
        for depth in range(1, len(pieces)):
            groups.setdefault(".".join(pieces[:depth]), []).append(layer)
        spoken = head_of(layer.path)
        if spoken:
            groups.setdefault(f"<{spoken}>", []).append(layer)
    found = {tuple(layers): None for layers in groups.values() if 2 <= len(layers) < len(chain)}
    return list(found)


def _parallel(one: tuple[Layer, ...], other: tuple[Layer, ...]) -> bool:
    if {layer.path for layer in one} & {layer.path for layer in other}:
        return False
    shapes = [(layer.kind, layer.shape) for layer in one]
    return shapes == [(layer.kind, layer.shape) for layer in other] and _chained(one)


def _chained(layers: tuple[Layer, ...]) -> bool:
    """Whether each takes what the one before gives; maps may be flattened in between."""
    for before, after in pairwise(layers):
        flattened = before.kind == "conv" and after.kind == "linear"
        if after.shape[1] != before.shape[0] and not (flattened and after.shape[1] % before.shape[0] == 0):
            return False
    return True
