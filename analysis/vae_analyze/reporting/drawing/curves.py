"""Lines over a quantity, with interval bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae_analyze.findings import Axis, Figure
from vae_analyze.reporting.drawing.canvas import axis_label, facets, house_style, label
from vae_analyze.reporting.drawing.columns import in_order, is_numeric, log_possible, numbers, parts, thinned, words
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.drawing.palette import MUTED, SERIES
from vae_analyze.reporting.drawing.svg import to_svg

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import XAxis, YAxis
    from matplotlib.figure import Figure as Canvas

    from vae_analyze.reporting.drawing.columns import Floats, Part

DASHES = ("-", (0, (5, 1.6)), (0, (1.2, 1.4)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
MOST_MARKED, MOST_NAMED = 40, 18


def draw(figure: Figure, prefix: str) -> Drawn:
    """Curves as inline SVG: a panel per panel value, a colour, dash and marker per series."""
    if figure.x is None or figure.y is None:
        return Drawn("")
    split = parts(figure)
    panels, names = in_order([part.panel for part in split]), in_order([part.series for part in split])
    every = numbers(figure, figure.y.column, range(len(figure.table.rows)))
    log = log_possible(figure.y, every)
    with house_style():
        canvas, axes = facets(len(panels))
        for part in split:
            _line(axes[panels.index(part.panel)], figure, part, names.index(part.series), log=log)
        for panel, one in zip(panels, axes, strict=True):
            one.set_title(label(panel))
            _scales(one, figure, figure.x, log=log)
        axes[0].set_ylabel(axis_label(figure.y))
        legend(canvas, axes[0] if len(panels) == 1 else None, axes, names)
        markup = to_svg(canvas, prefix=prefix, alt=figure.alt)
    return Drawn(markup, _notes(every, names, log=log), wide=len(panels) > 1)


def legend(canvas: Canvas, single: Axes | None, axes: list[Axes], names: list[str]) -> None:
    """One legend above the panels for all series; none where there is nothing to tell apart."""
    if len(names) < 2 or len(names) > MOST_NAMED:
        return
    found: dict[str, Artist] = {}
    for one in axes:
        for handle, text in zip(*one.get_legend_handles_labels(), strict=True):
            found.setdefault(text, handle)
    longest = max(len(text) for text in found)
    abreast = max(1, min(len(found), int((75 if single is not None else 150) / (longest + 8))))
    canvas.legend(
        list(found.values()),
        list(found),
        loc="outside upper left",
        ncols=abreast,
        frameon=False,
        fontsize=9,
        handlelength=3.2,
        borderaxespad=0.1,
        columnspacing=1.6,
    )


def _line(axes: Axes, figure: Figure, part: Part, which: int, *, log: bool) -> None:
    import numpy as np

    assert figure.x is not None
    assert figure.y is not None
    x = _positions(figure, figure.x, part)
    order = np.argsort(x, kind="stable")
    order = order[thinned(len(order))]
    y, low, high = (numbers(figure, name, part.rows)[order] for name in (figure.y.column, figure.low, figure.high))
    if log:
        y, low, high = (np.where(values > 0, values, np.nan) for values in (y, low, high))
    colour = SERIES[which % len(SERIES)]
    axes.plot(
        x[order],
        y,
        color=colour,
        linestyle=DASHES[(which + which // len(SERIES)) % len(DASHES)],
        linewidth=1.8,
        marker=MARKERS[which % len(MARKERS)] if len(order) <= MOST_MARKED else "",
        markersize=4.5,
        markeredgewidth=0,
        label=label(part.series) or None,
    )
    banded = np.isfinite(low) & np.isfinite(high)
    if banded.any():
        axes.fill_between(x[order], low, high, where=banded, color=colour, alpha=0.18, linewidth=0)


def _positions(figure: Figure, axis: Axis, part: Part) -> Floats:
    """Numbers as they are; names by their place among all names."""
    import numpy as np

    if is_numeric(figure, axis):
        return numbers(figure, axis.column, part.rows)
    every = words(figure, axis.column)
    order = in_order(every)
    return np.array([order.index(every[row]) for row in part.rows], dtype=np.float64)


def _scales(axes: Axes, figure: Figure, x: Axis, *, log: bool) -> None:
    axes.set_xlabel(axis_label(x))
    if not is_numeric(figure, x):
        order = in_order(words(figure, x.column))
        axes.set_xticks(range(len(order)), [label(name, 14) for name in order])
    elif log_possible(x, numbers(figure, x.column, range(len(figure.table.rows)))):
        axes.set_xscale("log")
        _plain_powers(axes.xaxis, *axes.get_xlim())
    if log:
        axes.set_yscale("log")
        _plain_powers(axes.yaxis, *axes.get_ylim())
    elif _crosses_zero(axes):
        axes.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
    else:
        _from_zero(axes)


def _plain_powers(axis: XAxis | YAxis, low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    # Over less than two decades powers of ten alone would leave the axis nearly bare.
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter("")


def _crosses_zero(axes: Axes) -> bool:
    low, high = axes.get_ylim()
    data = axes.dataLim
    return bool(low < 0 < high) and bool(data.y0 < 0 < data.y1)


def _from_zero(axes: Axes) -> None:
    """Let the axis start at zero where that wastes less than half of it."""
    low, high = axes.get_ylim()
    data = axes.dataLim
    if 0 <= data.y0 <= 0.5 * data.y1 and low <= high:
        axes.set_ylim(bottom=0)


def _notes(values: Floats, names: list[str], *, log: bool) -> tuple[str, ...]:
    import numpy as np

    notes = []
    missing = int(np.isnan(values).sum())
    if missing:
        notes.append(f"{missing} of {len(values)} values are undefined and leave gaps.")
    hidden = int((values <= 0).sum()) if log else 0
    if hidden:
        notes.append(f"{hidden} values at or below zero cannot be shown on a logarithmic axis.")
    if len(names) > MOST_NAMED:
        notes.append(f"{len(names)} series are not told apart by name here; the data table names them.")
    return tuple(notes)
