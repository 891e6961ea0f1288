"""The codes that pairs are drawn from: in the order of their sample indices, with the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.latent.table import table_of
from vae_analyze.vae import DiagonalGaussian

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Context

Ints = NDArray[np.int64]
_MOST = 10_000


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CodeTable:
    """Some or all posteriors, by rising sample index, so that what is drawn from them has nothing to do with the pass.

    Args:
        index: Sample indices, ``(n,)``.
        mean: Posterior means, float64 ``(n, d)``.
        rate: KL divergence of each posterior to the prior in nats; infinite without a posterior, ``(n,)``.
        labels: Class numbers ``(n,)``, or None.
        total: How many samples were analysed.
        broken: Codes left out because they are not finite.
    """

    index: Ints
    mean: Tensor
    rate: NDArray[np.float64]
    labels: Ints | None
    total: int
    broken: int

    def __len__(self) -> int:
        return len(self.index)

    def labels_at(self, places: Ints, context: Context) -> Tensor | None:
        """For a conditional model the labels of these rows, on its device; None for any other."""
        if not context.card.conditional or self.labels is None:
            return None
        return torch.from_numpy(self.labels[places]).to(context.device)


def codes_of(context: Context) -> CodeTable:
    """At most 10,000 of the finite codes, evenly spread over the pass.

    Raises:
        AnalyzerError: None of them is finite.
    """
    table = table_of(context.codes, _MOST)
    order = np.argsort(table.index)
    labels = context.codes.labels(table.index[order])
    at = torch.from_numpy(order)
    posteriors = DiagonalGaussian(table.posteriors.mean[at], table.posteriors.logvar[at])
    return CodeTable(
        index=table.index[order],
        mean=posteriors.mean,
        rate=np.asarray(posteriors.kl_to_prior().sum(dim=1).numpy()),
        labels=labels,
        total=table.total,
        broken=table.broken,
    )
