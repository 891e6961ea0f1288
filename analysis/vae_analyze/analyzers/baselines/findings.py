"""From what was gathered to scalars with intervals, tables, figures and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae_analyze.analyzers.baselines.comparison import comparison
from vae_analyze.analyzers.baselines.figures import figures
from vae_analyze.analyzers.baselines.readings import readings
from vae_analyze.analyzers.baselines.scalars import scalars
from vae_analyze.analyzers.baselines.tables import tables
from vae_analyze.analyzers.baselines.warnings import warnings
from vae_analyze.findings import Findings

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.gathered import Gathered


def findings(gathered: Gathered) -> Findings:
    """Everything that `baselines` reports."""
    found = comparison(gathered)
    return Findings(
        scalars=scalars(found),
        tables=tables(found),
        figures=figures(found),
        readings=readings(found),
        warnings=warnings(found),
        rows=found.paired.rows,
    )
