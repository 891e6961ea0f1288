"""Tables of interpolation: kinds of pairs and paths, and the paths with the largest jumps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.interpolation.estimates import Estimate
from vae_analyze.analyzers.interpolation.journey import LATENT_PATHS, LINEAR
from vae_analyze.analyzers.interpolation.measures import FEWEST_FOR_JUMP, JUMP, MEASURES
from vae_analyze.findings import Cell, Column, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vae_analyze.analyzers.interpolation.findings import Travels
    from vae_analyze.analyzers.interpolation.walked import Kind, Return

_WORST = 10
_SHOWN = (
    "midpoint_distance",
    "midpoint_distance_to_mean",
    "hole_share",
    "jump_share",
    "largest_jump",
    "path_length",
    "smoothness",
    "least_neighbour_ssim",
    "code_drift",
)
ENDS, REAL = "reconstructions (both ends)", "real samples (both ends)"


def paths_table(travels: Travels) -> Table:
    """A row per kind of pairs and path, and for what is encoded again also the ends."""
    rows: list[tuple[Cell, ...]] = []
    by_name = {measure.name: measure for measure in MEASURES}
    for kind in travels.kinds:
        if kind.ends is None or kind.real is None:
            continue
        n = len(kind.pairs)
        for path, walked in kind.paths.items():
            made = [
                by_name[name].made(kind, path, travels.scale) if path in by_name[name].paths else Estimate()
                for name in _SHOWN
            ]
            first = made[0]
            values = (first.value, first.low, first.high, *(one.value for one in made[1:]))
            rows.append((kind.pairs.kind, path, n, *values, *_back(walked.back)))
        blank = [math.nan] * (len(_SHOWN) + 2)
        for words, back in ((ENDS, kind.ends), (REAL, kind.real)):
            drift = _mean(back.drift)
            rows.append((kind.pairs.kind, words, n, *blank[:-1], drift, *_back(back)))
    cells = [Column(name=name, unit=by_name[name].unit, direction=by_name[name].direction) for name in _SHOWN]
    around = [
        Column(name=f"midpoint_distance_{end}", unit="1", description=f"{end} end, 95 %") for end in ("low", "high")
    ]
    return Table(
        name="paths",
        title="Paths by kind of pairs",
        columns=(
            Column(name="pairs", description="how the two ends were chosen"),
            Column(name="path", description="linear and spherical between codes; pixel and PCA blends in data space"),
            Column(name="n", description="pairs"),
            cells[0],
            *around,
            *cells[1:],
            Column(name="round_trip_mse", unit="data unit²", direction="lower", description="of the midpoint"),
            Column(name="rate", unit="nat", description="of the midpoint encoded again"),
            Column(name="elbo_at_mean", unit="nat", description="of the midpoint encoded again"),
        ),
        rows=tuple(rows),
        caption=_caption(travels),
    )


def _caption(travels: Travels) -> str:
    labels = "" if travels.setting.codes.labels is not None else " The data have no labels: no pairs by class."
    return (
        f"Means over pairs, {travels.setting.steps} points per path; distances over the mean distance of a "
        f"reconstruction to the nearest other of {len(travels.setting.reference)} real samples. PCA has "
        f"{len(travels.setting.principal.components)} components fitted to these samples, some of which may be ends. "
        f"The last three columns are of the midpoint, and for comparison of both ends.{labels}"
    )


def _back(back: Return) -> tuple[float, float, float]:
    return _mean(back.mse), _mean(back.rate), _mean(back.elbo)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean())


def by_jump(travels: Travels) -> list[tuple[Kind, str, int]]:
    """Latent paths that move, by falling largest jump: kind, path and number of the pair."""
    found = [
        (float(kind.paths[path].jump[at]), kind, path, at)
        for kind in travels.kinds
        for path in LATENT_PATHS
        if kind.paths
        for at in range(len(kind.pairs))
        if math.isfinite(kind.paths[path].jump[at])
    ]
    return [(kind, path, at) for _, kind, path, at in sorted(found, key=lambda one: -one[0])]


def worst_table(travels: Travels) -> Table:
    """The latent paths with the largest jumps, whatever their kind."""
    rows: list[tuple[Cell, ...]] = []
    codes, over = travels.setting.codes, float(travels.scale.reconstructions.mean[0])
    for kind, path, at in by_jump(travels)[:_WORST]:
        walked = kind.paths[path]
        ends = codes.index[[kind.pairs.first[at], kind.pairs.second[at]]]
        rows.append(
            (
                kind.pairs.kind,
                path,
                int(ends[0]),
                int(ends[1]),
                float(walked.jump[at]),
                float(walked.place[at]),
                float(walked.length[at]),
                float(walked.halfway[at]) / over,
                float(walked.distance[at].max()) / over,
            )
        )
    return Table(
        name="worst_paths",
        title="The paths with the largest jumps",
        columns=(
            Column(name="pairs", description="how the two ends were chosen"),
            Column(name="path"),
            Column(name="first", description="sample index of one end"),
            Column(name="second", description="sample index of the other end"),
            Column(name="largest_jump", unit="1", direction="lower", description="largest step over the mean step"),
            Column(name="alpha", unit="1", description="where it is: 0 at the first end, 1 at the second"),
            Column(name="path_length", unit="1", description="length over chord"),
            Column(name="midpoint_distance", unit="1", direction="lower"),
            Column(name="largest_distance", unit="1", direction="lower", description="of any point of the path"),
        ),
        rows=tuple(rows),
        caption=f"Of all kinds of pairs, linear and spherical. {_jump_words(travels.setting.steps)}",
    )


def _jump_words(steps: int) -> str:
    if steps < FEWEST_FOR_JUMP:
        return f"Of {steps} points a largest step cannot be told from the others."
    return f"A jump is a step more than {JUMP:g} times the mean; with {steps} points it is at most {steps - 1} times."


def jumping(kind: Kind) -> int:
    """Which pair's straight path has the largest jump; -1 if nothing moves."""
    jump = kind.paths[LINEAR].jump
    return int(np.nanargmax(jump)) if np.isfinite(jump).any() else -1
