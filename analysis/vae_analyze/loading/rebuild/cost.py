"""How much a way through the layers goes against their names and their order in the file.

A Sequential runs its children in order, so leaving one half-way is all but impossible; the order of a file is that in
which attributes were set, which is mostly but not always the order of use; names are mostly honest.
"""

from __future__ import annotations

from typing import final

from vae_analyze.loading.rebuild.heads import HeadPair
from vae_analyze.loading.rebuild.layers import Layer
from vae_analyze.loading.rebuild.names import head_of, part_of

_BROKEN_SEQUENCE = 8.0
_SKIPPED = 1.0
_BACKWARD = 1.5
_OTHER_PART = 3.0
_HEAD_ELSEWHERE = 2.0
_UNNAMED_PAIR = 1.0
_PARENTS_APART = 2.0


@final
class Costs:
    """The costs of steps through one chain of layers.

    Args:
        chain: Every linear layer and convolution, in the order of the file.
    """

    def __init__(self, chain: tuple[Layer, ...]) -> None:
        self._place = {layer.path: at for at, layer in enumerate(chain)}
        self._siblings = {
            layer.path: [x for x in chain if x is not layer and x.index is not None and x.parent == layer.parent]
            for layer in chain
            if layer.index is not None
        }
        self._part = {layer.path: part_of(layer.path) for layer in chain}
        self._head = {layer.path: head_of(layer.path) for layer in chain}

    def step(self, last: Layer | None, layer: Layer, used: frozenset[str]) -> float:
        """The cost of a layer after another (None: of the first)."""
        cost = self._sequence(last, layer, used)
        at = self._place[layer.path]
        if last is None:
            return cost + (_SKIPPED if at else 0.0)
        before = self._place[last.path]
        if at == before + 1:
            return cost
        return cost + (_SKIPPED if at > before else _BACKWARD)

    def before_event(self, layer: Layer) -> float:
        """The cost of a layer on the encoder's side, before the heads."""
        cost = _OTHER_PART if self._part[layer.path] == "decoder" else 0.0
        return cost + (_HEAD_ELSEWHERE if self._head[layer.path] else 0.0)

    def after_event(self, layer: Layer) -> float:
        """The cost of a layer on the decoder's side."""
        cost = _OTHER_PART if self._part[layer.path] == "encoder" else 0.0
        return cost + (_HEAD_ELSEWHERE if self._head[layer.path] == "second" else 0.0)

    def head(self, layer: Layer, event: str) -> float:
        """The cost of a single head: one named as head was already counted as out of place in the trunk."""
        spoken = self._head[layer.path]
        return -_HEAD_ELSEWHERE if spoken and (event == "double" or spoken == "mean") else 0.0

    def pair(self, last: Layer | None, pair: HeadPair, used: frozenset[str]) -> float:
        """The cost of two parallel chains as heads."""
        one, other = pair.first[0].layer, pair.second[0].layer
        early, late = sorted((one, other), key=lambda layer: self._place[layer.path])
        cost = self.step(last, early, used | pair.paths)
        cost += 0.0 if pair.named else _UNNAMED_PAIR
        if self._place[late.path] != self._place[early.path] + len(pair.first):
            cost += _SKIPPED
        if one.index is not None and other.index is not None and one.parent == other.parent:
            cost += _BROKEN_SEQUENCE
        elif not pair.named and one.parent != other.parent:
            cost += _PARENTS_APART
        return cost + sum(self._torn(layer, pair, used) for layer in (one, other))

    def _torn(self, layer: Layer, pair: HeadPair, used: frozenset[str]) -> float:
        """A head on the decoder's side, or taken out of the middle of a Sequential."""
        left = [x for x in self._siblings.get(layer.path, ()) if x.path not in used and x.path not in pair.paths]
        return _BROKEN_SEQUENCE * bool(left) + (_OTHER_PART if self._part[layer.path] == "decoder" else 0.0)

    def _sequence(self, last: Layer | None, layer: Layer, used: frozenset[str]) -> float:
        cost = 0.0
        if layer.index is not None:
            skipped = any(x.path not in used and (x.index or 0) < layer.index for x in self._siblings[layer.path])
            cost += _BROKEN_SEQUENCE * skipped
        if last is not None and last.index is not None and layer.parent != last.parent:
            unfinished = any(x.path not in used for x in self._siblings[last.path])
            cost += _BROKEN_SEQUENCE * unfinished
        return cost
