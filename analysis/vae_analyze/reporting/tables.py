"""Tables as the page shows them: value and interval in one cell, full precision in what is copied."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from vae_analyze.findings import Cell, Column, Direction, Table
from vae_analyze.reporting.numbers import count, plain, shown, unit_text
from vae_analyze.reporting.text import printable

ARROWS: Final[dict[Direction, tuple[str, str]]] = {
    "lower": ("↓", "lower is better"),
    "higher": ("↑", "higher is better"),
    "none": ("", ""),
}


@final
@dataclass(frozen=True, slots=True)
class Head:
    """A column's heading; ``csv`` are the names of the columns that it stands for."""

    text: str
    unit: str = ""
    arrow: str = ""
    direction: str = ""
    description: str = ""
    csv: str = ""


@final
@dataclass(frozen=True, slots=True)
class Shelf:
    """A cell: its text, its interval, and the same at full precision as a piece of a CSV line."""

    text: str
    interval: str = ""
    csv: str = ""
    numeric: bool = False


@final
@dataclass(frozen=True, slots=True)
class TableView:
    """A table ready for the template.

    Args:
        label: What it is, for those who do not see it.
        heads: One per shown column.
        rows: A cell per shown column.
        rest: Rows that are not shown.
    """

    label: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Shelf, ...], ...]
    rest: int = 0


def table_view(table: Table, *, most: int) -> TableView:
    """A table with intervals drawn into the cell they belong to, cut after ``most`` rows."""
    groups = list(_groups(table.columns))
    return TableView(
        label=printable(table.title),
        heads=tuple(_head(table.columns, group) for group in groups),
        rows=tuple(tuple(_cell([row[at] for at in group]) for group in groups) for row in table.rows[:most]),
        rest=max(0, len(table.rows) - most),
    )


def _groups(columns: Sequence[Column]) -> Iterator[tuple[int, ...]]:
    """Positions of columns that share a cell: a value with the ends of its interval, or one alone."""
    at = 0
    while at < len(columns):
        name = columns[at].name
        ends = [column.name for column in columns[at + 1 : at + 3]]
        paired = ends in ([f"{name}_low", f"{name}_high"], ["low", "high"])
        yield (at, at + 1, at + 2) if paired else (at,)
        at += 3 if paired else 1


def _head(columns: Sequence[Column], group: tuple[int, ...]) -> Head:
    first = columns[group[0]]
    arrow, direction = ARROWS[first.direction]
    return Head(
        text=printable(first.name),
        unit=printable(unit_text(first.unit)),
        arrow=arrow,
        direction=direction,
        description=printable(first.description),
        csv=",".join(csv_cell(columns[at].name) for at in group),
    )


def _cell(cells: Sequence[Cell]) -> Shelf:
    text = ",".join(csv_cell(cell) for cell in cells)
    first = cells[0]
    if isinstance(first, float):
        low, high = (_float(cell) for cell in cells[1:]) if len(cells) == 3 else (math.nan, math.nan)
        drawn = shown(first, low, high)
        return Shelf(drawn.value, drawn.interval, text, numeric=True)
    if isinstance(first, bool):
        return Shelf("yes" if first else "no", csv=text)
    if isinstance(first, int):
        return Shelf(count(first), csv=text, numeric=True)
    return Shelf("" if first is None else printable(first), csv=text)


def csv_cell(cell: Cell) -> str:
    """A cell at full precision as CSV (RFC 4180 quoting); undefined is ``NaN``, missing is empty."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return "NaN" if math.isnan(cell) else repr(cell)
    text = printable(cell)
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _float(cell: Cell) -> float:
    return float(cell) if isinstance(cell, (int, float)) else math.nan


def value_text(value: object) -> str:
    """Plain data in one line, as options and cards show it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(value_text(item) for item in value) or "none"
    return printable(value)
