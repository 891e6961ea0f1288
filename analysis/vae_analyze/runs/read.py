"""A run back from its folder."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vae_analyze.errors import StoreError
from vae_analyze.findings import Axis, Cell, Column, Figure, Findings, Pictures, Scalar, Table
from vae_analyze.runs.layout import RUN
from vae_analyze.runs.run import SCHEMA, OptionValue, Result, Run
from vae_analyze.strict_json import loads


def read_run(path: str | os.PathLike[str]) -> Run:
    """The run in a folder (or whose ``run.json`` this is).

    Raises:
        StoreError: Not a run, damaged, or written by a newer version.
    """
    folder = Path(path)
    if folder.is_file() or folder.name == RUN:  # the run's report, or another of its files
        folder = folder.parent
    plain = _plain(folder)
    try:
        return _run(plain, folder)
    except (KeyError, TypeError, ValueError, AttributeError, OSError, EOFError, csv.Error) as error:
        raise StoreError(
            f"the run in {folder} is damaged: {type(error).__name__}: {error}", hint="run the analysis again"
        ) from error


def _plain(folder: Path) -> dict[str, Any]:
    file = folder / RUN
    if not file.is_file():
        raise StoreError(
            f"expected a run folder, found no {RUN} in {folder}",
            hint="give the folder that an analysis printed",
        )
    try:
        plain = loads(file.read_text(encoding="utf-8"))
        schema = plain["schema"]
    except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise StoreError(f"{file} is damaged: {error}", hint="run the analysis again") from error
    if schema != SCHEMA:
        raise StoreError(
            f"{file} has schema {schema}, and this version reads schema {SCHEMA}", hint="update vae-analyze"
        )
    return dict(plain)


def _run(plain: Mapping[str, Any], folder: Path) -> Run:
    return Run(
        name=plain["name"],
        created=plain["created"],
        card=plain["card"],
        data=plain["data"],
        options=tuple(OptionValue(**option) for option in plain["options"]),
        provenance=plain["provenance"],
        results=tuple(_result(result, folder) for result in plain["results"]),
        path=folder,
    )


def _result(plain: Mapping[str, Any], folder: Path) -> Result:
    same = (
        "analyzer",
        "version",
        "question",
        "status",
        "reason",
        "traceback",
        "options",
        "distribution",
        "seconds",
    )
    return Result(
        **{name: plain[name] for name in same},
        references=tuple(plain["references"]),
        findings=Findings(
            scalars=tuple(_scalar(scalar) for scalar in plain["scalars"]),
            tables=tuple(_table(table, folder) for table in plain["tables"]),
            figures=tuple(_figure(figure, folder) for figure in plain["figures"]),
            readings=tuple(plain["readings"]),
            warnings=tuple(plain["warnings"]),
            rows=_rows(plain["rows"], folder),
        ),
    )


def _scalar(plain: Mapping[str, Any]) -> Scalar:
    numbers = {name: _number(plain[name]) for name in ("value", "low", "high", "se")}
    return Scalar(**{**plain, **numbers})


def _table(plain: Mapping[str, Any], folder: Path) -> Table:
    names = ("name", "unit", "direction", "description")
    with (folder / plain["file"]).open(encoding="utf-8", newline="") as file:
        _, *lines = csv.reader(file)
    readers = [_readers(column["kind"], len(lines)) for column in plain["columns"]]
    return Table(
        name=plain["name"],
        title=plain["title"],
        caption=plain["caption"],
        reading=plain.get("reading", ""),
        columns=tuple(Column(**{name: column[name] for name in names}) for column in plain["columns"]),
        rows=tuple(
            tuple(read(text) for read, text in zip(reads, line, strict=True))
            for *reads, line in zip(*readers, lines, strict=True)
        ),
    )


def _readers(kind: str | list[str], rows: int) -> list[Callable[[str], Cell]]:
    """How to read the cells of a column: all of one kind, or each of its own."""
    return [_READERS[name] for name in ([kind] * rows if isinstance(kind, str) else kind)]


def _figure(plain: Mapping[str, Any], folder: Path) -> Figure:
    same = ("name", "kind", "title", "alt", "series", "panel", "low", "high", "caption")
    return Figure(
        **{name: plain[name] for name in same},
        x=_axis(plain["x"]),
        y=_axis(plain["y"]),
        value=_axis(plain["value"]),
        table=_table(plain["table"], folder),
        pictures=_pictures(plain["pictures"], folder),
        group=plain.get("group", ""),  # runs of version 0.1 have none
    )


def _axis(plain: Mapping[str, Any] | None) -> Axis | None:
    return None if plain is None else Axis(**plain)


def _pictures(plain: Mapping[str, Any] | None, folder: Path) -> Pictures | None:
    if plain is None:
        return None
    import numpy as np

    stored = np.load(folder / plain["file"], allow_pickle=False)
    if not isinstance(stored, np.ndarray):  # a plain array in runs of version 0.1
        with stored:
            stored = stored["pixels"]
    return Pictures(
        pixels=stored,
        row_labels=tuple(plain["row_labels"]),
        column_labels=tuple(plain["column_labels"]),
        boxed=tuple(plain.get("boxed", ())),
    )


def _rows(plain: Mapping[str, Any] | None, folder: Path) -> Any:
    if plain is None:
        return None
    from vae_analyze.runs.samples import INDEX, VALUES
    from vae_analyze.stats.rows import RowColumn, Rows, StoredChunk

    columns = tuple(RowColumn(**column) for column in plain["columns"])
    file = folder / plain["file"]
    if not file.is_file():
        raise FileNotFoundError(f"no file {file}")
    return Rows(columns, [StoredChunk(file, INDEX, VALUES)])


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _float(text: str) -> Cell:
    return float(text) if text else None


def _int(text: str) -> Cell:
    return int(text) if text else None


def _bool(text: str) -> Cell:
    return text == "true" if text else None


def _str(text: str) -> Cell:
    return text


def _none(text: str) -> Cell:
    del text
    return None


_READERS: Mapping[str, Callable[[str], Cell]] = {
    "float": _float,
    "int": _int,
    "bool": _bool,
    "str": _str,
    "none": _none,
}
