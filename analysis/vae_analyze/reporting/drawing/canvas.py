"""An empty plot in the house style, without global state."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vae_analyze.findings import Axis
from vae_analyze.reporting.drawing.palette import GRID, INK, MUTED, PAPER
from vae_analyze.reporting.numbers import unit_text
from vae_analyze.reporting.text import printable, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SINGLE_WIDTH, PANEL_WIDTH, PANEL_HEIGHT, MOST_ABREAST = 5.1, 4.3, 2.7, 3
LONGEST_LABEL = 40


@contextmanager
def house_style() -> Iterator[None]:
    """Settings of matplotlib that exist only as global ones, for the time of one drawing."""
    import matplotlib as mpl

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "vae-analyze",
        "text.parse_math": False,
        "font.size": 9.0,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.labelsize": 9.0,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "hatch.color": PAPER,
        "hatch.linewidth": 0.9,
        "axes.unicode_minus": True,
        "axes.formatter.use_mathtext": False,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # The reader's browser has the glyphs; matplotlib only estimates the space that text takes.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> Figure:
    """A transparent figure (inches) whose parts make room for each other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_visible(False)
    return figure


def facets(panels: int, *, height: float = PANEL_HEIGHT, share_y: bool = True) -> tuple[Figure, list[Axes]]:
    """A figure with one set of axes per panel, side by side, then below."""
    abreast = min(panels, MOST_ABREAST)
    rows = math.ceil(panels / abreast)
    width = SINGLE_WIDTH if panels == 1 else PANEL_WIDTH * abreast
    figure = new_figure(width, height * rows + 0.25)
    grid = figure.subplots(rows, abreast, squeeze=False, sharey=share_y)
    every = list(grid.ravel())
    for axes in every[panels:]:
        axes.set_visible(False)
    for axes in every[:panels]:
        plain_axes(axes)
    return figure, every[:panels]


def plain_axes(axes: Axes) -> None:
    """Left and bottom line only, and a faint horizontal grid."""
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)
    axes.tick_params(length=3, width=0.8)


def axis_label(axis: Axis | None) -> str:
    """Label and unit of an axis."""
    if axis is None:
        return ""
    unit = "" if axis.unit in ("", "1") else f" ({unit_text(axis.unit)})"
    return printable(axis.label) + printable(unit)


def label(text: object, limit: int = LONGEST_LABEL) -> str:
    """A name as a tick, legend or panel label."""
    return shorten(printable(text), limit)
