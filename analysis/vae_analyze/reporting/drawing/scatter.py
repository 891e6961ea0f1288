"""Points in a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae_analyze.findings import Figure
from vae_analyze.reporting.drawing.canvas import axis_label, facets, house_style, label
from vae_analyze.reporting.drawing.columns import in_order, log_possible, numbers, parts
from vae_analyze.reporting.drawing.curves import MARKERS, legend
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.drawing.palette import SERIES, seaborn_colours
from vae_analyze.reporting.drawing.svg import to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vae_analyze.reporting.drawing.columns import Part
    from vae_analyze.reporting.drawing.palette import Rgb

MOST_VECTOR_MARKS = 2000
RASTER_DPI = 150


def draw(figure: Figure, prefix: str) -> Drawn:
    """Points as inline SVG, a colour and marker per series; many points become one embedded picture."""
    if figure.x is None or figure.y is None:
        return Drawn("")
    split = parts(figure)
    panels, names = in_order([part.panel for part in split]), in_order([part.series for part in split])
    raster = len(figure.table.rows) > MOST_VECTOR_MARKS
    # A picture cannot be recoloured by the page, so its colours are those that work on both papers.
    colours: list[str | Rgb] = [*seaborn_colours()] if raster else [*SERIES]
    with house_style():
        canvas, axes = facets(len(panels), height=3.2, share_y=False)
        canvas.set_dpi(RASTER_DPI if raster else 72)
        for part in split:
            which = names.index(part.series)
            at = axes[panels.index(part.panel)]
            _points(at, figure, part, colours[which % len(colours)], MARKERS[which % len(MARKERS)], raster=raster)
        for panel, one in zip(panels, axes, strict=True):
            one.set_title(label(panel))
            _scales(one, figure)
        legend(canvas, axes[0] if len(panels) == 1 else None, axes, names)
        markup = to_svg(canvas, prefix=prefix, alt=figure.alt)
    return Drawn(markup, wide=len(panels) > 1)


def _points(axes: Axes, figure: Figure, part: Part, colour: str | Rgb, marker: str, *, raster: bool) -> None:
    assert figure.x is not None
    assert figure.y is not None
    crowd = len(figure.table.rows)
    axes.scatter(
        numbers(figure, figure.x.column, part.rows),
        numbers(figure, figure.y.column, part.rows),
        s=14 if crowd < 500 else 6,
        color=colour,
        marker=marker,
        alpha=0.8 if crowd < 500 else 0.5,
        linewidths=0,
        rasterized=raster,
        label=label(part.series) or None,
    )


def _scales(axes: Axes, figure: Figure) -> None:
    assert figure.x is not None
    assert figure.y is not None
    every = range(len(figure.table.rows))
    axes.set_xlabel(axis_label(figure.x))
    axes.set_ylabel(axis_label(figure.y))
    axes.grid(visible=True)
    if log_possible(figure.x, numbers(figure, figure.x.column, every)):
        axes.set_xscale("log")
    if log_possible(figure.y, numbers(figure, figure.y.column, every)):
        axes.set_yscale("log")
