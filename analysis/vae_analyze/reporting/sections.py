"""One analyzer's part of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from markupsafe import Markup

from vae_analyze.findings import Figure, Scalar, params_text, scalars_table
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.figures import draw
from vae_analyze.reporting.numbers import count, shown_scalar, unit_text
from vae_analyze.reporting.overview import Doubt, doubts_of
from vae_analyze.reporting.tables import ARROWS, TableView, csv_cell, table_view
from vae_analyze.reporting.text import printable
from vae_analyze.runs.run import Result


@final
@dataclass(frozen=True, slots=True)
class ScalarView:
    """A headline number ready for the template."""

    analyzer: str
    name: str
    params: str
    value: str
    interval: str
    level: str
    unit: str
    arrow: str
    direction: str
    n: str
    definition: str
    reason: str
    csv: str


@final
@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure ready for the template."""

    title: str
    caption: str
    alt: str
    markup: Markup
    notes: tuple[str, ...]
    wide: bool
    table: TableView


@final
@dataclass(frozen=True, slots=True)
class Captioned:
    """A table and the words below its title."""

    title: str
    caption: str
    reading: str
    table: TableView


@final
@dataclass(frozen=True, slots=True)
class Section:
    """An analyzer's part of the page."""

    anchor: str
    result: Result
    readings: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    headline: tuple[ScalarView, ...]
    figures: tuple[tuple[FigureView, ...], ...]
    tables: tuple[Captioned, ...]
    scalars: TableView | None
    definitions: tuple[tuple[str, str], ...]
    seconds: str


def anchors(results: Sequence[Result]) -> Mapping[str, str]:
    """Analyzer name -> id of its section: readable, safe and unique on the page."""
    found: dict[str, str] = {}
    for at, result in enumerate(results):
        slug = "analyzer-" + re.sub(r"[^a-z0-9]+", "-", result.analyzer.lower()).strip("-")
        found[result.analyzer] = slug if slug not in found.values() else f"{slug}-{at}"
    return found


def drawings(result: Result, number: int, room: int) -> tuple[Drawn, ...]:
    """The figures of the analyzer with this number on the page, drawn; the pictures of each in ``room`` bytes."""
    return tuple(draw(figure, f"f{number}-{at}", room) for at, figure in enumerate(result.findings.figures))


def section(result: Result, anchor: str, drawn: Sequence[Drawn], *, most_rows: int) -> Section:
    """A section, its tables cut after ``most_rows`` rows."""
    found = result.findings
    return Section(
        anchor=anchor,
        result=result,
        readings=tuple(printable(text) for text in found.readings),
        doubts=doubts_of(result),
        headline=headline(result),
        figures=_grouped(found.figures, drawn, most_rows=most_rows),
        tables=tuple(
            Captioned(
                printable(table.title),
                printable(table.caption),
                printable(table.reading),
                table_view(table, most=most_rows),
            )
            for table in found.tables
        ),
        scalars=table_view(scalars_table(found.scalars, title="All numbers"), most=most_rows)
        if found.scalars
        else None,
        definitions=definitions(found.scalars),
        seconds=f"{result.seconds:.1f} s" if result.seconds else "",
    )


def _grouped(
    figures: Sequence[Figure], drawn: Sequence[Drawn], *, most_rows: int
) -> tuple[tuple[FigureView, ...], ...]:
    """Figures in order; those that are views of one thing together."""
    found: list[tuple[FigureView, ...]] = []
    before = ""
    for figure, one in zip(figures, drawn, strict=True):
        view = figure_view(figure, one, most_rows=most_rows)
        if figure.group and figure.group == before:
            found[-1] = (*found[-1], view)
        else:
            found.append((view,))
        before = figure.group
    return tuple(found)


def headline(result: Result) -> tuple[ScalarView, ...]:
    """The numbers that a summary shows."""
    return tuple(_scalar_view(result.analyzer, scalar) for scalar in result.findings.scalars if scalar.headline)


def figure_view(figure: Figure, drawn: Drawn, *, most_rows: int) -> FigureView:
    """A drawn figure with its words and numbers."""
    return FigureView(
        title=printable(figure.title),
        caption=printable(figure.caption),
        alt=printable(figure.alt),
        # Every drawer escapes what it takes from the figure; see the tests with hostile names.
        markup=Markup(drawn.markup),  # noqa: S704
        notes=tuple(printable(note) for note in drawn.notes),
        wide=drawn.wide,
        table=table_view(figure.table, most=most_rows),
    )


def definitions(scalars: Sequence[Scalar]) -> tuple[tuple[str, str], ...]:
    """Name and definition of every kind of number, once."""
    found: dict[str, str] = {}
    for scalar in scalars:
        if scalar.definition:
            found.setdefault(printable(scalar.name), printable(scalar.definition))
    return tuple(found.items())


def _scalar_view(analyzer: str, scalar: Scalar) -> ScalarView:
    drawn = shown_scalar(scalar)
    arrow, direction = ARROWS[scalar.direction]
    return ScalarView(
        analyzer=analyzer,
        name=printable(scalar.name),
        params=printable(params_text(scalar.params)),
        value=drawn.value,
        interval=drawn.interval,
        level=f"{100 * scalar.level:g} %" if drawn.interval else "",
        unit=printable(unit_text(scalar.unit)),
        arrow=arrow,
        direction=direction,
        n=count(scalar.n),
        definition=printable(scalar.definition),
        reason=printable(scalar.reason),
        csv=",".join(csv_cell(cell) for cell in (scalar.value, scalar.low, scalar.high)),
    )
