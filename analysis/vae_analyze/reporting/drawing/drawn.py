"""What a drawer hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from vae_analyze.findings import Figure


@final
@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure as markup.

    Args:
        markup: Safe HTML or inline SVG with a text alternative; "" if only the data table is shown.
        notes: What the drawing leaves out or changes, one sentence each.
        wide: Whether it wants the whole width of the page.
    """

    markup: str
    notes: tuple[str, ...] = ()
    wide: bool = False


# Given the figure and a prefix for the ids of its elements, unique on the page.
Drawer = Callable[[Figure, str], Drawn]
# Given also the bytes that its pictures may take.
PictureDrawer = Callable[[Figure, str, int], Drawn]
