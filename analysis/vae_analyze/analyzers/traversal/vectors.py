"""Traversals of data that are not images: outputs against steps, and where dimensions act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.traversal.pictures import GROUP
from vae_analyze.findings import Axis, Cell, Column, Figure, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vae_analyze.analyzers.traversal.measured import Measured
    from vae_analyze.analyzers.traversal.shown import Strip

_FEATURES = 64
_PANELS = 6


def strip_figures(measured: Measured, strips: list[Strip]) -> list[Figure]:
    """For every anchor a heat map per dimension: the output's features across, values of z down."""
    shown, features = measured.drawn[:_PANELS], _strongest(measured)
    return [_strip_figure(measured, strip, at, shown, features) for at, strip in enumerate(strips)]


def _strongest(measured: Measured) -> NDArray[np.int64]:
    """The features that are moved most, in their own order."""
    energy = np.square(measured.heat.maps[measured.drawn]).sum(axis=0).ravel()
    return np.sort(np.argsort(-energy, kind="stable")[:_FEATURES])


def _few(measured: Measured, features: NDArray[np.int64]) -> str:
    total = measured.heat.maps[0].size
    return f" The {len(features)} of {total} features that move most." if len(features) < total else ""


def _strip_figure(measured: Measured, strip: Strip, at: int, shown: list[int], features: NDArray[np.int64]) -> Figure:
    rows: list[tuple[Cell, ...]] = []
    for row, k in enumerate(shown):
        frames = strip.frames[row].flatten(start_dim=1).double().numpy()[:, features]
        for value, frame in zip(measured.values[k], frames, strict=True):
            rows.extend(
                (measured.label(k), round(float(value), 4), int(feature), float(cell))
                for feature, cell in zip(features, frame, strict=True)
            )
    ends = np.nan_to_num(strip.change).max(axis=1)
    most = int(ends.argmax())
    title = strip.name.capitalize()
    few = f" The {_PANELS} dimensions of most {measured.falling}." if len(measured.drawn) > _PANELS else ""
    return Figure(
        name=f"traversal_{at}",
        kind="heatmap",
        title=title,
        alt=f"From the {strip.name}, {measured.name(measured.drawn[most])} changes the output most, by up to an MSE of "
        f"{ends[most]:.3g}.",
        table=Table(
            name=f"traversal_{at}",
            title=title,
            columns=(
                Column(name="dimension"),
                Column(name="z", unit="latent unit"),
                Column(name="feature"),
                Column(name="output", unit="data unit"),
            ),
            rows=tuple(rows),
        ),
        x=Axis(column="feature", label="feature"),
        y=Axis(column="z", label="z", unit="latent unit"),
        value=Axis(column="output", label="output", unit="data unit"),
        panel="dimension",
        caption=f"From the {strip.name} ({strip.note}); all other dimensions stay as they are.{few}"
        f"{_few(measured, features)}",
        group=GROUP,
    )


def heat_figure(measured: Measured) -> Figure:
    """Which features each drawn dimension acts on."""
    features, heat = _strongest(measured), measured.heat
    rows: list[tuple[Cell, ...]] = [
        (measured.name(k), int(feature), float(heat.maps[k].ravel()[feature]))
        for k in measured.drawn
        for feature in features
    ]
    top = max(measured.drawn, key=lambda k: float(heat.maps[k].max()))
    title = "Where each dimension acts"
    how = "forward-mode derivatives" if heat.exact else "central differences"
    return Figure(
        name="where",
        kind="heatmap",
        title=title,
        alt=f"{measured.name(top)} has the largest derivative of the output, {heat.maps[top].max():.3g} per unit of z, "
        f"at {heat.strongest(top) or 'no feature'}.",
        table=Table(
            name="where",
            title=title,
            columns=(
                Column(name="dimension"),
                Column(name="feature"),
                Column(name="derivative", unit="data unit per latent unit"),
            ),
            rows=tuple(rows),
        ),
        x=Axis(column="feature", label="feature"),
        y=Axis(column="dimension", label="latent dimension"),
        value=Axis(column="derivative", label="derivative of the output", unit="data unit per latent unit"),
        caption=f"Root mean square over {len(measured.chosen.measured)} anchors, by {how}.{_few(measured, features)}",
    )
