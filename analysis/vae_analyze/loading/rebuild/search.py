"""The search for ways through all layers, those that names and order speak for first."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import final

from vae_analyze.loading.rebuild.cost import Costs
from vae_analyze.loading.rebuild.heads import HeadPair, head_pairs
from vae_analyze.loading.rebuild.layers import Layer
from vae_analyze.loading.rebuild.structure import Event, Link, Structure, Width

_SLACK = 2.0  # structures that cost this much more than the best one are not considered
_MOST_STEPS = 20_000
_MOST_FOUND = 6
_CONDITIONAL = 3.0
_SINGLE = 3.0
_DOUBLE = 0.5
_NARROW = 3.0  # data of fewer numbers than their code
_NOT_WIDEST = 2.0
_MOST_CLASSES = 1000


@final
@dataclass
class _Way:
    """A way so far."""

    trunk: tuple[Link, ...] = ()
    first: tuple[Link, ...] = ()
    second: tuple[Link, ...] = ()
    decoder: tuple[Link, ...] = ()
    event: Event | None = None
    width: Width | None = None
    latent: Width | None = None
    used: frozenset[str] = frozenset()
    cost: float = 0.0


@final
@dataclass
class Search:
    """All ways through the layers of a chain.

    Args:
        chain: Every linear layer and convolution, in the order of the file.
        extras: How many features a label may add, where that is known; None: anything that the shapes agree on.
        data: Whether the data can be vectors of some length or maps of some channels; None: not known.
        embedding: Path of a table of label vectors, or "".
    """

    chain: tuple[Layer, ...]
    extras: tuple[int, ...] | None = None
    data: Callable[[Width], bool] | None = None
    embedding: str = ""
    found: dict[tuple[tuple[str, ...], ...], Structure] = field(default_factory=dict)
    steps: int = 0
    best: float = math.inf

    def run(self) -> tuple[Structure, ...]:
        """The structures found, the likeliest first; empty where no way uses every layer."""
        self._pairs = head_pairs(self.chain)
        self._costs = Costs(self.chain)
        if len(self.chain) >= 2:
            self._explore()
        ranked = sorted(self.found.values(), key=lambda structure: structure.cost)
        near = [structure for structure in ranked if structure.cost <= self.best + _SLACK]
        return tuple(near[:_MOST_FOUND])

    def _explore(self) -> None:
        """Ways are extended in the order of their cost, so that the likeliest structures come first."""
        waiting: list[tuple[float, int, int, _Way]] = [(0.0, 0, 0, _Way())]
        while waiting and self.steps < _MOST_STEPS:
            cost, _, _, way = heapq.heappop(waiting)
            if cost > self.best + _SLACK:
                return
            if len(way.used) == len(self.chain):
                self._finish(way)
                continue
            for following in self._following(way):
                self.steps += 1
                # Of equal costs the longest way goes first, then the one found first.
                heapq.heappush(waiting, (following.cost, -len(following.used), self.steps, following))

    def _following(self, way: _Way) -> Iterator[_Way]:
        if way.event is None:
            for pair in self._pairs:
                yield from self._paired(way, pair)
        for layer in self.chain:
            if layer.path in way.used:
                continue
            yield from self._plain(way, layer)
            if way.event is None and way.width is not None:
                yield from self._coded(way, layer)

    def _paired(self, way: _Way, pair: HeadPair) -> Iterator[_Way]:
        if way.used & pair.paths or not accepts(way.width, pair.first[0], self._opening(way)):
            return
        first = _extended(pair.first, _extra(way.width, pair.first[0]))
        out = first[-1].width
        cost = way.cost + self._costs.pair(_last(way), pair, way.used)
        yield replace(
            way,
            first=first,
            second=pair.second if first is pair.first else _extended(pair.second, first[0].extra),
            event="pair",
            width=out,
            latent=out,
            used=way.used | pair.paths,
            cost=cost,
        )

    def _plain(self, way: _Way, layer: Layer) -> Iterator[_Way]:
        """One layer more, on the encoder's side or the decoder's."""
        behind = way.event is not None
        for plain in _orientations(layer, both=behind):
            if not accepts(way.width, plain, self._opening(way)):
                continue
            link = replace(plain, extra=_extra(way.width, plain))
            cost = way.cost + self._costs.step(_last(way), layer, way.used)
            cost += self._costs.after_event(layer) if behind else self._costs.before_event(layer)
            cost += _CONDITIONAL if link.extra else 0.0
            grown = replace(way, width=link.width, used=way.used | {layer.path}, cost=cost)
            if behind:
                yield replace(grown, decoder=(*way.decoder, link))
            else:
                yield replace(grown, trunk=(*way.trunk, link))

    def _coded(self, way: _Way, layer: Layer) -> Iterator[_Way]:
        """The layer before gave the code; this one begins the decoder."""
        if not way.trunk or way.width is None:
            return
        head = way.trunk[-1]
        for event, size in (("double", way.width.size // 2), ("single", way.width.size)):
            if event == "double" and way.width.size % 2:
                continue
            width = Width(size=size, maps=way.width.maps)
            for plain in _orientations(layer, both=True):
                if not accepts(width, plain, self._labels()):
                    continue
                link = replace(plain, extra=_extra(width, plain))
                cost = way.cost + self._costs.step(_last(way), layer, way.used) + self._costs.after_event(layer)
                cost += self._costs.head(head.layer, event) + (_DOUBLE if event == "double" else _SINGLE)
                cost += _CONDITIONAL if link.extra else 0.0
                yield replace(
                    way,
                    trunk=way.trunk[:-1],
                    first=(head,),
                    decoder=(link,),
                    event=event,  # type: ignore[arg-type]  # one of the two words of the loop
                    width=link.width,
                    latent=width,
                    used=way.used | {layer.path},
                    cost=cost,
                )

    def _opening(self, way: _Way) -> tuple[int, ...]:
        """What a label may add at this place: where the decoder begins, or where maps are flattened before the code."""
        if way.event is not None and not way.decoder:
            return self._labels()
        return ()

    def _labels(self) -> tuple[int, ...]:
        return tuple(range(1, _MOST_CLASSES)) if self.extras is None else self.extras

    def _finish(self, way: _Way) -> None:
        if way.event is None or not way.decoder or way.latent is None or way.width is None:
            return
        entry = (*way.trunk, *way.first)[0]
        extra = label_width(entry, way.width)
        behind = way.decoder[0].extra
        if extra is None or (extra and behind and extra != behind and not way.latent.maps):
            return
        if extra and self.extras is not None and extra not in self.extras:
            return
        if behind and not extra and self.extras is None:
            return  # a label's length that only one place speaks of could be anything
        data = Width(size=entry.enters - extra, maps=entry.layer.kind == "conv")
        if self.data is not None and not self.data(data):
            return
        cost = way.cost + (_CONDITIONAL if extra and not behind else 0.0)
        cost += self._narrow(data, way.latent)
        structure = _structure(way, extra, cost, self.embedding)
        known = self.found.get(structure.spoken)
        if known is None or cost < known.cost:
            self.found[structure.spoken] = structure
        self.best = min(self.best, cost)

    def _narrow(self, data: Width, latent: Width) -> float:
        """Data are the widest of all as a rule, and hardly ever narrower than their code."""
        if data.maps:
            return 0.0
        cost = _NARROW if not latent.maps and data.size <= latent.size else 0.0
        widest = max((max(layer.shape[:2]) for layer in self.chain if layer.kind == "linear"), default=0)
        return cost + (_NOT_WIDEST if self.data is None and data.size < widest else 0.0)


def _structure(way: _Way, extra: int, cost: float, embedding: str) -> Structure:
    trunk, first, second = way.trunk, way.first, way.second
    if extra and trunk:
        trunk = _extended(trunk, extra)
    elif extra:
        first, second = _extended(first, extra), _extended(second, extra) if second else ()
    latent = way.latent
    assert latent is not None
    assert way.event is not None
    return Structure(
        trunk=trunk,
        first=first,
        second=second,
        decoder=way.decoder,
        event=way.event,
        latent=latent.size,
        maps=latent.maps,
        embedding=embedding,
        cost=cost,
    )


def label_width(entry: Link, end: Width) -> int | None:
    """How many features of the first layer's input are a label, given what comes out at the end; None: they do not fit.

    Vectors of the data's size and maps of the data's channels may stand at either end.
    """
    maps = entry.layer.kind == "conv"
    if maps == end.maps:
        extra = entry.enters - end.size
        return extra if 0 <= extra <= _MOST_CLASSES else None
    vector, channels = (end.size, entry.enters) if maps else (entry.enters, end.size)
    return 0 if square(vector, channels) else None


def accepts(width: Width | None, link: Link, extras: tuple[int, ...]) -> bool:
    """Whether a layer can follow; ``extras`` is what a label may add."""
    if width is None:
        return True
    if _fits(width, link, 0):
        return True
    return bool(extras) and any(_fits(width, link, extra) for extra in _possible(width, link, extras))


def _possible(width: Width, link: Link, extras: tuple[int, ...]) -> tuple[int, ...]:
    if width.maps and link.layer.kind != "conv":
        return extras if len(extras) < 10 else ()
    difference = link.enters - width.size
    return (difference,) if difference in extras else ()


def _fits(width: Width, link: Link, extra: int) -> bool:
    enters = link.enters - extra
    if enters < 1:
        return False
    if link.layer.kind == "conv":
        return enters == width.size if width.maps else square(width.size, enters)
    return square(enters, width.size) if width.maps else enters == width.size


def _extra(width: Width | None, link: Link) -> int:
    if width is None or _fits(width, link, 0):
        return 0
    return link.enters - width.size


def square(numbers: int, channels: int) -> bool:
    """Whether so many numbers are square maps of so many channels."""
    if channels < 1 or numbers % channels:
        return False
    side = math.isqrt(numbers // channels)
    return side >= 1 and side * side * channels == numbers


def _orientations(layer: Layer, *, both: bool) -> list[Link]:
    """The ways to read a weight that its bias allows; which way a square one lies is asked later, as `transposed`."""
    if layer.kind == "linear" or not both or layer.block is not None:
        return [Link(layer=layer)] if not layer.outputs or layer.outputs == layer.shape[0] else []
    if layer.shape[0] == layer.shape[1]:
        return [Link(layer=layer, transposed=True)]
    ways = [Link(layer=layer, transposed=True), Link(layer=layer)]
    return [link for link in ways if not layer.outputs or layer.outputs == link.leaves]


def _extended(links: tuple[Link, ...], extra: int) -> tuple[Link, ...]:
    return (replace(links[0], extra=extra), *links[1:]) if extra else links


def _last(way: _Way) -> Layer | None:
    links = way.decoder or way.second or way.first or way.trunk
    return links[-1].layer if links else None
