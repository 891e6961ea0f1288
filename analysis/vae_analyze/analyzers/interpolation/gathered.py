"""What is gathered over batches: nothing but their number; paths join samples of different batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vae_analyze.analyzers.option import transient

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Batch
    from vae_analyze.findings import Findings


@final
@dataclass(slots=True)
class Gathered:
    """The number of samples; everything else is made at the end from the table of codes.

    Args:
        n: Samples seen.
        options: Of the analyzer.
        context: Model and data.
    """

    options: Any = transient()
    context: Any = transient()
    n: int = 0

    def update(self, batch: Batch, /) -> None:
        """Take in a batch."""
        self.n += len(batch)

    def merge(self, other: Gathered, /) -> None:
        """Take in what another one has gathered."""
        self.n += other.n

    def finish(self) -> Findings:
        """Everything that `interpolation` reports."""
        from vae_analyze.analyzers.interpolation.findings import findings

        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # undefined values carry their reason
            return findings(self)
