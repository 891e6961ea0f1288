"""Columns of a figure's table as arrays, split into panels and series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from vae_analyze.findings import Axis, Cell, Figure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_POINTS = 500


@final
@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one panel and one series."""

    panel: str
    series: str
    rows: tuple[int, ...]


def number(cell: Cell) -> float:
    """A cell as a number; NaN where it is none."""
    return float(cell) if isinstance(cell, (int, float)) else math.nan


def word(cell: Cell) -> str:
    """A cell as a category's name."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def numbers(figure: Figure, column: str, rows: Sequence[int]) -> Floats:
    """A column as float64; all NaN if the figure names none."""
    import numpy as np

    if not column:
        return np.full(len(rows), math.nan)
    cells = figure.table.column(column)
    return np.array([number(cells[row]) for row in rows], dtype=np.float64)


def words(figure: Figure, column: str) -> list[str]:
    """A column as names; all empty if the figure names none."""
    if not column:
        return [""] * len(figure.table.rows)
    return [word(cell) for cell in figure.table.column(column)]


def parts(figure: Figure) -> list[Part]:
    """Rows by panel and series, in the order in which the table names them."""
    keys = list(zip(words(figure, figure.panel), words(figure, figure.series), strict=True))
    found: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, []).append(row)
    return [Part(panel, series, tuple(rows)) for (panel, series), rows in found.items()]


def in_order(names: Sequence[str]) -> list[str]:
    """Each name once, first come first."""
    return list(dict.fromkeys(names))


def is_numeric(figure: Figure, axis: Axis) -> bool:
    """Whether every cell of an axis is a number (missing ones aside)."""
    cells = figure.table.column(axis.column)
    return all(cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool)) for cell in cells)


def log_possible(axis: Axis | None, values: Floats) -> bool:
    """Whether an axis asks for a logarithmic scale and has something to show on one."""
    import numpy as np

    return axis is not None and axis.scale == "log" and bool(np.any(values > 0))


def thinned(count: int, most: int = MOST_POINTS) -> NDArray[np.int64]:
    """Indices of at most so many of ``count`` points, ends included, evenly spread."""
    import numpy as np

    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
