"""From what was gathered to scalars with intervals, tables, figures and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae_analyze.analyzers.baselines.comparison import comparison
from vae_analyze.analyzers.baselines.figures import figures
from vae_analyze.analyzers.baselines.readings import readings
from vae_analyze.analyzers.baselines.scalars import scalars
from vae_analyze.analyzers.baselines.tables import tables
from vae_analyze.analyzers.baselines.warnings import warnings
from vae_analyze.analyzers.spanned import spanned
from vae_analyze.findings import Findings

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.gathered import Gathered


# Of each table the column that says most, in words, and what its rows are called by.
_TELLING = {
    "reconstruction": ("mse", "the error of reconstruction", "by"),
    "denoising": ("mse", "the error after denoising", "by"),
    "retrieval": ("precision", "the precision", "by", "k"),
    "probes": ("accuracy", "the accuracy of a probe", "by", "probe"),
    "angles": ("angle", "the angle", "of", "number"),
}


def findings(gathered: Gathered) -> Findings:
    """Everything that `baselines` reports."""
    found = comparison(gathered)
    return Findings(
        scalars=scalars(found),
        tables=tuple(spanned(table, *_TELLING[table.name]) for table in tables(found)),
        figures=figures(found),
        readings=readings(found),
        warnings=warnings(found),
        rows=found.paired.rows,
    )
