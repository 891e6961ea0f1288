"""Nothing is gathered over batches: the engine keeps codes, labels and factors, and the rest belongs to the whole."""

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
    """The options and the context, for the end.

    Args:
        options: Of the analyzer.
        context: Model and data.
    """

    options: Any = transient()
    context: Any = transient()

    def update(self, batch: Batch, /) -> None:
        """Take in nothing: what is needed of a batch lies in the table of codes."""

    def merge(self, other: Gathered, /) -> None:
        """Take in nothing."""

    def finish(self) -> Findings:
        """Everything that `attributes` reports."""
        from vae_analyze.analyzers.attributes.findings import findings

        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # undefined values carry their reason
            return findings(self)
