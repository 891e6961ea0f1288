"""Figures of the traversals, as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.sheet import sheet
from vae_analyze.analyzers.traversal import pictures, vectors
from vae_analyze.analyzers.traversal.estimate import over_anchors
from vae_analyze.analyzers.traversal.follows import FOLLOWS
from vae_analyze.analyzers.traversal.shown import strips_of
from vae_analyze.findings import Axis, Cell, Figure

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.measured import Measured

_PROFILES = 6  # dimensions whose speeds are drawn
_PER_UNIT = "data unit per latent unit"


def figures(measured: Measured) -> tuple[Figure, ...]:
    """Strips, where dimensions act, how far and how evenly they move the output, and what they follow."""
    made: list[Figure | None] = []
    if measured.drawn:
        strips = strips_of(measured)
        if len(measured.gathered.context.data.input_shape) == 3:
            made += pictures.slider_figures(measured, strips)
            made += [pictures.animation_figure(measured, strips), pictures.heat_figure(measured)]
        else:
            made += [*vectors.strip_figures(measured, strips), vectors.heat_figure(measured)]
    made += [_movement(measured), _profiles(measured), _followed(measured)]
    return tuple(figure for figure in made if figure is not None)


def _movement(measured: Measured) -> Figure | None:
    found = measured.estimates["per_unit"]
    rows: list[tuple[Cell, ...]] = [
        (measured.name(k), measured.activity.state(int(j)), found[k].value, found[k].low, found[k].high)
        for k, j in enumerate(measured.dimensions)
    ]
    if not any(math.isfinite(one.value) for one in found):
        return None
    order = measured.by_movement
    title = "How far each dimension moves the output"
    columns = (("dimension", ""), ("state", ""), ("movement", _PER_UNIT), ("low", _PER_UNIT), ("high", _PER_UNIT))
    alt = f"None of the {len(measured)} dimensions traversed moves the output."
    if order:
        first, last = order[0], order[-1]
        alt = (
            f"{len(order)} of {len(measured)} dimensions move the output: {measured.name(first)} most, "
            f"{found[first].value:.3g} per unit of z, {measured.name(last)} least, {found[last].value:.3g}."
        )
    return Figure(
        name="movement",
        kind="bars",
        title=title,
        alt=alt,
        table=sheet("movement", title, *columns, rows=rows),
        x=Axis(column="dimension", label="latent dimension"),
        y=Axis(column="movement", label="movement per unit of z", unit="data unit"),
        series="state",
        low="low",
        high="high",
        caption=f"Root mean square change of the output per unit of z, mean over {len(measured.chosen.measured)} "
        f"anchors, by falling {measured.falling}; 95 % bootstrap intervals over anchors.",
    )


def _profiles(measured: Measured) -> Figure | None:
    shown = measured.by_movement[:_PROFILES]
    if not shown:
        return None
    index, seed = measured.chosen.measured.index, measured.gathered.context.seed
    rows: list[tuple[Cell, ...]] = []
    for k in shown:
        middle = (measured.values[k, 1:] + measured.values[k, :-1]) / 2
        for z, one in zip(middle, over_anchors(index, measured.moved.speeds[:, k], seed=seed), strict=True):
            rows.append((measured.name(k), float(z), one.value, one.low, one.high))
    uneven = {k: measured.estimates["unevenness"][k].value for k in shown}
    most = max(shown, key=lambda k: np.nan_to_num(uneven[k]))
    title = "Where along z the output moves"
    columns = (("dimension", ""), ("z", "latent unit"), ("speed", _PER_UNIT), ("low", _PER_UNIT), ("high", _PER_UNIT))
    return Figure(
        name="speed",
        kind="curves",
        title=title,
        alt=f"Most uneven of the {len(shown)} dimensions that move the output most is {measured.name(most)}: at an "
        f"anchor its fastest step is {uneven[most]:.2g} times as fast as its mean step.",
        table=sheet("speed", title, *columns, rows=rows),
        x=Axis(column="z", label="z, middle of the step", unit="latent unit"),
        y=Axis(column="speed", label="movement per unit of z", unit="data unit"),
        series="dimension",
        low="low",
        high="high",
        caption=f"Mean over {len(index)} anchors; band: 95 % bootstrap interval over anchors."
        + (f" The {_PROFILES} dimensions that move the output most." if len(measured.by_movement) > _PROFILES else ""),
    )


def _followed(measured: Measured) -> Figure | None:
    found = measured.followed
    if not found.names or not measured.active.any():
        return None
    shown = [int(k) for k in np.flatnonzero(measured.active)]
    rows: list[tuple[Cell, ...]] = [
        (measured.name(k), name, max(0.0, float(found.share[k, at])))
        for k in shown
        for at, name in enumerate(found.names)
    ]
    best = max(shown, key=lambda k: np.nan_to_num(found.best(k)[1]))
    name, share = found.best(best)
    title = "What each dimension follows"
    alt = f"No dimension follows a label or factor by {FOLLOWS:.0%} of its variance or more."
    if name:
        alt = f"The strongest is {measured.name(best)}, of whose variance {name!r} explains {100 * share:.0f} %."
    return Figure(
        name="follows",
        kind="heatmap",
        title=title,
        alt=alt,
        table=sheet("follows", title, ("dimension", ""), ("factor", ""), ("share", "1"), rows=rows),
        x=Axis(column="factor", label="label or factor"),
        y=Axis(column="dimension", label="latent dimension"),
        value=Axis(column="share", label="share of the code's variance", unit="1"),
        caption=f"Share of the variance of posterior means between the levels of a label or factor, corrected for "
        f"chance (epsilon squared; shown as 0 where it is below), n = {found.n} samples.",
    )
