"""From a figure's kind to what draws it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vae_analyze.findings import Figure
from vae_analyze.reporting.drawing import animation, bars, curves, heatmap, pictures, scatter, sliders
from vae_analyze.reporting.drawing.drawn import Drawer, Drawn, PictureDrawer
from vae_analyze.reporting.drawing.sprite import LARGEST_SPRITE
from vae_analyze.reporting.text import printable

DRAWERS: Final[Mapping[str, Drawer]] = {
    "curves": curves.draw,
    "bars": bars.draw,
    "heatmap": heatmap.draw,
    "scatter": scatter.draw,
}
PICTURE_DRAWERS: Final[Mapping[str, PictureDrawer]] = {
    "pictures": pictures.draw,
    "sliders": sliders.draw,
    "animation": animation.draw,
}


def draw(figure: Figure, prefix: str, room: int = LARGEST_SPRITE) -> Drawn:
    """The figure as markup; without markup where its kind is unknown or there is nothing to draw.

    Args:
        figure: As data.
        prefix: Starts every id in the markup; unique on the page.
        room: Bytes that its pictures should not exceed; with less they are stored with more loss.
    """
    drawer, of_pictures = DRAWERS.get(figure.kind), PICTURE_DRAWERS.get(figure.kind)
    if drawer is None and of_pictures is None:
        return Drawn("", (f"This version cannot draw figures of kind {figure.kind!r}; the numbers are below.",))
    if figure.pictures is None and not figure.table.rows:
        return Drawn("", ("There is nothing to draw.",))
    try:
        drawn = drawer(figure, prefix) if drawer is not None else Drawn("")
        if of_pictures is not None:
            drawn = of_pictures(figure, prefix, room)
    except (KeyError, ValueError, TypeError) as error:
        # A figure of somebody else's analyzer must not cost the reader the rest of the report.
        return Drawn("", (f"The figure could not be drawn ({printable(error)}); the numbers are below.",))
    return (
        drawn
        if drawn.markup or drawn.notes
        else Drawn("", ("The figure names no axes or pictures; the numbers are below.",))
    )
