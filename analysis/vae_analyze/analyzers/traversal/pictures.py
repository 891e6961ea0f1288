"""Traversals as pictures: strips with sliders, what changes, where dimensions act, and a moving mosaic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.pixels import LARGEST_SIDE, as_pixels, averaged_down
from vae_analyze.analyzers.traversal.measured import largest
from vae_analyze.analyzers.traversal.shown import Strip, column_names
from vae_analyze.findings import Cell, Column, Figure, Pictures, Table

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.measured import Measured

GROUP = "traversals"
ANCHOR = "anchor"
_GAP = 2  # pixels between the tiles of a mosaic
Pixels = NDArray[np.uint8]


def slider_figures(measured: Measured, strips: list[Strip]) -> list[Figure]:
    """For every anchor the traversals, and what changes against the anchor."""
    bounds = _bounds(measured, strips)
    reach = max(largest(strip.frames - strip.anchor) for strip in strips) or 1.0
    made = []
    for at, strip in enumerate(strips):
        made.append(_sliders(measured, strip, at, bounds))
        made.append(_changes(measured, strip, at, reach))
    return made


def _bounds(measured: Measured, strips: list[Strip]) -> tuple[float, float]:
    known = measured.gathered.context.data.value_range
    if known is not None:
        return float(known[0]), float(known[1])
    every = torch.cat([strip.frames.flatten() for strip in strips])
    every = every[torch.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    return low, high if high > low else low + 1


def _grid(measured: Measured, strip: Strip, tiles: Pixels, anchor: Pixels) -> Pictures:
    """The tiles with the anchor's column boxed; where no frame is the anchor it comes first."""
    names = column_names(measured)
    labels = tuple(measured.label(k) for k in measured.drawn)
    own = strip.column_of_anchor(measured.values[measured.drawn])
    if own is not None:
        return Pictures(pixels=tiles, row_labels=labels, column_labels=names, boxed=(own,))
    first = np.broadcast_to(anchor, (len(tiles), 1, *anchor.shape))
    pixels = np.concatenate([first, tiles], axis=1)
    return Pictures(pixels=pixels, row_labels=labels, column_labels=(ANCHOR, *names), boxed=(0,))


def _sliders(measured: Measured, strip: Strip, at: int, bounds: tuple[float, float]) -> Figure:
    grid = _grid(measured, strip, as_pixels(strip.frames, bounds), as_pixels(strip.anchor, bounds))
    title = strip.name.capitalize()
    return Figure(
        name=f"traversal_{at}",
        kind="sliders",
        title=title,
        alt=_alt(measured, strip),
        table=_table(measured, strip, f"traversal_{at}", f"{title}: squared difference to the anchor"),
        caption=f"From the {strip.name} ({strip.note}). Rows: dimensions by falling {measured.falling}; "
        f"columns: {_columns(measured)}; all other dimensions stay as they are. Boxed: the anchor."
        f"{_left_out(measured)}{_smaller(measured)}",
        pictures=grid,
        group=GROUP,
    )


def _changes(measured: Measured, strip: Strip, at: int, reach: float) -> Figure:
    change = as_pixels(strip.frames - strip.anchor, (-reach, reach))
    still = as_pixels(torch.zeros_like(strip.anchor), (-reach, reach))
    title = f"{strip.name.capitalize()}: change"
    return Figure(
        name=f"change_{at}",
        kind="sliders",
        title=title,
        alt=f"Difference of every frame to the decoded anchor. {_alt(measured, strip)}",
        table=_table(measured, strip, f"change_{at}", f"{title}, squared"),
        caption=f"Frame minus decoded anchor; mid-grey: no change, white: {reach:.3g} more, black: {reach:.3g} less, "
        f"the same scale for every anchor.{_smaller(measured)}",
        pictures=_grid(measured, strip, change, still),
        group=GROUP,
    )


def _alt(measured: Measured, strip: Strip) -> str:
    ends = np.nan_to_num(strip.change).max(axis=1)
    most, least = int(ends.argmax()), int(ends.argmin())
    names = [measured.name(k) for k in measured.drawn]
    text = f"From the {strip.name}, {names[most]} changes the output most, by up to an MSE of {ends[most]:.3g}"
    return text + (f"; {names[least]} least, by up to {ends[least]:.3g}." if len(names) > 1 else ".")


def _table(measured: Measured, strip: Strip, name: str, title: str) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (measured.name(k), float(value), float(change))
        for row, k in enumerate(measured.drawn)
        for value, change in zip(measured.values[k], strip.change[row], strict=True)
    ]
    columns = (
        Column(name="dimension"),
        Column(name="z", unit="latent unit"),
        Column(name="mse_to_anchor", unit="data unit²"),
    )
    return Table(name=name, title=title, columns=columns, rows=tuple(rows))


def _columns(measured: Measured) -> str:
    return {
        "linear": "values of z",
        "prior": "values of z at even steps of the prior's probability",
        "posterior": "quantiles of the dimension's aggregate posterior",
    }[measured.options.spacing]


def _left_out(measured: Measured) -> str:
    left = len(measured) - len(measured.drawn)
    return f" {left} dead dimension{'s that move' if left > 1 else ' that moves'} nothing not drawn." if left else ""


def _smaller(measured: Measured) -> str:
    shape = measured.gathered.context.data.input_shape
    grey = "" if shape[0] in (1, 3) else f" Shown is the mean of {shape[0]} channels."
    return grey + (" Pictures are averaged down." if max(shape[1:]) > LARGEST_SIDE else "")


def heat_figure(measured: Measured) -> Figure:
    """Where each drawn dimension acts, on a common scale and each on its own."""
    heat, drawn = measured.heat, measured.drawn
    maps = averaged_down(torch.from_numpy(heat.maps[drawn])[:, None])
    top = largest(maps) or 1.0
    own = maps.flatten(start_dim=1).amax(dim=1).clamp(min=1e-300)[:, None, None, None]
    rows: list[tuple[Cell, ...]] = []
    for at, k in enumerate(drawn):
        row, column = heat.centre(k)
        rows.append((measured.name(k), float(maps[at].max()), row, column, heat.share(k)))
    where = max(range(len(drawn)), key=lambda at: float(maps[at].max()))
    title = "Where each dimension acts"
    how = "forward-mode derivatives" if heat.exact else "central differences"
    return Figure(
        name="where",
        kind="pictures",
        title=title,
        alt=f"{measured.name(drawn[where])} has the largest derivative of the output, {top:.3g} per unit of z, at "
        f"{heat.strongest(drawn[where])}.",
        table=Table(
            name="where",
            title=title,
            columns=(
                Column(name="dimension"),
                Column(name="largest", unit="data unit per latent unit"),
                Column(name="row", unit="pixel"),
                Column(name="column", unit="pixel"),
                Column(name="pixel_share", unit="1"),
            ),
            rows=tuple(rows),
        ),
        caption=f"Root mean square over {len(measured.chosen.measured)} anchors (and channels) of the decoder's "
        f"derivative by z, by {how}. Upper row: one scale, black 0 to white {top:.3g} per unit of z; lower row: each "
        "dimension's own largest value is white. The table's rows and columns of pixels count from 1 at the top left.",
        pictures=Pictures(
            pixels=np.stack([as_pixels(maps, (0.0, top)), as_pixels(maps / own, (0.0, 1.0))]),
            row_labels=("one scale", "each on its own"),
            column_labels=tuple(measured.label(k) for k in drawn),
        ),
    )


def animation_figure(measured: Measured, strips: list[Strip]) -> Figure | None:
    """All drawn dimensions moving at once from the first anchor: each frame a mosaic, in the order of its rows."""
    kind = measured.options.animation
    if kind == "none":
        return None
    strip = strips[0]
    tiles = as_pixels(strip.frames, _bounds(measured, strips))
    k, steps, height, width, channels = tiles.shape
    across = math.ceil(math.sqrt(k))
    down = math.ceil(k / across)
    shape = (steps, down * (height + _GAP) - _GAP, across * (width + _GAP) - _GAP, channels)
    frames = np.full(shape, 255, dtype=np.uint8)
    for at in range(k):
        top, left = at // across * (height + _GAP), at % across * (width + _GAP)
        frames[:, top : top + height, left : left + width] = tiles[at]
    names = [measured.name(row) for row in measured.drawn]
    order = "; ".join(", ".join(names[start : start + across]) for start in range(0, k, across))
    return Figure(
        name="animation",
        kind="animation",
        title="All dimensions at once",
        alt=f"A mosaic of {k} tiles; each moves along its dimension in {steps} frames. {_alt(measured, strip)}",
        table=_table(measured, strip, "animation", "Squared difference to the anchor"),
        series=kind,
        caption=f"From the {strip.name}; tiles row by row: {order}.{_smaller(measured)}",
        pictures=Pictures(pixels=frames[None], row_labels=(strip.name,), column_labels=column_names(measured)),
    )
