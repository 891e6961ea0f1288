"""The table: a row per traversed dimension."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vae_analyze.analyzers.traversal.follows import FOLLOWS, MOST_LEVELS
from vae_analyze.findings import Cell, Column, Table
from vae_analyze.stats.normal import around

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.measured import Measured

_NAN = math.nan


def dimension_table(measured: Measured) -> Table:
    """A row per dimension, by falling KL, dead ones included."""
    n, m = measured.activity.n, len(measured.chosen.measured)
    left = len(measured.activity.kl) - len(measured)
    more = f" The {left} dimensions of least {measured.falling} are left out." if left else ""
    samples = f" Followed: n = {measured.followed.n} samples." if measured.followed.names else ""
    return Table(
        name="dimensions",
        title="By latent dimension",
        columns=_columns(measured.chosen.centre.names[0]),
        rows=tuple(_row(measured, k) for k in range(len(measured))),
        caption=f"By falling {measured.falling} (n = {n} samples). Movement: mean over {m} anchors, 95 % bootstrap "
        f"intervals over anchors.{samples}{more}",
    )


def _row(measured: Measured, k: int) -> tuple[Cell, ...]:
    j, heat = int(measured.dimensions[k]), measured.heat
    kl, error = float(measured.activity.kl[j]), float(measured.activity.kl_error[j])
    if measured.gathered.deterministic:
        kl = error = _NAN
    jump = measured.jump(k)
    follows, share = measured.followed.best(k)
    row, column = heat.centre(k)
    return (
        measured.name(k),
        measured.activity.state(j),
        *(kl, *around(kl, error)),
        *_with_interval(measured, "per_unit", k),
        float(measured.centre.per_unit[0, k]),
        _root_mean_square(heat.at_anchors[:, k].tolist()),
        measured.estimates["swing"][k].value,
        *_with_interval(measured, "step_mse", k),
        *_with_interval(measured, "step_dssim", k),
        *(measured.estimates[name][k].value for name in ("monotonicity", "straightness", "unevenness")),
        "" if jump is None else f"{jump.start:.3g} to {jump.end:.3g}",
        *(row, column, heat.strongest(k), heat.share(k)),
        follows,
        share,
    )


def _with_interval(measured: Measured, name: str, k: int) -> tuple[float, float, float]:
    one = measured.estimates[name][k]
    return one.value, one.low, one.high


def _root_mean_square(values: list[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.sqrt(sum(value * value for value in finite) / len(finite)) if finite else _NAN


def _columns(centre: str) -> tuple[Column, ...]:
    per_unit = "data unit per latent unit"
    return (
        Column(name="dimension", description="latent dimension"),
        Column(name="state", description="active, dead or constant"),
        Column(name="kl", unit="nat", description="mean KL divergence of the posterior to the prior"),
        Column(name="kl_low", unit="nat", description="low end, 95 %, normal over samples"),
        Column(name="kl_high", unit="nat", description="high end, 95 %"),
        Column(
            name="movement",
            unit=per_unit,
            description="root mean square change of the output, summed over steps, over the way of z",
        ),
        Column(name="movement_low", unit=per_unit, description="low end, 95 %, over anchors"),
        Column(name="movement_high", unit=per_unit, description="high end, 95 %"),
        Column(name="movement_at_centre", unit=per_unit, description=f"the same from the {centre}"),
        Column(name="sensitivity", unit=per_unit, description="root mean square derivative at the anchors themselves"),
        Column(name="swing", unit="data unit", description="largest change of any one pixel or feature along the way"),
        Column(name="step_mse", unit="data unit²", description="squared difference of neighbouring frames"),
        Column(name="step_mse_low", unit="data unit²", description="low end, 95 %, over anchors"),
        Column(name="step_mse_high", unit="data unit²", description="high end, 95 %"),
        Column(name="step_dssim", unit="1", description="1 - SSIM of neighbouring frames; images only"),
        Column(name="step_dssim_low", unit="1", description="low end, 95 %, over anchors"),
        Column(name="step_dssim_high", unit="1", description="high end, 95 %"),
        Column(
            name="monotonicity",
            unit="1",
            description="Spearman correlation of frame number and distance to the first frame; 1: never comes back",
        ),
        Column(name="straightness", unit="1", description="distance of the ends over the path; 1: a straight line"),
        Column(name="unevenness", unit="1", description="fastest step over the mean; 1: as fast everywhere"),
        Column(name="jump", unit="latent unit", description="the values of z between which it jumps, if it does"),
        Column(name="row", unit="pixel", description="where it acts: centre of mass of squared derivatives, from 1"),
        Column(name="column", unit="pixel", description="likewise, from the left"),
        Column(name="strongest", description="where the derivative is largest"),
        Column(
            name="pixel_share",
            unit="1",
            description="share of places it acts on: participation ratio of squared derivatives",
        ),
        Column(
            name="follows",
            description=f"label or factor with the largest share of the code's variance, where it is {FOLLOWS:.0%} or "
            "more and beyond chance",
        ),
        Column(
            name="followed_share",
            unit="1",
            description=f"that share: epsilon squared between levels (above {MOST_LEVELS} ordered levels: squared rank "
            "correlation), corrected for chance",
        ),
    )
