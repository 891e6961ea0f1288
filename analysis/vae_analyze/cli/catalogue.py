"""What there is: analyzers, data, formats."""

from __future__ import annotations

import sys
from typing import Any

from vae_analyze.analyzers.registry import Entry, entries
from vae_analyze.errors import AnalyzerError


def catalogue() -> dict[str, Any]:
    """Everything that can be named on the command line, as plain data."""
    from vae_analyze.data.open import list_data
    from vae_analyze.loading.load import list_formats

    return {
        "schema": 1,
        "analyzers": [_analyzer(entry) for entry in entries().values()],
        "data": [
            {
                "name": info.name,
                "description": info.description,
                "size": info.size,
                "shape": list(info.shape),
                "labels": info.has_labels,
                "factors": info.has_factors,
            }
            for info in list_data()
        ],
        "formats": [{"name": info.name, "description": info.description} for info in list_formats()],
    }


def _analyzer(entry: Entry) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": entry.name, "distribution": entry.distribution, "status": "ok", "reason": ""}
    try:
        kind = entry.load()
        cost = kind().cost()
    except AnalyzerError as error:
        return plain | {"status": "cannot be loaded", "reason": error.message}
    return plain | {
        "version": kind.version,
        "question": kind.question,
        "needs": sorted(kind.needs),
        "references": list(kind.references),
        "cost per sample": {"encodes": cost.encodes, "decodes": cost.decodes, "gradients": cost.gradients},
    }


def print_catalogue(found: dict[str, Any]) -> None:
    """The catalogue for people."""
    from rich.table import Table
    from rich.text import Text

    from vae_analyze.cli.output import console

    out = console(sys.stdout)
    analyzers = Table("analyzer", "question", "needs", "cost per sample", "package", title="Analyzers")
    for row in found["analyzers"]:
        if row["status"] != "ok":
            analyzers.add_row(row["name"], f"Warning: {row['reason']}", "", "", row["distribution"], style="yellow")
            continue
        cost = row["cost per sample"]
        spent = ", ".join(f"{cost[kind]:g} {kind}" for kind in cost if cost[kind]) or "shared only"
        analyzers.add_row(row["name"], row["question"], ", ".join(row["needs"]), spent, row["distribution"])
    out.print(analyzers)
    for row in found["analyzers"]:
        if row["status"] == "ok" and row["references"]:
            out.print(Text(f"Sources of {row['name']}:"))
            for reference in row["references"]:
                out.print(Text(f"  {reference}"))
    data = Table("data", "what", "samples", "shape", "labels", "factors", title="Data without a download")
    for row in found["data"]:
        shape = "x".join(map(str, row["shape"]))
        labels, factors = ("yes" if row[name] else "" for name in ("labels", "factors"))
        data.add_row(row["name"], row["description"], f"{row['size']:,}", shape, labels, factors)
    out.print(data)
    formats = Table("format", "what", title="Checkpoint formats")
    for row in found["formats"]:
        formats.add_row(row["name"], row["description"])
    out.print(formats)
