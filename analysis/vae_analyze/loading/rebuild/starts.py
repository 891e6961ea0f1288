"""The candidates that a fit starts from: orders of layers with geometries that lead back to the data's shape."""

from __future__ import annotations

import math
from itertools import pairwise

from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.choices import Choices, Half
from vae_analyze.loading.rebuild.geometry import Geometry, geometries, side_of
from vae_analyze.loading.rebuild.structure import Link, Structure, Width
from vae_analyze.loading.settling.convention import Split
from vae_analyze.loading.unwrapping.content import ModuleTree

SIDES = (28, 32, 64, 96, 128, 224, 256)
_MOST_PER_SIDE = 60
_MOST_FRONT = 12
_MOST_BACK = 12
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
        ways.sort(key=lambda pair: pair[0].cost + pair[1].cost)
        found += [_candidate(plan, shape, pair, 0.5 * at) for pair in ways[:_MOST_PER_SIDE]]
    return found


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
    for front in fronts[:_MOST_FRONT]:
        found += [(front, back) for back in _backs(plan, front, side, tree)[:_MOST_BACK]]
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
    return geometries(plan.encoder, side=side, ends=_flattened(links), tree=tree, behind=False)


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
