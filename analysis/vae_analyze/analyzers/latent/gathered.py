"""What is gathered over batches: the two sides of the ELBO per sample, and the moments of codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vae_analyze.analyzers.activity import ActivityMoments
from vae_analyze.analyzers.latent.observation import cross_entropies
from vae_analyze.analyzers.option import transient
from vae_analyze.metrics import mean_squared_difference
from vae_analyze.stats.moments import as_float64
from vae_analyze.stats.rows import RowColumn, Rows

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Batch
    from vae_analyze.findings import Findings

_BLACK = 1e-3
RATE, DISTORTION, CROSS_ENTROPY = 0, 1, 2
COLUMNS = (
    RowColumn(name="rate", unit="nat"),
    RowColumn(name="distortion_mse", unit="data unit²"),
    RowColumn(name="cross_entropy", unit="nat"),
)


@final
@dataclass(slots=True)
class Gathered:
    """Values per sample and moments per dimension.

    Args:
        rows: Rate, squared error and cross-entropy of every sample.
        activity: Moments of codes, per dimension.
        grey: Samples with pixels that are neither black nor white.
        options: Of the analyzer.
        context: Model and data.
    """

    options: Any = transient()
    context: Any = transient()
    rows: Rows = field(default_factory=lambda: Rows(COLUMNS))
    activity: ActivityMoments = field(default_factory=ActivityMoments)
    grey: int = 0

    def update(self, batch: Batch, /) -> None:
        """Take in a batch."""
        x = batch.x
        kl = self.activity.update(batch.posterior)
        self.grey += int(((x > _BLACK) & (x < 1 - _BLACK)).flatten(start_dim=1).any(dim=1).sum())
        error = as_float64(mean_squared_difference(batch.reconstruction, x))
        cross_entropy = cross_entropies(x, batch.reconstruction) if self.bounded else np.full(len(batch), np.nan)
        self.rows.append(batch.index, np.stack([kl.sum(axis=1), error, cross_entropy], axis=1))

    def merge(self, other: Gathered, /) -> None:
        """Take in what another one has gathered."""
        self.rows.merge(other.rows)
        self.activity.merge(other.activity)
        self.grey += other.grey

    def finish(self) -> Findings:
        """Everything that `latent` reports."""
        from vae_analyze.analyzers.latent.findings import findings

        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # undefined values carry their reason
            return findings(self)

    @property
    def bounded(self) -> bool:
        """Whether values are shares from 0 to 1, so that a cross-entropy can be taken."""
        return bool(self.context.data.value_range == (0.0, 1.0))

    @property
    def deterministic(self) -> bool:
        """Whether there is no posterior."""
        return bool(self.context.card.deterministic)
