"""From the survey to scalars with intervals, tables, figures and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.attributes.figures import figures
from vae_analyze.analyzers.attributes.pictures import pictures
from vae_analyze.analyzers.attributes.readings import readings
from vae_analyze.analyzers.attributes.scalars import scalars, values
from vae_analyze.analyzers.attributes.survey import Survey, survey
from vae_analyze.analyzers.attributes.tables import attribute_table, steps_table
from vae_analyze.analyzers.attributes.warned import warnings
from vae_analyze.analyzers.spanned import spanned
from vae_analyze.findings import Findings
from vae_analyze.stats.rows import RowColumn, Rows

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.gathered import Gathered


def findings(gathered: Gathered) -> Findings:
    """Everything that `attributes` reports."""
    found = survey(gathered)
    numbers, steps = values(found), steps_table(found)
    return Findings(
        scalars=scalars(found, numbers),
        tables=(
            spanned(attribute_table(found, numbers), "probe_auc", "the AUC of a probe", "attribute"),
            spanned(steps, "probability", "the probability of the attribute", "attribute", "alpha"),
        ),
        figures=(*figures(found, steps), *pictures(found)),
        rows=_rows(found),
        readings=readings(found),
        warnings=warnings(found),
    )


def _rows(found: Survey) -> Rows | None:
    """Whether each held-out sample was told rightly, for comparisons of two models on the same samples."""
    told = {one.name: one.separability.correct for one in found.known}
    if not told:
        return None
    rows = Rows(tuple(RowColumn(name="probe_accuracy", params={"attribute": name}, unit="1") for name in told))
    rows.append(found.streamed.index, np.stack(list(told.values()), axis=1).astype(np.float64))
    return rows
