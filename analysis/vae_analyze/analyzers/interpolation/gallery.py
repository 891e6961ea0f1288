"""Paths as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.interpolation.journey import LINEAR, PATHS, PCA, Journey, travel
from vae_analyze.analyzers.interpolation.tables import by_jump
from vae_analyze.analyzers.pixels import as_pixels
from vae_analyze.findings import Cell, Column, Figure, Pictures, Table
from vae_analyze.metrics import mean_squared_difference

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.interpolation.findings import Travels
    from vae_analyze.analyzers.interpolation.walked import Kind

_MOST_COLUMNS = 11
_GROUP = "Paths"
_DRAWN = tuple(path for path in PATHS if path != PCA)


def galleries(travels: Travels) -> tuple[Figure, ...]:
    """The first pairs of each kind, and the paths with the largest jumps; none unless the data are pictures."""
    context, most = travels.setting.context, travels.options.gallery
    shape = context.data.input_shape
    if not most or len(shape) != 3 or shape[0] not in (1, 3):
        return ()
    found = [
        _gallery(travels, kind, np.arange(min(most, len(kind.pairs)))) for kind in travels.kinds if len(kind.pairs)
    ]
    worst = by_jump(travels)[:most]
    return (*found, _jumps(travels, worst)) if worst else tuple(found)


def _gallery(travels: Travels, kind: Kind, which: NDArray[np.int64]) -> Figure:
    journey = travel(travels.setting, kind.pairs, which)
    rows = [_row(travels, kind, journey, path, at, at) for at in range(len(which)) for path in _DRAWN]
    return _figure(
        travels,
        f"paths_{kind.pairs.kind.replace(' ', '_')}",
        f"{kind.pairs.kind.capitalize()} pairs",
        rows,
        alt=f"{len(which)} {kind.pairs.kind} pairs, each joined three ways: linearly and spherically between codes, "
        f"and as a blend of the two reconstructions.{_alt(rows)}",
        caption="The first pairs drawn, not chosen for their looks.",
    )


def _jumps(travels: Travels, worst: list[tuple[Kind, str, int]]) -> Figure:
    rows = []
    for kind, path, at in worst:
        journey = travel(travels.setting, kind.pairs, np.array([at]))
        rows.append(_row(travels, kind, journey, path, 0, at))
    jump, place = rows[0][2][5], rows[0][2][6]
    return _figure(
        travels,
        "paths_largest_jump",
        "Largest jumps",
        rows,
        alt=f"The {len(rows)} latent paths with the largest jumps; the first has a step {jump:.3g} times its mean step "
        f"at alpha {place:.2f}.",
        caption="Chosen because their largest step is largest against their mean step.",
    )


_Row = tuple[str, "Tensor", tuple[Cell, ...]]


def _row(travels: Travels, kind: Kind, journey: Journey, path: str, at: int, number: int) -> _Row:
    """Label, pictures ``(columns, D)`` and the numbers of a path."""
    ends = int(journey.first[at]), int(journey.second[at])
    walked, over = kind.paths[path], float(travels.scale.reconstructions.mean[0])
    along = journey.points[path][at, _columns(travels)]
    pictures = torch.cat((journey.real[at, :1].to(along), along, journey.real[at, 1:].to(along)))
    numbers: tuple[Cell, ...] = (
        kind.pairs.kind,
        path,
        *ends,
        float(walked.length[number]),
        float(walked.jump[number]),
        float(walked.place[number]),
        float(walked.likeness[number].mean()),
        float(walked.halfway[number]) / over,
        float(mean_squared_difference(along[[0, -1]], journey.real[at].to(along)).mean()),
    )
    return (
        f"{path}: {_name(travels, kind.pairs.first[number])} to {_name(travels, kind.pairs.second[number])}",
        pictures,
        numbers,
    )


def _name(travels: Travels, place: int) -> str:
    codes, names = travels.setting.codes, travels.setting.context.data.label_names
    sample = str(int(codes.index[place]))
    if codes.labels is None or names is None:
        return sample
    return f"{names[int(codes.labels[place])]} ({sample})"


def _columns(travels: Travels) -> NDArray[np.int64]:
    steps = travels.setting.steps
    count = min(steps, _MOST_COLUMNS)
    return np.round(np.linspace(0, steps - 1, count)).astype(np.int64)


def _figure(travels: Travels, name: str, title: str, rows: list[_Row], *, alt: str, caption: str) -> Figure:
    shape = travels.setting.context.data.input_shape
    alphas = travels.setting.alphas[torch.from_numpy(_columns(travels))].tolist()
    labels = ("real", *(f"{alpha:.2g}" for alpha in alphas), "real ")
    bounds = travels.setting.bounds
    pixels = np.stack([as_pixels(pictures.reshape(-1, *shape), bounds) for _, pictures, _ in rows])
    columns = ("pairs", "path", "first", "second", "path_length", "largest_jump", "alpha_of_jump", "smoothness",
               "midpoint_distance", "mse_of_ends")  # fmt: skip
    return Figure(
        name=name,
        kind="pictures",
        title=title,
        alt=alt,
        group=_GROUP,
        table=Table(
            name=name,
            title=f"{title}: the paths that are drawn",
            columns=tuple(
                Column(name=column, unit={"mse_of_ends": "data unit²"}.get(column, "")) for column in columns
            ),
            rows=tuple(numbers for _, _, numbers in rows),
        ),
        caption=f"{caption} Columns: alpha, from one end (0) to the other (1); boxed: the real samples at both ends."
        + (
            f" {len(alphas)} of {travels.setting.steps} points are shown."
            if len(alphas) < travels.setting.steps
            else ""
        ),
        pictures=Pictures(
            pixels=pixels,
            row_labels=tuple(label for label, _, _ in rows),
            column_labels=labels,
            boxed=(0, len(labels) - 1),
        ),
    )


def _alt(rows: list[_Row]) -> str:
    of = [numbers for _, _, numbers in rows if numbers[1] == LINEAR]
    lengths = [float(numbers[4] or 0) for numbers in of]
    if not np.isfinite(lengths).all():
        return ""
    return f" The linear paths are {min(lengths):.3g} to {max(lengths):.3g} times as long as their chords."
