"""What the reconstructions and the denoised samples look like, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from vae_analyze.analyzers.baselines.compared import noisy
from vae_analyze.analyzers.baselines.names import called
from vae_analyze.analyzers.pixels import LARGEST_SIDE, as_pixels
from vae_analyze.findings import Cell, Column, Figure, Pictures, Table
from vae_analyze.metrics import mean_squared_difference

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.baselines.comparison import Comparison

_GROUP = "pictures"


def picture_figures(found: Comparison) -> tuple[Figure, ...]:
    """Two grids; none where the data are not pictures, or something is not finite."""
    shape = found.context.data.input_shape
    bounds = found.context.data.value_range
    if len(shape) != 3 or shape[0] not in (1, 3) or bounds is None:
        return ()
    clean, reconstructed, denoised = _rows(found)
    if not all(bool(torch.isfinite(pixels).all()) for _, pixels in (*reconstructed, *denoised)):
        return ()
    sizes = f"by rising error of the model, from {_error(found, 0):.3g} to {_error(found, -1):.3g} MSE"
    many = len(found.shown)
    return (
        _figure(
            found, "reconstructions", "Reconstructions side by side", clean, reconstructed,
            f"{many} samples {sizes}: the sample, and its reconstruction by each model.",
        ),
        _figure(
            found, "denoised", "Denoised side by side", clean, denoised,
            f"The same {many} samples with noise of standard deviation {found.options.noise:g} of the data's range, "
            "and what each model makes of them.",
        ),
    )  # fmt: skip


def _error(found: Comparison, at: int) -> float:
    return float(found.found.model.reconstruction[found.shown[at]])


Named = list[tuple[str, "Tensor"]]


def _rows(found: Comparison) -> tuple[Tensor, Named, Named]:
    """The samples, and rows of pictures named by who made them."""
    context, compared, shown = found.context, found.compared, found.shown
    batch = context.read(compared.index[shown])
    x = batch.x
    added = noisy(batch, context, found.options.noise)
    ours, cleaned = batch.decode(torch.from_numpy(compared.codes[shown]).to(x)), batch.decode(batch.encode(added).mean)
    reconstructed: Named = [("the sample", x), (called(found, "model"), ours)]
    denoised: Named = [("the sample", x), ("with noise", added), (called(found, "model"), cleaned)]
    if found.pca is not None:
        first, second = (part.reshape(x.shape).to(x) for part in found.pca.shown)
        reconstructed.append((called(found, "pca"), first))
        denoised.append((called(found, "pca"), second))
    if found.other is not None:
        labels = None if compared.labels is None else torch.from_numpy(compared.labels[shown])
        theirs = (found.other.decode(found.other.encode(given, labels), labels) for given in (x, added))
        reconstructed.append((called(found, "against"), next(theirs)))
        denoised.append((called(found, "against"), next(theirs)))
    return x, reconstructed, denoised


def _figure(found: Comparison, name: str, title: str, clean: Tensor, rows: Named, alt: str) -> Figure:
    bounds = found.context.data.value_range
    assert bounds is not None
    samples = [int(found.compared.index[row]) for row in found.shown]
    errors = [mean_squared_difference(pixels.to(clean), clean).tolist() for _, pixels in rows]
    cells: list[tuple[Cell, ...]] = [
        (label, sample, float(errors[row][column]))
        for row, (label, _) in enumerate(rows)
        for column, sample in enumerate(samples)
    ]
    small = " Large pictures are averaged down." if max(clean.shape[-2:]) > LARGEST_SIDE else ""
    return Figure(
        name=name,
        kind="pictures",
        title=title,
        alt=alt,
        table=Table(
            name=name,
            title="Mean squared difference to the sample",
            columns=(Column(name="picture"), Column(name="sample"), Column(name="mse", unit="data unit²")),
            rows=tuple(cells),
        ),
        caption="Evenly over the ranks of the model's error; values beyond the data's range are shown at its ends."
        + small,
        pictures=Pictures(
            pixels=np.stack([as_pixels(pixels, bounds) for _, pixels in rows]),
            row_labels=tuple(label for label, _ in rows),
            column_labels=tuple(f"sample {sample}" for sample in samples),
        ),
        group=_GROUP,
    )
