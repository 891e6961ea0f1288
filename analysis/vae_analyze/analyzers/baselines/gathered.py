"""What is gathered over batches: which dimensions are active; the comparison itself needs the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vae_analyze.analyzers.activity import ActivityMoments
from vae_analyze.analyzers.option import transient

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Batch
    from vae_analyze.findings import Findings


@final
@dataclass(slots=True)
class Gathered:
    """Moments of the codes.

    Nothing of the other model is here: what is gathered is kept from run to run, and its file may change meanwhile.

    Args:
        activity: Of every latent dimension.
        options: Of the analyzer.
        context: Model and data.
    """

    options: Any = transient()
    context: Any = transient()
    activity: ActivityMoments = field(default_factory=ActivityMoments)

    def update(self, batch: Batch, /) -> None:
        """Take in a batch."""
        self.activity.update(batch.posterior)

    def merge(self, other: Gathered, /) -> None:
        """Take in what another one has gathered."""
        self.activity.merge(other.activity)

    def finish(self) -> Findings:
        """Everything that `baselines` reports."""
        from vae_analyze.analyzers.baselines.findings import findings

        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # undefined values carry their reason
            return findings(self)
