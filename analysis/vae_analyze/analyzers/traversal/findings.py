"""From what was gathered to scalars with intervals, the table, figures and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae_analyze.analyzers.spanned import spanned
from vae_analyze.analyzers.traversal.cautions import warnings
from vae_analyze.analyzers.traversal.figures import figures
from vae_analyze.analyzers.traversal.measured import measured_of
from vae_analyze.analyzers.traversal.readings import readings
from vae_analyze.analyzers.traversal.scalars import scalars
from vae_analyze.analyzers.traversal.table import dimension_table
from vae_analyze.findings import Findings

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.gathered import Gathered


def findings(gathered: Gathered) -> Findings:
    """Everything that `traversal` reports."""
    measured = measured_of(gathered)
    numbers = Findings(scalars=scalars(measured))
    return Findings(
        scalars=numbers.scalars,
        tables=(spanned(dimension_table(measured), "movement", "the movement of the output", "dimension"),),
        figures=figures(measured),
        rows=gathered.rows,
        readings=readings(measured, numbers),
        warnings=warnings(measured),
    )
