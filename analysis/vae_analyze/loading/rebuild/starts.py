"""The candidates that a fit starts from: orders of layers with geometries that lead back to the data's shape."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.choices import Choices, Half
from vae_analyze.loading.rebuild.gaps import Gap
from vae_analyze.loading.rebuild.geometry import Geometry, geometries, side_of
from vae_analyze.loading.rebuild.structure import Link, Structure, Width
from vae_analyze.loading.settling.convention import Split
from vae_analyze.loading.unwrapping.content import ModuleTree

SIDES = (28, 32, 64, 96, 128, 224, 256)
_MOST_PER_SIDE = 60
_MOST_FRONT = 12
_MOST_BACK = 12
_MOST_MIRRORED = 60  # of one half, where the other mirrors it
_MOST_OTHERWISE = 60
_AVERAGED = 0.5
_UNMIRRORED = 1.5  # of two geometries that go together, in which are tried at all: halves mirror each other as a rule
# Codes with more numbers than the data: hardly what anybody trains, and they reconstruct well whatever the rest is.
_EXPANDING = 25.0


def candidates(plan: Plan, shapes: list[tuple[int, ...]], tree: ModuleTree | None) -> list[Candidate]:
    """Candidates of one plan, the usual ones first.

    Args:
        plan: The order of the layers.
        shapes: Of samples, those to prefer first.
        tree: Facts of a pickled module.
    """
    found: list[Candidate] = []
    for at, shape in enumerate(shapes):
        ways = _ways(plan, shape, tree)
        ways.sort(key=lambda pair: _priority(plan, pair[0], pair[1], shape[-1]))
        found += [_candidate(plan, shape, pair, 0.5 * at) for pair in ways[:_MOST_PER_SIDE]]
    return found


def otherwise(candidate: Candidate, tree: ModuleTree | None) -> list[Candidate]:
    """A candidate with every other geometry of one half, the other half as it is: more than can be tried in pairs.

    Args:
        candidate: With everything else settled.
        tree: Facts of a pickled module.
    """
    plan, shape, choices = candidate.plan, candidate.shape, candidate.choices
    front, back = choices.encoder.geometry, choices.decoder.geometry
    side = shape[-1] if len(shape) == 3 else 0
    fronts = [
        one for one in _fronts(plan, side, tree)[:_MOST_OTHERWISE] if not plan.structure.maps or one.end == front.end
    ]
    pairs = [(one, back) for one in fronts]
    pairs += [(front, one) for one in _backs(plan, front, side, tree)[:_MOST_OTHERWISE]]
    started = [_candidate(plan, shape, pair, 0.0) for pair in pairs]
    return [
        replace(
            candidate,
            choices=replace(
                choices,
                encoder=replace(choices.encoder, geometry=one.choices.encoder.geometry),
                decoder=replace(choices.decoder, geometry=one.choices.decoder.geometry),
            ),
            start=one.start,
        )
        for one in started
    ]


def _candidate(plan: Plan, shape: tuple[int, ...], pair: tuple[Geometry, Geometry], late: float) -> Candidate:
    front, back = pair
    split: Split = "halves" if plan.structure.event == "double" else "separate"
    choices = Choices(encoder=Half(geometry=front), decoder=Half(geometry=back), split=split)
    start = front.cost + back.cost + late + plan.structure.cost
    if plan.structure.maps and plan.structure.latent * front.end**2 > math.prod(shape):
        start += _EXPANDING
    return Candidate(plan=plan, choices=choices, shape=shape, start=start)


def _ways(plan: Plan, shape: tuple[int, ...], tree: ModuleTree | None) -> list[tuple[Geometry, Geometry]]:
    structure = plan.structure
    side = shape[-1] if len(shape) == 3 else 0
    if not enters(structure, shape):
        return []
    fronts = _fronts(plan, side, tree)
    found = []
    backs: dict[int, list[Geometry]] = {}
    for at, front in enumerate(fronts[:_MOST_MIRRORED]):
        if front.end not in backs:
            backs[front.end] = _backs(plan, front, side, tree)[:_MOST_MIRRORED]
        found += [
            (front, back)
            for number, back in enumerate(backs[front.end])
            if (at < _MOST_FRONT and number < _MOST_BACK) or mirrored(plan, front, back, side)
        ]
    return found


def _priority(plan: Plan, front: Geometry, back: Geometry, side: int) -> float:
    return front.cost + back.cost + _UNMIRRORED * (not mirrored(plan, front, back, side))


def mirrored(plan: Plan, front: Geometry, back: Geometry, side: int) -> bool:
    """Whether the maps of the decoder pass through the sides that those of the encoder did, the other way round."""
    down = _sides(plan.encoder, front, side)
    return down == _sides(plan.decoder, back, back.start)[::-1]


def _sides(gaps: tuple[Gap, ...], geometry: Geometry, side: int) -> list[int]:
    kernels = [gap.owner.layer.shape[2] for gap in gaps if gap.owner.layer.kind == "conv"]
    found = [side]
    for setting, kernel in zip(geometry.settings, kernels, strict=False):
        found.append(setting.out(found[-1], kernel))
    return found


def enters(structure: Structure, shape: tuple[int, ...]) -> bool:
    """Whether data of this shape fit both ends."""
    entry, last = structure.encoder[0], structure.decoder[-1]
    return _meets(entry.enters - entry.extra, entry, shape) and _meets(last.leaves, last, shape)


def _meets(size: int, link: Link, shape: tuple[int, ...]) -> bool:
    if link.layer.kind == "conv":
        return len(shape) == 3 and shape[0] == size
    return math.prod(shape) == size


def _fronts(plan: Plan, side: int, tree: ModuleTree | None) -> list[Geometry]:
    links = plan.structure.encoder
    if all(link.layer.kind == "linear" for link in links):
        return [Geometry()]
    ends = _flattened(links)
    found = geometries(plan.encoder, side=side, ends=ends, tree=tree, behind=False)
    if ends != 1:
        return found
    # One number per channel: maps that have shrunk to one pixel, or the mean over all pixels.
    whole = geometries(plan.encoder, side=side, ends=None, tree=tree, behind=False)
    found += [replace(one, averaged=True, cost=one.cost + _AVERAGED) for one in whole if one.end > 1]
    return sorted(found, key=lambda one: one.cost)


def _flattened(links: tuple[Link, ...]) -> int | None:
    """Side of the maps that a linear layer takes as a vector; None where none does."""
    for before, link in pairwise(links):
        if before.layer.kind == "conv" and link.layer.kind == "linear":
            return side_of(link.enters - link.extra, before.leaves)
    return None


def _backs(plan: Plan, front: Geometry, side: int, tree: ModuleTree | None) -> list[Geometry]:
    links = plan.structure.decoder
    at = next((at for at, link in enumerate(links) if link.layer.kind == "conv"), None)
    if at is None:
        return [Geometry()]
    start = _start(plan, front, at)
    if not start:
        return []
    end = _flattened(links) if links[-1].layer.kind == "linear" else side
    return geometries(plan.decoder, side=start, ends=end, tree=tree, behind=True)


def _start(plan: Plan, front: Geometry, at: int) -> int:
    """Side of the maps that enter the decoder's first convolution."""
    links = plan.structure.decoder
    channels = links[at].enters - links[at].extra
    if at:
        return side_of(links[at - 1].leaves, channels)
    if plan.structure.maps:
        return front.end
    return side_of(plan.structure.latent, channels)


def shapes_for(structure: Structure, own: tuple[int, ...] | None) -> list[tuple[int, ...]]:
    """Shapes of samples that a structure can take: the data's own first, then usual sizes of square images.

    Args:
        structure: The order of layers.
        own: Shape of the data; None: there are none.
    """
    entry, last = structure.encoder[0], structure.decoder[-1]
    ends = ((entry, entry.enters - entry.extra), (last, last.leaves))
    numbers = next((size for link, size in ends if link.layer.kind == "linear"), 0)
    if own is not None and len(own) == 1:
        return [own]
    channels = own[0] if own is not None else _channels(entry, last, numbers)
    if numbers:
        side = side_of(numbers, channels)
        if own is not None and math.prod(own) == numbers:
            return [own]
        if own is None:
            return [(channels, side, side)] if side in SIDES else [(numbers,)]
        return [(channels, side, side)] if side else []
    sides = [*([own[1]] if own is not None and own[1] == own[2] else []), *SIDES]
    return [(channels, side, side) for side in dict.fromkeys(sides)]


def takes(own: tuple[int, ...], width: Width) -> bool:
    """Whether data of a shape can enter as vectors of some length or maps of some channels, resized perhaps."""
    if width.maps:
        return len(own) == 3 and own[0] == width.size
    return width.size == math.prod(own) or (len(own) == 3 and side_of(width.size, own[0]) > 0)


def _channels(entry: Link, last: Link, numbers: int) -> int:
    for link, size in ((entry, entry.enters - entry.extra), (last, last.leaves)):
        if link.layer.kind == "conv":
            return size
    return 1 if side_of(numbers, 1) else 3 if side_of(numbers, 3) else 1
