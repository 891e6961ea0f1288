"""What a table says in one sentence: from where to where its most telling column goes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_analyze.findings import Cell, Table


def spanned(table: Table, value: str, words: str, *of: str) -> Table:
    """The table with the least and the largest value of a column, and the rows that have them, as its reading.

    Args:
        table: The table.
        value: Column of numbers.
        words: What they are, as the sentence's subject.
        of: Columns that name a row.

    Returns:
        The table as it is where it has no such column.
    """
    units = {column.name: column.unit for column in table.columns}
    if not {value, *of} <= units.keys():
        return table
    unit = units[value]
    names = list(zip(*(table.column(name) for name in of), strict=True))
    known = [
        (float(cell), _named(of, name))
        for cell, name in zip(table.column(value), names, strict=True)
        if isinstance(cell, (int, float)) and math.isfinite(cell)
    ]
    return replace(table, reading=_sentence(known, words, "" if unit in ("", "1") else f" {unit}"))


def _sentence(known: list[tuple[float, str]], words: str, unit: str) -> str:
    subject = words[0].upper() + words[1:]
    if not known:
        return f"{subject} is defined for no row."
    (least, first), (most, last) = min(known), max(known)
    if f"{least:.3g}" == f"{most:.3g}":
        return f"{subject} is {least:.3g}{unit} in {'every row' if len(known) > 1 else 'the one row'}."
    return f"{subject} goes from {least:.3g}{unit} ({first}) to {most:.3g}{unit} ({last})."


def _named(columns: tuple[str, ...], cells: tuple[Cell, ...]) -> str:
    return ", ".join(_cell(column, cell) for column, cell in zip(columns, cells, strict=True))


def _cell(column: str, cell: Cell) -> str:
    if isinstance(cell, bool):
        return column if cell else f"not {column}"
    if isinstance(cell, float):
        return f"{column} {cell:.3g}"
    return str(cell) if isinstance(cell, str) else f"{column} {cell}"
