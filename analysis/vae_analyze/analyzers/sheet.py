"""Tables whose columns need no more than a name and a unit: the numbers behind a figure."""

from __future__ import annotations

from collections.abc import Sequence

from vae_analyze.findings import Cell, Column, Table


def sheet(name: str, title: str, *columns: tuple[str, str], rows: Sequence[tuple[Cell, ...]]) -> Table:
    """A table of columns (name, unit)."""
    made = tuple(Column(name=column, unit=unit) for column, unit in columns)
    return Table(name=name, title=title, columns=made, rows=tuple(rows))
