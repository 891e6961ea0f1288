"""What an analyzer found: scalars with unit and uncertainty, tables, and figures as data.

Nothing here draws, writes or imports torch or pandas: findings are values that the run folder stores and that reports
are made from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from vae_analyze.stats.rows import Rows

Cell = float | int | str | bool | None
Param = float | int | str | bool
Direction = Literal["lower", "higher", "none"]
Status = Literal["ok", "warning", "undefined"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """One number and all that a reader needs to use it.

    Args:
        name: What it is, in the field's words; the same name means the same definition.
        value: The number; NaN where it is undefined, and then ``reason`` says why.
        unit: Its unit; "1" for a pure ratio.
        direction: Which way is better, if either.
        n: Number of samples it rests on.
        params: What distinguishes it from its siblings, such as ``{"sigma": 0.1}``.
        low: Lower end of the interval; NaN if there is none.
        high: Upper end of the interval; NaN if there is none.
        level: Coverage that the interval aims at.
        se: Standard error; NaN if there is none.
        status: "warning": the number stands, but read the reason first.
        reason: Why it is undefined, has no interval, or is not to be trusted.
        definition: One sentence saying what is computed.
        headline: Whether a summary should show it.

    Raises:
        ValueError: An undefined value without a reason.
    """

    name: str
    value: float
    unit: str
    direction: Direction
    n: int
    params: Mapping[str, Param] = field(default_factory=dict)
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    se: float = math.nan
    status: Status = "ok"
    reason: str = ""
    definition: str = ""
    headline: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            if not self.reason:
                raise ValueError(f"{self.name}: a value of {self.value} needs a reason")
            object.__setattr__(self, "value", math.nan)
            object.__setattr__(self, "status", "undefined")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a table: name, unit, direction, and what it holds."""

    name: str
    unit: str = ""
    direction: Direction = "none"
    description: str = ""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A tidy table; floats that are undefined are NaN, missing values None.

    Args:
        name: Short, unique within the analyzer; names the file.
        title: What people read above it.
        columns: In order.
        rows: One tuple per row, a cell per column.
        caption: On what, how; one or two sentences.
        reading: What it says, in one sentence made from its numbers.

    Raises:
        ValueError: A row whose length is not the number of columns.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    reading: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.name}: expected {len(self.columns)} cells in a row, got {len(row)}")

    def column(self, name: str) -> list[Cell]:
        """The cells of one column.

        Raises:
            KeyError: No such column.
        """
        names = [column.name for column in self.columns]
        if name not in names:
            raise KeyError(f"{self.name} has no column {name!r}; it has {', '.join(names)}")
        at = names.index(name)
        return [row[at] for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas frame."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=[column.name for column in self.columns])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """What one axis shows: a column of the figure's table, its label and unit."""

    column: str
    label: str
    unit: str = ""
    scale: Literal["linear", "log"] = "linear"


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pictures:
    """A grid of pictures.

    Args:
        pixels: uint8 ``(rows, columns, h, w, c)``, c = 1 or 3.
        row_labels: One per row.
        column_labels: One per column.
        boxed: Columns drawn with a box around each tile, such as the anchor of a traversal.
    """

    pixels: NDArray[np.uint8]
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    boxed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not all(0 <= column < len(self.column_labels) for column in self.boxed):
            raise ValueError(f"expected boxed columns below {len(self.column_labels)}, got {self.boxed}")
        if self.pixels.ndim != 5 or self.pixels.shape[-1] not in (1, 3):
            raise ValueError(f"expected pixels (rows, columns, h, w, 1 or 3), got {self.pixels.shape}")
        if self.pixels.shape[:2] != (len(self.row_labels), len(self.column_labels)):
            raise ValueError(
                f"expected {self.pixels.shape[:2]} labels, got ({len(self.row_labels)}, {len(self.column_labels)})"
            )

    # By content: the equality that dataclasses make compares arrays, which have no single truth.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pictures):
            return NotImplemented
        words = (self.row_labels, self.column_labels, self.boxed)
        same = words == (other.row_labels, other.column_labels, other.boxed)
        return same and self.pixels.shape == other.pixels.shape and bool((self.pixels == other.pixels).all())

    __hash__ = None  # type: ignore[assignment]  # arrays can be changed


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure as data: what would be drawn, with the words that go with it. Reports draw it later.

    Args:
        name: Short, unique within the analyzer.
        kind: How to draw it, such as "curves", "bars", "heatmap", "pictures", "sliders" (pictures, each row with a
            slider over its columns) or "animation" (columns are frames). A reporter that does not know a kind shows
            the table.
        title: What people read above it.
        alt: One or two sentences that say in words, with numbers, what the figure shows.
        table: The numbers drawn (or, for pictures, the numbers that belong to them).
        x: Horizontal axis; None for pictures.
        y: Vertical axis; for a heat map the other category.
        value: For a heat map, the coloured quantity.
        series: Column whose values tell the lines or bar groups apart, or "".
        panel: Column whose values split the figure into panels, or "".
        low: Column with the lower ends of the intervals, or "".
        high: Column with the upper ends, or "".
        caption: How to read it: n, interval, method.
        pictures: The pictures of a picture figure.
        group: Consecutive figures of one group are views of one thing, of which one is shown at a time.
    """

    name: str
    kind: str
    title: str
    alt: str
    table: Table
    x: Axis | None = None
    y: Axis | None = None
    value: Axis | None = None
    series: str = ""
    panel: str = ""
    low: str = ""
    high: str = ""
    caption: str = ""
    pictures: Pictures | None = None
    group: str = ""


@final
@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Findings:
    """All that one analyzer found.

    Args:
        scalars: Every number a reader may quote.
        tables: Tables beyond the scalars.
        figures: Figures as data.
        readings: Sentences generated from the numbers, most important first.
        warnings: What not to trust, and why.
        rows: Values per sample, kept for paired comparisons; streamed to the run folder.
    """

    scalars: tuple[Scalar, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    readings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rows: Rows | None = None

    def scalar(self, name: str, **params: Param) -> Scalar:
        """The scalar of this name and exactly these parameters.

        Raises:
            KeyError: There is none.
        """
        for scalar in self.scalars:
            if scalar.name == name and dict(scalar.params) == params:
                return scalar
        variants = [params_text(scalar.params) or "no parameters" for scalar in self.scalars if scalar.name == name]
        if variants:
            raise KeyError(f"no scalar {name!r} with {params_text(params) or 'no parameters'}; {'; '.join(variants)}")
        known = sorted({scalar.name for scalar in self.scalars})
        raise KeyError(f"no scalar {name!r}; names: {', '.join(known)}")

    def to_frame(self) -> pd.DataFrame:
        """The scalars as a pandas frame, one row each."""
        return scalars_table(self.scalars).to_frame()

    def __repr__(self) -> str:
        return f"Findings({len(self.scalars)} scalars, {len(self.tables)} tables, {len(self.figures)} figures)"

    def _repr_html_(self) -> str:
        readings = "".join(f"<p>{_escape(reading)}</p>" for reading in self.readings)
        return readings + str(self.to_frame().to_html(index=False, escape=True))


def scalars_table(scalars: tuple[Scalar, ...], *, name: str = "scalars", title: str = "Scalars") -> Table:
    """Scalars as a tidy table: one row each, parameters in one readable cell."""
    columns = ("name", "params", "value", "low", "high", "unit", "direction", "n", "se", "status", "reason")
    return Table(
        name=name,
        title=title,
        columns=tuple(Column(name=column) for column in columns),
        rows=tuple(
            (
                s.name,
                params_text(s.params),
                s.value,
                s.low,
                s.high,
                s.unit,
                s.direction,
                s.n,
                s.se,
                s.status,
                s.reason,
            )
            for s in scalars
        ),
    )


def params_text(params: Mapping[str, Param]) -> str:
    """Parameters as people write them: ``sigma=0.1, clipped=true``."""
    return ", ".join(f"{key}={_param(value)}" for key, value in params.items())


def _param(value: Param) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _escape(text: str) -> str:
    from html import escape

    return escape(text)
