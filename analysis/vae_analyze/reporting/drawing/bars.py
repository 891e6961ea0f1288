"""Bars per category, grouped by series, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vae_analyze.findings import Figure
from vae_analyze.reporting.drawing.canvas import PANEL_HEIGHT, axis_label, facets, house_style, label
from vae_analyze.reporting.drawing.columns import in_order, log_possible, numbers, parts, words
from vae_analyze.reporting.drawing.curves import legend
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.drawing.palette import INK, MUTED, PAPER, SERIES
from vae_analyze.reporting.drawing.svg import to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vae_analyze.reporting.drawing.columns import Part

# No dots: as paths they take a hundred times the bytes of lines.
HATCHES = ("", "////", "||||", "\\\\\\\\", "xxxx", "----")
GROUP_WIDTH = 0.8
MOST_UPRIGHT, LONGEST_UPRIGHT = 14, 9


def draw(figure: Figure, prefix: str) -> Drawn:
    """Bars as inline SVG; they lie down where names are long or many."""
    if figure.x is None or figure.y is None:
        return Drawn("")
    split = parts(figure)
    panels, names = in_order([part.panel for part in split]), in_order([part.series for part in split])
    categories = in_order(words(figure, figure.x.column))
    lying = len(categories) > MOST_UPRIGHT or max(map(len, categories), default=0) > LONGEST_UPRIGHT
    with house_style():
        height = max(PANEL_HEIGHT, 0.6 + 0.22 * len(categories) * max(1, len(names))) if lying else PANEL_HEIGHT
        canvas, axes = facets(len(panels), height=min(height, 12.0))
        for part in split:
            at = axes[panels.index(part.panel)]
            _bars(at, figure, part, categories, which=names.index(part.series), of=len(names), lying=lying)
        for panel, one in zip(panels, axes, strict=True):
            one.set_title(label(panel))
            _axes(one, figure, categories, lying=lying)
        if not lying:
            axes[0].set_ylabel(axis_label(figure.y))
        legend(canvas, axes[0] if len(panels) == 1 else None, axes, names)
        markup = to_svg(canvas, prefix=prefix, alt=figure.alt)
    return Drawn(markup, wide=len(panels) > 1)


def _bars(axes: Axes, figure: Figure, part: Part, categories: list[str], *, which: int, of: int, lying: bool) -> None:
    import numpy as np

    assert figure.x is not None
    assert figure.y is not None
    every = words(figure, figure.x.column)
    thickness = GROUP_WIDTH / of
    at = np.array([categories.index(every[row]) for row in part.rows], dtype=np.float64)
    at += (which - (of - 1) / 2) * thickness
    value, low, high = (numbers(figure, name, part.rows) for name in (figure.y.column, figure.low, figure.high))
    look: dict[str, Any] = {
        "color": SERIES[which % len(SERIES)],
        "edgecolor": PAPER,
        "linewidth": 0.6,
        "hatch": HATCHES[which % len(HATCHES)],
        "label": label(part.series) or None,
    }
    shown = np.where(np.isfinite(value), value, 0.0)
    if lying:
        axes.barh(at, shown, height=thickness * 0.94, **look)
    else:
        axes.bar(at, shown, width=thickness * 0.94, **look)
    known = np.isfinite(value) & np.isfinite(low) & np.isfinite(high)
    if known.any():
        spread = np.abs(np.stack([value - low, high - value]))[:, known]
        bar: dict[str, Any] = {"fmt": "none", "ecolor": INK, "elinewidth": 1.0, "capsize": 2.0}
        if lying:
            axes.errorbar(value[known], at[known], xerr=spread, **bar)
        else:
            axes.errorbar(at[known], value[known], yerr=spread, **bar)


def _axes(axes: Axes, figure: Figure, categories: list[str], *, lying: bool) -> None:
    assert figure.x is not None
    assert figure.y is not None
    values = numbers(figure, figure.y.column, range(len(figure.table.rows)))
    ticks, names = range(len(categories)), [label(name, 28) for name in categories]
    log = log_possible(figure.y, values)
    if lying:
        axes.set_yticks(ticks, names)
        axes.invert_yaxis()
        axes.set_xlabel(axis_label(figure.y))
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.axvline(0, color=MUTED, linewidth=0.8)
        if log:
            axes.set_xscale("log")
    else:
        axes.set_xticks(ticks, names)
        axes.set_xlabel(axis_label(figure.x))
        axes.axhline(0, color=MUTED, linewidth=0.8)
        if log:
            axes.set_yscale("log")
