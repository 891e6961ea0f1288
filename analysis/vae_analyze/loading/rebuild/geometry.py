"""Strides, paddings, poolings and upsamplings that lead from the image's size to the code and back."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

from vae_analyze.loading.rebuild.gaps import Gap
from vae_analyze.loading.unwrapping.content import ModuleTree

_MOST_STEPS = 6000
_ANOTHER = 0.7  # two layers of one kernel that differ in their setting
_AVERAGE = 0.6
_BILINEAR = 0.4
_UNUSED_ROOM = 0.5


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """How one convolution is set.

    Args:
        stride: Of the convolution.
        padding: On every side.
        output_padding: Of a transposed convolution.
        transposed: Whether it is one.
        pool: Pooling by 2 behind it: "max", "avg" or "".
        up: Upsampling by 2 ahead of it: "nearest", "bilinear" or "".
    """

    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    transposed: bool = False
    pool: str = ""
    up: str = ""

    def out(self, side: int, kernel: int) -> int:
        """The side of what comes out; 0 where nothing does."""
        side *= 2 if self.up else 1
        if self.transposed:
            side = (side - 1) * self.stride - 2 * self.padding + kernel + self.output_padding
        else:
            side = (side + 2 * self.padding - kernel) // self.stride + 1 if side + 2 * self.padding >= kernel else 0
        return max(side // 2 if self.pool else side, 0)

    def place(self, side: int, out: int) -> object:
        """What a setting amounts to on maps of a side: a kernel that has a single place has no stride."""
        if (side == 1 and self.transposed) or (out == 1 and not self.transposed and not self.pool):
            return replace(self, stride=1, output_padding=0), out
        return self, out

    def said(self, kernel: int) -> str:
        """In short, such as "k4s2p1"."""
        text = f"{'up2 ' if self.up else ''}k{kernel}s{self.stride}p{self.padding}"
        text += f"+{self.output_padding}" if self.output_padding else ""
        return text + (f" {self.pool}pool2" if self.pool else "")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Geometry:
    """The settings of all convolutions of one half.

    Args:
        settings: In order.
        start: Side of the maps that enter the first; 0 where there are no maps.
        end: Side of the maps that leave the last.
        averaged: Whether maps are averaged to one pixel before they become a vector.
        cost: How unusual; 0 at best.
    """

    settings: tuple[Setting, ...] = ()
    start: int = 0
    end: int = 0
    averaged: bool = False
    cost: float = 0.0


# Usual settings of a convolution (stride, padding, cost) by kernel; the first are the most usual.
_CONV: dict[int, tuple[tuple[int, int, float], ...]] = {
    1: ((1, 0, 0.0), (2, 0, 0.6)),
    2: ((2, 0, 0.0), (1, 0, 0.6), (1, 1, 0.9)),
    3: ((2, 1, 0.0), (1, 1, 0.3), (1, 0, 0.6), (2, 0, 0.7)),
    4: ((2, 1, 0.0), (1, 0, 0.5), (2, 0, 0.5), (1, 1, 0.8), (2, 2, 0.9), (1, 2, 0.9), (4, 0, 0.9)),
    5: ((2, 2, 0.0), (1, 2, 0.3), (1, 0, 0.5), (2, 0, 0.6), (2, 1, 0.8), (1, 1, 0.9)),
    6: ((2, 2, 0.0), (2, 0, 0.4), (1, 0, 0.6)),
    7: ((1, 3, 0.2), (2, 3, 0.2), (1, 0, 0.4), (2, 0, 0.8)),
    8: ((1, 0, 0.3), (2, 3, 0.3), (4, 2, 0.4), (2, 0, 0.6), (4, 0, 0.6)),
}
# Of a transposed one: stride, padding, output padding, cost.
_DECONV: dict[int, tuple[tuple[int, int, int, float], ...]] = {
    1: ((1, 0, 0, 0.0), (2, 0, 1, 0.8)),
    2: ((2, 0, 0, 0.0), (1, 0, 0, 0.6), (2, 0, 1, 0.8)),
    3: (
        (2, 1, 1, 0.0),
        (1, 1, 0, 0.3),
        (2, 1, 0, 0.5),
        (2, 0, 0, 0.6),
        (1, 0, 0, 0.6),
        (2, 0, 1, 0.8),
    ),
    4: ((2, 1, 0, 0.0), (1, 0, 0, 0.4), (2, 0, 0, 0.6), (1, 1, 0, 0.8), (2, 2, 0, 0.9), (2, 1, 1, 0.9), (1, 2, 0, 0.9)),
    5: (
        (2, 2, 1, 0.0),
        (1, 2, 0, 0.3),
        (1, 0, 0, 0.5),
        (2, 0, 0, 0.5),
        (2, 2, 0, 0.6),
        (2, 1, 1, 0.7),
        (2, 1, 0, 0.7),
        (2, 0, 1, 0.8),
        (1, 1, 0, 0.9),
    ),
    6: ((2, 2, 0, 0.0), (2, 0, 0, 0.3), (1, 0, 0, 0.6), (2, 1, 0, 0.8)),
    7: ((1, 3, 0, 0.2), (1, 0, 0, 0.3), (2, 3, 1, 0.3), (2, 0, 0, 0.8)),
    8: ((2, 3, 0, 0.2), (1, 0, 0, 0.3), (4, 2, 0, 0.4), (2, 0, 0, 0.6)),
}


def geometries(
    gaps: tuple[Gap, ...], *, side: int, ends: int | None, tree: ModuleTree | None, behind: bool
) -> list[Geometry]:
    """The settings by which maps of a side, sent through a half's convolutions, end as they must; the usual first.

    Args:
        gaps: The half's links.
        side: Of the maps that enter the first convolution.
        ends: Side that must come out of the last convolution; None: any.
        tree: Facts, where the file holds a pickled module.
        behind: Whether it is the decoder.
    """
    convs = tuple(gap for gap in gaps if gap.owner.layer.kind == "conv")
    if not convs:
        return [Geometry(start=side, end=side)]
    before = {gap.owner.layer.path: gaps[at - 1] if at else None for at, gap in enumerate(gaps)}
    options = [tuple(_options(gap, before[gap.owner.layer.path], tree, behind=behind)) for gap in convs]
    kernels = [gap.owner.layer.shape[2] for gap in convs]
    kinds = [(gap.owner.layer.shape[2], gap.owner.layer.block is None) for gap in convs]
    return list(_ways(options, kernels, kinds, side, ends))


def _ways(
    options: list[tuple[tuple[Setting, float], ...]],
    kernels: list[int],
    kinds: list[tuple[int, bool]],
    side: int,
    ends: int | None,
) -> Iterator[Geometry]:
    waiting: list[tuple[float, int, int, tuple[Setting, ...]]] = [(0.0, 0, side, ())]
    count = 0
    while waiting and count < _MOST_STEPS:
        cost, _, at, done = heapq.heappop(waiting)
        if len(done) == len(options):
            if ends is None or at == ends:
                yield Geometry(settings=done, start=side, end=at, cost=cost)
            continue
        kernel = kernels[len(done)]
        kind = kinds[len(done)]
        earlier = {setting for setting, size in zip(done, kinds, strict=False) if size == kind}
        alike: set[object] = set()
        for setting, extra in options[len(done)]:
            out = setting.out(at, kernel)
            if out < 1 or setting.place(at, out) in alike:
                continue
            alike.add(setting.place(at, out))
            count += 1
            other = _ANOTHER if earlier and setting not in earlier else 0.0
            heapq.heappush(waiting, (cost + extra + other, count, out, (*done, setting)))


def _options(gap: Gap, before: Gap | None, tree: ModuleTree | None, *, behind: bool) -> Iterator[tuple[Setting, float]]:
    fact = _fact(gap, before, tree, behind=behind)
    if fact is not None:
        yield from fact
        return
    if gap.owner.layer.block is not None:
        yield from _blocked(gap, behind=behind)
    elif behind:
        yield from _decoding(gap, before)
    else:
        yield from _encoding(gap)


def _blocked(gap: Gap, *, behind: bool) -> Iterator[tuple[Setting, float]]:
    """Of a residual block, which keeps sides but for its stride."""
    layer = gap.owner.layer
    padding = layer.shape[2] // 2
    yield Setting(padding=padding), 0.2
    if behind:
        for up in ("nearest", "bilinear"):
            yield Setting(padding=padding, up=up), 0.3 + _BILINEAR * (up == "bilinear")
        return
    if layer.block is not None and layer.block.shortcut is not None:
        yield Setting(stride=2, padding=padding), 0.1
    for pool in ("max", "avg"):
        yield Setting(padding=padding, pool=pool), 0.3 + _AVERAGE * (pool == "avg")


def _encoding(gap: Gap) -> Iterator[tuple[Setting, float]]:
    kernel = gap.owner.layer.shape[2]
    for stride, padding, cost in _CONV.get(kernel, _usual(kernel)):
        room = gap.room
        # Two modules behind are an activation and something else; a dropout is possible, a pooling likelier.
        idle = _UNUSED_ROOM if room is not None and room > 1 and stride == 1 else 0.0
        yield Setting(stride=stride, padding=padding), cost + idle
        if stride == 1 and (room is None or room >= 1) and kernel > 1:
            unusual = 0.0 if room is None or room > 1 else _UNUSED_ROOM
            for pool, extra in (("max", 0.0), ("avg", _AVERAGE)):
                yield Setting(stride=stride, padding=padding, pool=pool), cost + extra + unusual


def _decoding(gap: Gap, before: Gap | None) -> Iterator[tuple[Setting, float]]:
    layer = gap.owner.layer
    kernel = layer.shape[2]
    square = layer.shape[0] == layer.shape[1]
    if gap.owner.transposed or square:
        for stride, padding, more, cost in _DECONV.get(kernel, _unusual(kernel)):
            if more == 0 or more < stride:
                yield Setting(stride=stride, padding=padding, output_padding=more, transposed=True), cost
    if not gap.owner.transposed or square:
        room = _room_ahead(gap, before)
        doubt = 0.5 if gap.owner.transposed else 0.0
        for padding, cost in (((kernel - 1) // 2, 0.0), (0, 0.6)) if kernel > 1 else ((0, 0.0),):
            yield Setting(padding=padding), cost + doubt + 0.3
            if room is None or room >= 1:
                for up, extra in (("nearest", 0.2), ("bilinear", 0.2 + _BILINEAR)):
                    yield Setting(padding=padding, up=up), cost + doubt + extra


def _room_ahead(gap: Gap, before: Gap | None) -> int | None:
    """Modules without weights just ahead of a layer; None: not known."""
    if before is not None and before.behind is not None:
        return before.room
    return gap.ahead if gap.ahead is not None else None


def _usual(kernel: int) -> tuple[tuple[int, int, float], ...]:
    half = kernel // 2
    return ((1, 0, 0.4), (1, half, 0.4), (2, half, 0.4), (2, 0, 0.8))


def _unusual(kernel: int) -> tuple[tuple[int, int, int, float], ...]:
    half = kernel // 2
    return ((1, 0, 0, 0.4), (1, half, 0, 0.4), (2, half, 1, 0.4), (2, half - 1, 0, 0.4), (2, 0, 0, 0.8))


def _fact(gap: Gap, before: Gap | None, tree: ModuleTree | None, *, behind: bool) -> list[tuple[Setting, float]] | None:
    """A pickled module's own numbers; None where there are none."""
    node = None if tree is None else tree.at(gap.owner.layer.path)
    if node is None or not node.library:
        return None
    numbers = {name: _single(node.attributes.get(name)) for name in ("stride", "padding", "output_padding", "dilation")}
    stride, padding = numbers["stride"], numbers["padding"]
    if stride is None or padding is None or (numbers["dilation"] or 1) != 1:
        return None
    transposed = "Transpose" in node.class_name
    found = []
    for pool in _pools(gap) if not behind else ("",):
        for up in _ups(gap, before) if behind else ("",):
            setting = Setting(
                stride=stride,
                padding=padding,
                output_padding=numbers["output_padding"] or 0 if transposed else 0,
                transposed=transposed,
                pool=pool,
                up=up,
            )
            found.append((setting, 0.3 * bool(pool) + 0.3 * bool(up)))
    return found


def _pools(gap: Gap) -> tuple[str, ...]:
    if gap.nodes is None:
        return ("", "max", "avg")
    kinds = [node.class_name for node in gap.nodes]
    return ("max",) if "MaxPool2d" in kinds else ("avg",) if "AvgPool2d" in kinds else ("",)


def _ups(gap: Gap, before: Gap | None) -> tuple[str, ...]:
    nodes = (*((before.nodes or ()) if before else ()), *(gap.nodes_ahead or ()))
    for node in nodes:
        if node.class_name.startswith("Upsampl"):
            return ("bilinear" if node.attributes.get("mode") == "bilinear" else "nearest",)
    known = gap.nodes_ahead is not None or (before is not None and before.nodes is not None)
    return ("",) if known else ("", "nearest", "bilinear")


def _single(value: object) -> int | None:
    """One number for height and width."""
    if isinstance(value, (list, tuple)):
        return int(value[0]) if value and all(isinstance(x, int) and x == value[0] for x in value) else None
    if isinstance(value, bool):
        return None
    return value if isinstance(value, int) else None


def side_of(numbers: int, channels: int) -> int:
    """Side of the square maps that so many numbers make; 0 where they make none."""
    side = math.isqrt(numbers // channels) if channels and numbers % channels == 0 else 0
    return side if side * side * channels == numbers else 0
