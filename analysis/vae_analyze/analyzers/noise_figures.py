"""Figures of a noise sweep, as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.noise_sweep import Layout, params_of
from vae_analyze.analyzers.pixels import LARGEST_SIDE, as_pixels
from vae_analyze.findings import Axis, Cell, Column, Figure, Param, Pictures, Scalar, Table
from vae_analyze.metrics import mean_squared_difference

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.noise_sweep import NoiseSweep

AS_IS, CLIPPED = "as it is", "clipped"
QUANTILES = (
    (0.0, "most stable"),
    (0.25, "25 %"),
    (0.5, "median"),
    (0.75, "75 %"),
    (0.95, "95 %"),
    (1.0, "least stable"),
)

SHOWN = 40  # latent dimensions in the heat map


def sigma_axis(layout: Layout) -> Axis:
    """The axis of noise levels; without a range sigma is in the data's own unit."""
    unit = "share of the data's range" if layout.bounds is not None else "data unit"
    return Axis(column="sigma", label="noise level σ", unit=unit)


def figures(sweep: NoiseSweep, scalars: tuple[Scalar, ...], dimensions: Table) -> tuple[Figure, ...]:
    """Curves over the noise level, a heat map of dimensions, and pictures where the data are images."""
    layout, n = sweep.layout, scalars[0].n
    caption = f"Mean over n = {n} samples, {layout.draws} noise draws each; band: 95 % bootstrap interval over samples."
    found = [
        _curves(
            layout,
            scalars,
            name="latent",
            title="Codes: movement relative to the aggregate posterior's variance",
            y=Axis(column="value", label="latent MSE / aggregate variance", unit="1"),
            quantities={"latent_nmse": "codes"},
            caption=caption,
        ),
        _curves(
            layout,
            scalars,
            name="reconstruction",
            title="Reconstructions: movement and error against the clean sample",
            y=Axis(column="value", label="mean squared difference", unit="data unit²"),
            quantities={
                "reconstruction_mse": "movement of the reconstruction",
                "denoising_mse": "reconstruction against clean sample",
                "input_mse": "noisy input against clean sample",
            },
            caption=caption,
        ),
    ]
    if not layout.deterministic:
        found.append(
            _curves(
                layout,
                scalars,
                name="posterior",
                title="Posteriors: symmetrised KL divergence between clean and noisy",
                y=Axis(column="value", label="symmetrised KL", unit="nat", scale="log"),
                quantities={"posterior_skl": "posteriors"},
                caption=caption,
            )
        )
    found.append(_heat_map(layout, dimensions))
    pictures = _pictures(sweep)
    return (*found, pictures) if pictures is not None else tuple(found)


def _curves(
    layout: Layout,
    scalars: tuple[Scalar, ...],
    *,
    name: str,
    title: str,
    y: Axis,
    quantities: dict[str, str],
    caption: str,
) -> Figure:
    by_key = {(scalar.name, tuple(scalar.params.items())): scalar for scalar in scalars}
    rows: list[tuple[Cell, ...]] = []
    for clipped in layout.clippings:
        for quantity, label in quantities.items():
            for sigma in layout.sigmas:
                scalar = by_key[quantity, tuple(params_of(sigma, clipped=clipped).items())]
                rows.append((sigma, label, CLIPPED if clipped else AS_IS, scalar.value, scalar.low, scalar.high))
    one = len(quantities) == 1
    return Figure(
        name=name,
        kind="curves",
        title=title,
        alt=_alt(layout, by_key, quantities),
        table=Table(
            name=name,
            title=title,
            columns=(
                Column(name="sigma", unit=sigma_axis(layout).unit),
                Column(name="quantity"),
                Column(name="noise"),
                Column(name="value", unit=y.unit),
                Column(name="low", unit=y.unit),
                Column(name="high", unit=y.unit),
            ),
            rows=tuple(rows),
        ),
        x=sigma_axis(layout),
        y=y,
        series="noise" if one else "quantity",
        panel="" if one else "noise",
        low="low",
        high="high",
        caption=caption,
    )


def _alt(
    layout: Layout, by_key: dict[tuple[str, tuple[tuple[str, Param], ...]], Scalar], quantities: dict[str, str]
) -> str:
    first, last = layout.sigmas[0], layout.sigmas[-1]
    sentences = []
    for quantity in quantities:
        low = by_key[quantity, (("sigma", first),)].value
        high = by_key[quantity, (("sigma", last),)].value
        name = quantity.replace("_", " ").replace("nmse", "MSE over aggregate variance").replace("mse", "MSE")
        name = name.replace("skl", "symmetrised KL")
        if math.isfinite(low) and math.isfinite(high) and first != last:
            verb = "rises" if high >= low else "falls"
            sentences.append(f"{name} {verb} from {low:.3g} at sigma {first:g} to {high:.3g} at sigma {last:g}")
        elif math.isfinite(low):
            sentences.append(f"{name} is {low:.3g} at sigma {first:g}")
        else:
            sentences.append(f"{name} is undefined")
    text = "; ".join(sentences)
    return text[:1].upper() + text[1:] + "."


def _heat_map(layout: Layout, dimensions: Table) -> Figure:
    what = dimensions.columns[0].name
    rows = [(row[0], row[1], row[5]) for row in dimensions.rows if not row[2]]
    last = [(row[0], row[2]) for row in rows if row[1] == layout.sigmas[-1]]
    finite = [(name, value) for name, value in last if isinstance(value, float) and math.isfinite(value)]
    ranked = sorted(finite, key=lambda pair: -pair[1])
    title = f"Which latent {what}s move"
    which = ""
    if len(last) > SHOWN:
        shown = {name for name, _ in ranked[:SHOWN]}
        rows = [row for row in rows if row[0] in shown]
        which = f" The {SHOWN} of {len(last)} that move most; the table has all."
    return Figure(
        name="dimensions",
        kind="heatmap",
        title=title,
        alt=_most(ranked, layout.sigmas[-1]),
        table=Table(
            name="dimensions",
            title=title,
            columns=(
                Column(name=what),
                Column(name="sigma", unit=sigma_axis(layout).unit),
                Column(name="latent_nmse", unit="1"),
            ),
            rows=tuple(rows),
        ),
        x=sigma_axis(layout),
        y=Axis(column=what, label=f"latent {what}"),
        value=Axis(column="latent_nmse", label="movement / aggregate variance", unit="1"),
        caption=f"Movement of each {what} over its own aggregate posterior variance; noise as it is.{which}",
    )


def _most(ranked: list[tuple[Cell, float]], sigma: float) -> str:
    if not ranked:
        return f"At sigma {sigma:g} the movement of every dimension is undefined."
    name, share = ranked[0]
    return f"At sigma {sigma:g}, {name} moves most: {share:.3g} of its aggregate posterior variance."


def _pictures(sweep: NoiseSweep) -> Figure | None:
    """Clean, noisy and reconstructed samples, from the most to the least stable; None unless the data are pictures."""
    layout, context = sweep.layout, sweep.context
    shape = context.data.input_shape
    if len(shape) != 3 or shape[0] not in (1, 3) or layout.bounds is None or sweep.broken:
        return None
    sigma = layout.sigmas[(len(layout.sigmas) - 1) // 2]
    index, stability = _by_stability(sweep, sigma)
    at = [round(quantile * (len(index) - 1)) for quantile, _ in QUANTILES]
    batch = context.read(index[at])
    eta = batch.normal(batch.x.shape[1:], tag="noise 0")
    rows: list[tuple[str, Tensor]] = [("clean", batch.x), ("its reconstruction", batch.reconstruction)]
    for level in dict.fromkeys((sigma, layout.sigmas[-1])):
        noisy = torch.add(batch.x, eta, alpha=level * layout.span)
        rows.append((f"noisy, σ = {level:g}", noisy))
        rows.append((f"its reconstruction, σ = {level:g}", batch.decode(batch.encode(noisy).mean)))
    errors = [mean_squared_difference(pixels, batch.x).tolist() for _, pixels in rows]
    labels = tuple(f"{name} (sample {sample})" for (_, name), sample in zip(QUANTILES, index[at], strict=True))
    return Figure(
        name="pictures",
        kind="pictures",
        title="What it looks like: from the most to the least stable sample",
        alt=(
            f"{len(labels)} samples in the order of their reconstruction's movement at sigma {sigma:g}, from "
            f"{stability[at[0]]:.3g} to {stability[at[-1]]:.3g} MSE: each clean, noisy, and reconstructed from both."
        ),
        table=Table(
            name="pictures",
            title="Mean squared difference to the clean sample",
            columns=(
                Column(name="picture"),
                Column(name="sample"),
                Column(name="rank"),
                Column(name="mse_to_clean", unit="data unit²"),
            ),
            rows=tuple(
                (label, int(index[where]), name, float(errors[row][column]))
                for row, (label, _) in enumerate(rows)
                for column, (where, (_, name)) in enumerate(zip(at, QUANTILES, strict=True))
            ),
        ),
        caption=(
            "Quantiles of the movement of the reconstruction (noise as it is, first draw; pixels beyond the range are "
            f"shown at its ends{', and pictures are averaged down' if max(shape[1:]) > LARGEST_SIDE else ''})."
        ),
        pictures=Pictures(
            pixels=np.stack([as_pixels(pixels, layout.bounds) for _, pixels in rows]),
            row_labels=tuple(label for label, _ in rows),
            column_labels=labels,
        ),
    )


def _by_stability(sweep: NoiseSweep, sigma: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Sample indices and movements of the reconstruction, most stable first; ties by sample index."""
    column = sweep.rows.position("reconstruction_mse", sigma=sigma)
    parts = [(chunk.index, chunk.values[:, column].copy()) for chunk in sweep.rows]
    index = np.concatenate([part[0] for part in parts])
    values = np.concatenate([part[1] for part in parts])
    order = np.lexsort((index, values))
    return index[order], values[order]
