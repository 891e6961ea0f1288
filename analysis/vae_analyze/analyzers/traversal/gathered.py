"""What is gathered over batches: the reconstruction error of each sample, and the moments of codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vae_analyze.analyzers.activity import ActivityMoments
from vae_analyze.analyzers.option import transient
from vae_analyze.metrics import mean_squared_difference
from vae_analyze.stats.moments import as_float64
from vae_analyze.stats.rows import RowColumn, Rows

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Batch
    from vae_analyze.findings import Findings

COLUMNS = (RowColumn(name="reconstruction_mse", unit="data unit²"),)


@final
@dataclass(slots=True)
class Gathered:
    """Values per sample and moments per dimension.

    Args:
        rows: Squared error of every reconstruction.
        activity: Which dimensions follow the data.
        options: Of the analyzer.
        context: Model and data.
    """

    options: Any = transient()
    context: Any = transient()
    rows: Rows = field(default_factory=lambda: Rows(COLUMNS))
    activity: ActivityMoments = field(default_factory=ActivityMoments)

    def update(self, batch: Batch, /) -> None:
        """Take in a batch."""
        self.activity.update(batch.posterior)
        self.rows.append(batch.index, as_float64(mean_squared_difference(batch.reconstruction, batch.x))[:, None])

    def merge(self, other: Gathered, /) -> None:
        """Take in what another one has gathered."""
        self.activity.merge(other.activity)
        self.rows.merge(other.rows)

    def finish(self) -> Findings:
        """Everything that `traversal` reports."""
        from vae_analyze.analyzers.traversal.findings import findings

        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # undefined values carry their reason
            return findings(self)

    @property
    def deterministic(self) -> bool:
        """Whether there is no posterior."""
        return bool(self.context.card.deterministic)
