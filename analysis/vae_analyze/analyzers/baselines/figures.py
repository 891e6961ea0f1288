"""Figures of the comparison, as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vae_analyze.analyzers.baselines.names import called
from vae_analyze.analyzers.baselines.pictures import picture_figures
from vae_analyze.analyzers.baselines.tables import probe_table, retrieval_table
from vae_analyze.findings import Axis, Cell, Column, Figure, Table

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.comparison import Comparison

_BEYOND = 1.5  # of the larger of latent size and components to match: how far the curve is shown
_LEAST_SHOWN = 20
_MOST_STEPS = 200  # points of the curve


def figures(found: Comparison) -> tuple[Figure, ...]:
    """The curve of PCA's error, probes, retrieval, angles, and pictures."""
    made = (_components(found), _probes(found), _retrieval(found), _angles(found), *picture_figures(found))
    return tuple(figure for figure in made if figure is not None)


def _components(found: Comparison) -> Figure | None:
    if found.curve is None or found.pca is None:
        return None
    paired, errors, fewest = found.paired, found.curve.errors, found.curve.to_match.value
    model = paired.mean("reconstruction_mse", by="model")
    wanted = max(_LEAST_SHOWN, math.ceil(_BEYOND * max(found.d, fewest if math.isfinite(fewest) else found.pca.most)))
    end = min(found.pca.most, wanted)
    rows: list[tuple[Cell, ...]] = [
        ("PCA, held out", k, errors[k].value, errors[k].spread.low, errors[k].spread.high)
        for k in _steps(end, found.pca.k, fewest)
    ]
    rows += [("error of the model", k, model.value, math.nan, math.nan) for k in (0, end)]
    ends = (model.value, model.spread.low, model.spread.high)
    rows.append((f"the model at its latent size, {found.d}", found.d, *ends))
    if 0 < found.active < found.d:
        rows.append((f"the model at its active dimensions, {found.active}", found.active, *ends))
    if found.other is not None:
        theirs = paired.mean("reconstruction_mse", by="against")
        rows.append(
            (f"{found.other.name} at its {found.other.d}", found.other.d, theirs.value, theirs.spread.low,
             theirs.spread.high)
        )  # fmt: skip
    title = "How many principal components do what the model does"
    at = errors[found.pca.k].value
    reached = f"it reaches it with {fewest:.0f}" if math.isfinite(fewest) else f"it does not reach it with {end}"
    return Figure(
        name="components",
        kind="curves",
        title=title,
        alt=(
            f"Held-out MSE of PCA falls from {errors[0].value:.3g} without components to {at:.3g} with {found.pca.k}; "
            f"the model with {found.d} dimensions has {model.value:.3g}: {reached}."
        ),
        table=Table(
            name="components",
            title=title,
            columns=(
                Column(name="of"),
                Column(name="components", description="or latent dimensions"),
                Column(name="mse", unit="data unit²", direction="lower"),
                Column(name="low", unit="data unit²"),
                Column(name="high", unit="data unit²"),
            ),
            rows=tuple(rows),
        ),
        x=Axis(column="components", label="components, or latent dimensions"),
        y=Axis(column="mse", label="reconstruction MSE", unit="data unit²"),
        series="of",
        low="low",
        high="high",
        caption=(
            f"n = {len(found.compared)}, each sample by a PCA fitted to the other {found.options.folds - 1} folds (at "
            f"least {found.pca.fitted} samples); band: 95 %, bootstrap over samples."
        ),
    )


def _steps(end: int, *marked: float) -> list[int]:
    """Numbers of components from 0 to ``end``: all, or some evenly, and those that are spoken of."""
    some = {round(step * end / _MOST_STEPS) for step in range(_MOST_STEPS + 1)} if end > _MOST_STEPS else range(end + 1)
    return sorted({*some, *(int(k) for k in marked if math.isfinite(k) and k <= end)})


def _probes(found: Comparison) -> Figure | None:
    if not found.hits:
        return None
    table = probe_table(found)
    first = found.hits[0]
    values = {
        (row[1], row[2]): row[3] for row in table.rows if row[0] == first.target.words and isinstance(row[3], float)
    }
    words = "; ".join(f"{by}, {probe}: {value:.3g}" for (by, probe), value in values.items())
    return Figure(
        name="probes",
        kind="bars",
        title=table.title,
        alt=f"Held-out accuracy for the {first.target.words}: {words}.",
        table=table,
        x=Axis(column="by", label="representation"),
        y=Axis(column="accuracy", label="held-out accuracy", unit="1"),
        series="probe",
        panel="target" if len(found.hits) > 1 else "",
        low="low",
        high="high",
        caption=f"{table.caption} Bars: Wilson, 95 %.",
    )


def _retrieval(found: Comparison) -> Figure | None:
    if not found.retrieval:
        return None
    source = retrieval_table(found)
    rows: list[tuple[Cell, ...]] = []
    for row in source.rows:
        rows.append((row[0], row[1], "recall@k", row[2], row[3], row[4]))
        rows.append((row[0], row[1], "precision@k", row[5], row[6], row[7]))
    k = found.ks[-1]
    last = "; ".join(f"{row[0]} {float(row[5] or 0):.3g}" for row in source.rows if row[1] == k)
    return Figure(
        name="retrieval",
        kind="curves",
        title=source.title,
        alt=f"Precision among the {k} nearest: {last}.",
        table=Table(
            name="retrieval",
            title=source.title,
            columns=(
                Column(name="by"),
                Column(name="k"),
                Column(name="quantity"),
                Column(name="value", unit="1", direction="higher"),
                Column(name="low", unit="1"),
                Column(name="high", unit="1"),
            ),
            rows=tuple(rows),
        ),
        x=Axis(column="k", label="nearest others, k"),
        y=Axis(column="value", label="share", unit="1"),
        series="by",
        panel="quantity",
        low="low",
        high="high",
        caption=source.caption,
    )


def _angles(found: Comparison) -> Figure | None:
    known = [one for one in found.alignment if one.k]
    if not known or max(one.k for one in known) < 2:
        return None
    names = {"jacobian": "decoder's Jacobian", "reconstructions": "reconstructions"}
    rows: list[tuple[Cell, ...]] = [
        (names[one.of], at, float(angle)) for one in known for at, angle in enumerate(one.angles, start=1)
    ]
    words = "; ".join(
        f"{names[one.of]}: {one.k} angles from {one.angles[0]:.3g}° to {one.angles[-1]:.3g}°, mean squared cosine "
        f"{one.cosine2:.3g}"
        for one in known
    )
    title = "Angles between the decoder's directions and PCA's"
    return Figure(
        name="angles",
        kind="curves",
        title=title,
        alt=f"{words}; a random subspace would have {known[-1].chance:.3g}.",
        table=Table(
            name="angles",
            title=title,
            columns=(Column(name="of"), Column(name="number"), Column(name="angle", unit="degree")),
            rows=tuple(rows),
        ),
        x=Axis(column="number", label="principal angle, by size"),
        y=Axis(column="angle", label="angle", unit="degree"),
        series="of",
        caption=f"0° is a direction that both have, 90° one that PCA's {known[-1].k} components lack "
        f"(n = {len(found.compared)}; {called(found, 'model')}).",
    )
