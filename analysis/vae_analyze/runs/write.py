"""A run to its folder: one JSON file, one CSV file per table, arrays beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from vae_analyze.findings import Axis, Cell, Figure, Findings, Table
from vae_analyze.runs.folder import whole_folder
from vae_analyze.runs.layout import RUN, SCALARS, pictures_path, samples_path, table_path
from vae_analyze.runs.run import Result, Run
from vae_analyze.strict_json import dumps, storable


def write_run(run: Run, target: Path, *, also: Callable[[Run, Path], None] | None = None) -> Run:
    """Write a run; the folder appears whole or not at all, and replaces an earlier run of that name.

    Args:
        run: The run.
        target: The folder.
        also: Writes more files, such as a report, into the folder before it appears; given the run and the folder.

    Returns:
        The run with its path.

    Raises:
        StoreError: The folder cannot be written, or holds something that is not a run.
    """
    run = replace(run, path=target)
    with whole_folder(target) as folder:
        plain = _plain(run)
        plain["results"] = [_write_result(result, folder) for result in run.results]
        (folder / RUN).write_text(dumps(plain), encoding="utf-8")
        _write_csv(_scalars(run), folder / SCALARS)
        if also is not None:
            also(run, folder)
    return run


def _plain(run: Run) -> dict[str, Any]:
    return {
        "schema": run.schema,
        "name": run.name,
        "created": run.created,
        "card": dict(run.card),
        "data": dict(run.data),
        "options": [asdict(option) for option in run.options],
        "provenance": dict(run.provenance),
    }


def _write_result(result: Result, folder: Path) -> dict[str, Any]:
    findings = result.findings
    return {
        "analyzer": result.analyzer,
        "version": result.version,
        "question": result.question,
        "status": result.status,
        "reason": result.reason,
        "traceback": result.traceback,
        "options": dict(result.options),
        "references": list(result.references),
        "distribution": result.distribution,
        "seconds": result.seconds,
        "scalars": [asdict(scalar) for scalar in findings.scalars],
        "tables": [_write_table(result.analyzer, table, folder) for table in findings.tables],
        "figures": [_write_figure(result.analyzer, figure, folder) for figure in findings.figures],
        "readings": list(findings.readings),
        "warnings": list(findings.warnings),
        "rows": _write_rows(result.analyzer, findings, folder),
    }


def _write_table(analyzer: str, table: Table, folder: Path) -> dict[str, Any]:
    path = _free(table_path(analyzer, table.name), folder)
    _write_csv(table, folder / path)
    return {
        "name": table.name,
        "title": table.title,
        "caption": table.caption,
        "reading": table.reading,
        "columns": [{**asdict(column), "kind": _kind(table.column(column.name))} for column in table.columns],
        "file": path.as_posix(),
    }


def _write_figure(analyzer: str, figure: Figure, folder: Path) -> dict[str, Any]:
    table = replace(figure.table, name=f"figure-{figure.name}")
    plain: dict[str, Any] = {
        name: getattr(figure, name)
        for name in ("name", "kind", "title", "alt", "series", "panel", "low", "high", "caption", "group")
    }
    axes: dict[str, Axis | None] = {"x": figure.x, "y": figure.y, "value": figure.value}
    plain |= {name: None if axis is None else asdict(axis) for name, axis in axes.items()}
    plain["table"] = _write_table(analyzer, table, folder) | {"name": figure.table.name}
    plain["pictures"] = None
    if figure.pictures is not None:
        import numpy as np

        path = _free(pictures_path(analyzer, figure.name), folder)
        (folder / path).parent.mkdir(exist_ok=True)
        np.savez_compressed(folder / path, pixels=figure.pictures.pixels)
        plain["pictures"] = {
            "file": path.as_posix(),
            "row_labels": list(figure.pictures.row_labels),
            "column_labels": list(figure.pictures.column_labels),
            "boxed": list(figure.pictures.boxed),
        }
    return plain


def _write_rows(analyzer: str, findings: Findings, folder: Path) -> dict[str, Any] | None:
    """Values per sample, streamed chunk by chunk into two arrays, then packed."""
    if findings.rows is None:
        return None
    from vae_analyze.runs.samples import write_rows

    path = _free(samples_path(analyzer), folder)
    (folder / path).parent.mkdir(exist_ok=True)
    n = write_rows(findings.rows, folder / path)
    return {"file": path.as_posix(), "n": n, "columns": [_column(c) for c in findings.rows.columns]}


def _free(path: Path, folder: Path) -> Path:
    """The path, or one beside it where another name has become the same file name."""
    candidates = (
        path.with_name(f"{path.stem}{mark}{path.suffix}") for mark in chain([""], (f"-{k}" for k in count(2)))
    )
    return next(candidate for candidate in candidates if not (folder / candidate).exists())


def _column(column: Any) -> Mapping[str, Any]:
    return {"name": column.name, "params": dict(column.params), "unit": column.unit}


def _scalars(run: Run) -> Table:
    from vae_analyze.findings import Column

    rows = run.scalar_rows()
    names = (
        "analyzer", "name", "params", "value", "low", "high", "level", "se", "unit", "direction", "n", "status",
        "reason",
        "definition",
    )  # fmt: skip
    return Table(
        name="scalars",
        title="Scalars",
        columns=tuple(Column(name=name) for name in names),
        rows=tuple(
            tuple(dumps(row[name], indent=None) if name == "params" else row[name] for name in names) for row in rows
        ),
    )


def _write_csv(table: Table, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = [[column.name for column in table.columns], *([_text(cell) for cell in row] for row in table.rows)]
    # Not by csv.writer, which before Python 3.13 leaves a lone carriage return unquoted: a line break to every reader.
    text = "".join((",".join(_quoted(cell) for cell in line) or '""') + "\n" for line in lines)
    path.write_bytes(text.encode("utf-8"))


def _quoted(text: str) -> str:
    escaped = text.replace('"', '""')
    return f'"{escaped}"' if any(mark in text for mark in ',"\r\n') else text


def _text(cell: Cell) -> str:
    cell = _plain_cell(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return "NaN" if math.isnan(cell) else repr(cell)
    return storable(str(cell))


def _plain_cell(cell: Any) -> Cell:
    """A NumPy number as Python's: its name of a type and its repr are not those that are read back."""
    plain: Cell = cell.item() if hasattr(cell, "item") else cell
    return plain


def _kind(cells: list[Cell]) -> str | list[str]:
    """The one type of a column's cells, else the type of each, so that every cell is read back as it was."""
    kinds = [type(_plain_cell(cell)).__name__.replace("NoneType", "none") for cell in cells]
    found = set(kinds) - {"none"}
    if found == {"int", "float"}:
        return "float"
    if len(found) == 1 and (found != {"str"} or "none" not in kinds):
        return found.pop()
    return kinds if found else "none"
