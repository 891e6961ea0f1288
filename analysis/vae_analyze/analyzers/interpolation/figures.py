"""Figures of interpolation, as data: what happens along the paths, and how plausible their midpoints are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vae_analyze.analyzers.interpolation.estimates import Estimate, mean_curve
from vae_analyze.analyzers.interpolation.journey import LATENT_PATHS, LINEAR, PATHS, PIXEL
from vae_analyze.analyzers.interpolation.measures import MEASURES
from vae_analyze.analyzers.sheet import sheet
from vae_analyze.findings import Axis, Cell, Figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from vae_analyze.analyzers.interpolation.findings import Travels
    from vae_analyze.analyzers.interpolation.walked import Kind, Walked

_BAND = "band: 95 % bootstrap interval over pairs"


def figures(travels: Travels) -> tuple[Figure, ...]:
    """Midpoints by kind and path, and along the paths the distance to data and the size of the steps."""
    kinds = [kind for kind in travels.kinds if kind.paths]
    if not kinds:
        return ()
    midpoints = (_midpoints(travels, kinds, of) for of in (_DISTANCE, _RETURN))
    return (*midpoints, _distances(travels, kinds), _steps(travels, kinds))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Midpoints:
    """Bars of one measure of midpoints: its figure's name, title, axis and two sentences."""

    measure: str
    name: str
    title: str
    axis: str
    alt: str
    caption: str


_DISTANCE = _Midpoints(
    measure="midpoint_distance",
    name="plausibility",
    title="How far midpoints are from data",
    axis="distance of the midpoint / of reconstructions",
    alt="Distance of the linear path's midpoint to the nearest real sample, 1 for reconstructions",
    caption="To the nearest real sample, neither end among them",
)
_RETURN = _Midpoints(
    measure="round_trip_ratio",
    name="round_trip",
    title="How well midpoints come back",
    axis="squared error of the midpoint / of the ends",
    alt="Squared error of the linear path's midpoint encoded and decoded again, 1 for the reconstructions at the ends",
    caption="Encoded and decoded again, against the reconstructions at both ends",
)


def _midpoints(travels: Travels, kinds: list[Kind], of: _Midpoints) -> Figure:
    measure = next(one for one in MEASURES if one.name == of.measure)
    rows: list[tuple[Cell, ...]] = []
    for kind in kinds:
        for path in PATHS:
            made = measure.made(kind, path, travels.scale)
            rows.append((kind.pairs.kind, path, made.value, made.low, made.high))
    both = {kind.pairs.kind: [row[2] for row in rows if row[:2] in _keys(kind)] for kind in kinds}
    said = [f"{pairs} pairs {ours:.3g} ({blend:.3g})" for pairs, (ours, blend) in both.items() if _known(ours, blend)]
    which = "; ".join(said) or f"undefined for all {sum(len(kind.pairs) for kind in kinds)} pairs"
    average = travels.scale.average / float(travels.scale.reconstructions.mean[0])
    yardstick = (
        f" On the same scale the mean of the data is at {average:.3g}."
        if of is _DISTANCE and math.isfinite(average)
        else ""
    )
    return Figure(
        name=of.name,
        kind="bars",
        title=of.title,
        alt=f"{of.alt} (in brackets the pixel blend's): {which}.",
        table=sheet(of.name, of.title, ("pairs", ""), ("path", ""), *_VALUE, rows=rows),
        x=Axis(column="pairs", label="pairs"),
        y=Axis(column="value", label=of.axis, unit="1"),
        series="path",
        low="low",
        high="high",
        group="Midpoints",
        caption=f"{of.caption}; mean over pairs, 95 % bootstrap intervals.{yardstick}",
    )


def _keys(kind: Kind) -> tuple[tuple[str, str], ...]:
    return tuple((kind.pairs.kind, path) for path in (LINEAR, PIXEL))


def _known(*values: Cell) -> bool:
    return all(isinstance(value, float) and math.isfinite(value) for value in values)


_VALUE = (("value", "1"), ("low", "1"), ("high", "1"))


def _distances(travels: Travels, kinds: list[Kind]) -> Figure:
    over, seed = travels.scale.reconstructions, travels.scale.seed

    def curve(walked: Walked) -> list[Estimate]:
        return mean_curve(walked.distance, seed, over=over)

    rows = _curves(kinds, PATHS, travels.setting.alphas[: travels.setting.steps].tolist(), curve)
    title = "Distance to the nearest real sample along the path"
    middle = travels.setting.steps // 2
    lead = travels.leading.pairs.kind
    values = (_at(rows, lead, LINEAR, 0), *(_at(rows, lead, path, middle) for path in (LINEAR, PIXEL)))
    return Figure(
        name="distance_along",
        kind="curves",
        title=title,
        alt=f"For {lead} pairs the distance goes from {values[0]:.3g} at the end to {values[1]:.3g} half way on the "
        f"linear path and {values[2]:.3g} on the pixel blend."
        if _known(*values)
        else f"Undefined for {lead} pairs: there are {len(travels.setting.reference)} real samples in all.",
        table=sheet("distance_along", title, ("pairs", ""), ("path", ""), ("alpha", "1"), *_VALUE, rows=rows),
        x=Axis(column="alpha", label="alpha", unit="1"),
        y=Axis(column="value", label="distance / of reconstructions", unit="1"),
        series="path",
        panel="pairs",
        low="low",
        high="high",
        caption=f"1: as close to the nearest real sample as reconstructions; mean over pairs, {_BAND}.",
    )


def _steps(travels: Travels, kinds: list[Kind]) -> Figure:
    def curve(walked: Walked) -> list[Estimate]:
        even = walked.chord[:, None] / walked.step.shape[1]
        return mean_curve(walked.step / even, travels.scale.seed)

    count = travels.setting.steps - 1
    rows = _curves(kinds, LATENT_PATHS, [(at + 0.5) / count for at in range(count)], curve)
    title = "Size of the steps along the path"
    lead = travels.leading.pairs.kind
    of = [float(row[3] or 0) for row in rows if row[0] == lead and row[1] == LINEAR]
    known = [value for value in of if math.isfinite(value)]
    said = (
        f"On the linear path between {lead} pairs steps are {min(known):.3g} to {max(known):.3g} times an even share "
        "of the way between the decoded ends."
        if known
        else "The ends decode to the same point: steps have no scale."
    )
    return Figure(
        name="step_along",
        kind="curves",
        title=title,
        alt=said,
        table=sheet("step_along", title, ("pairs", ""), ("path", ""), ("alpha", "1"), *_VALUE, rows=rows),
        x=Axis(column="alpha", label="alpha", unit="1"),
        y=Axis(column="value", label="step / even share of the chord", unit="1"),
        series="path",
        panel="pairs",
        low="low",
        high="high",
        caption=f"1 all along: the path is the blend of its ends; a peak: the picture changes there; mean over pairs, "
        f"{_BAND}.",
    )


def _curves(
    kinds: list[Kind], paths: tuple[str, ...], alphas: list[float], curve: Callable[[Walked], list[Estimate]]
) -> list[tuple[Cell, ...]]:
    return [
        (kind.pairs.kind, path, alpha, made.value, made.low, made.high)
        for kind in kinds
        for path in paths
        for alpha, made in zip(alphas, curve(kind.paths[path]), strict=True)
    ]


def _at(rows: list[tuple[Cell, ...]], pairs: str, path: str, at: int) -> float:
    return [float(row[3] or 0) for row in rows if row[0] == pairs and row[1] == path][at]
