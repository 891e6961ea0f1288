"""A matrix of coloured cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from vae_analyze.findings import Axis, Figure
from vae_analyze.reporting.drawing.canvas import axis_label, house_style, label, new_figure
from vae_analyze.reporting.drawing.columns import in_order, log_possible, numbers, parts, words
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.drawing.palette import luminance
from vae_analyze.reporting.drawing.svg import to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vae_analyze.reporting.drawing.columns import Floats

MOST_ANNOTATED, MOST_DRAWN_AS_PATHS, MOST_TICKS, MOST_UPRIGHT = 100, 400, 32, 16


def draw(figure: Figure, prefix: str) -> Drawn:
    """The matrix as inline SVG; cells are annotated up to a hundred, undefined ones stay empty."""
    if figure.x is None or figure.y is None or figure.value is None:
        return Drawn("")
    across, down = figure.x, figure.y
    columns, rows = in_order(words(figure, across.column)), in_order(words(figure, down.column))
    if len(rows) > MOST_UPRIGHT and len(rows) > len(columns):  # many dimensions read better side by side
        across, down, columns, rows = down, across, rows, columns
    split = parts(figure)
    panels = in_order([part.panel for part in split])
    every = numbers(figure, figure.value.column, range(len(figure.table.rows)))
    with house_style():
        width = min(11.0, max(3.4, 1.6 + 0.62 * len(columns) if len(columns) <= 12 else 10.0))
        height = min(11.0, max(1.6, 0.9 + 0.29 * len(rows)))
        canvas = new_figure(width, height * len(panels))
        grid = canvas.subplots(len(panels), 1, squeeze=False)[:, 0]
        for panel, axes in zip(panels, grid, strict=True):
            rows_of = tuple(row for part in split if part.panel == panel for row in part.rows)
            matrix = _matrix(figure, rows_of, (across, columns), (down, rows))
            _cells(axes, matrix, figure.value, _norm(figure.value, every))
            _ticks(axes, (across, columns), (down, rows))
            axes.set_title(label(panel))
        markup = to_svg(canvas, prefix=prefix, alt=figure.alt)
    missing = int((~(abs(every) < math.inf)).sum())
    notes = (f"{missing} of {len(every)} cells are undefined and left empty.",) if missing else ()
    return Drawn(markup, notes, wide=width > 5.5)


def _matrix(
    figure: Figure, rows_of: tuple[int, ...], across: tuple[Axis, list[str]], down: tuple[Axis, list[str]]
) -> Floats:
    import numpy as np

    assert figure.value is not None
    xs, ys = words(figure, across[0].column), words(figure, down[0].column)
    values = numbers(figure, figure.value.column, rows_of)
    matrix = np.full((len(down[1]), len(across[1])), math.nan)
    for row, value in zip(rows_of, values, strict=True):
        matrix[down[1].index(ys[row]), across[1].index(xs[row])] = value
    return matrix


def _norm(value: Axis, every: Floats) -> Any:
    """One scale for all panels: logarithmic if asked for, centred on zero if there are both signs."""
    import numpy as np
    from matplotlib.colors import LogNorm, Normalize

    finite = every[np.isfinite(every)]
    if len(finite) == 0:
        return Normalize(0, 1)
    low, high = float(finite.min()), float(finite.max())
    if log_possible(value, finite):
        return LogNorm(float(finite[finite > 0].min()), high if high > finite[finite > 0].min() else high * 1.01)
    if low < 0 < high:
        reach = max(-low, high)
        return Normalize(-reach, reach)
    return Normalize(min(0.0, low) if low >= 0 else low, high if high > min(0.0, low) else low + 1.0)


def _cells(axes: Axes, matrix: Floats, value: Axis, norm: Any) -> None:
    import numpy as np

    colours = "RdBu_r" if norm.vmin == -norm.vmax and norm.vmin < 0 else "viridis"
    shown = np.ma.masked_invalid(matrix)
    if value.scale == "log":
        shown = np.ma.masked_less_equal(shown, 0)
    mesh = axes.pcolormesh(shown, cmap=colours, norm=norm, rasterized=matrix.size > MOST_DRAWN_AS_PATHS)
    if matrix.size <= MOST_DRAWN_AS_PATHS:
        mesh.set(edgecolor="face", linewidth=0.3)
    axes.patch.set_visible(False)
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, aspect=24, label=axis_label(value))
    bar.outline.set_visible(False)
    if bar.solids is not None:
        bar.solids.set_rasterized(True)
    if matrix.size <= MOST_ANNOTATED:
        _annotate(axes, matrix, mesh)


def _annotate(axes: Axes, matrix: Floats, mesh: Any) -> None:
    for (row, column), value in [
        ((r, c), matrix[r, c]) for r in range(matrix.shape[0]) for c in range(matrix.shape[1])
    ]:
        if not math.isfinite(value):
            axes.text(column + 0.5, row + 0.5, "n/a", ha="center", va="center", fontsize=8)
            continue
        red, green, blue, _ = mesh.cmap(mesh.norm(value))
        dark = luminance((float(red), float(green), float(blue))) < 0.18
        ink = "#ffffff" if dark else "#000000"
        axes.text(column + 0.5, row + 0.5, f"{value:.2g}", ha="center", va="center", fontsize=8, color=ink)


def _ticks(axes: Axes, across: tuple[Axis, list[str]], down: tuple[Axis, list[str]]) -> None:
    import numpy as np

    axes.invert_yaxis()
    every_x, every_y = (math.ceil(len(names) / MOST_TICKS) for names in (across[1], down[1]))
    xs, ys = np.arange(0, len(across[1]), every_x), np.arange(0, len(down[1]), every_y)
    names = [label(across[1][at], 18) for at in xs]
    crowded = sum(map(len, names)) > 70
    axes.set_xticks(xs + 0.5, names, rotation=90 if crowded else 0)
    axes.set_yticks(ys + 0.5, [label(down[1][at], 24) for at in ys])
    axes.tick_params(length=0)
    axes.set_xlabel(axis_label(across[0]))
    axes.set_ylabel(axis_label(down[0]))
