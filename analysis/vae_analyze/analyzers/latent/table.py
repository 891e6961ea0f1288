"""The posteriors of the analysed samples in memory, as many as densities are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.errors import AnalyzerError
from vae_analyze.vae import DiagonalGaussian

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Codes

_MOST_NUMBERS = 2**25  # of means: with the log variances 512 MiB in float64


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """Some or all posteriors.

    Args:
        index: Their samples, ``(n,)``.
        posteriors: Means and log variances ``(n, d)``, float64.
        total: How many samples were analysed.
        broken: Posteriors left out because a mean or variance is not finite.
    """

    index: NDArray[np.int64]
    posteriors: DiagonalGaussian
    total: int
    broken: int = 0

    def __len__(self) -> int:
        return len(self.index)

    @property
    def d(self) -> int:
        """Number of latent dimensions."""
        return int(self.posteriors.mean.shape[1])

    def posteriors_drawn(self, of: Tensor, generator: torch.Generator) -> Tensor:
        """A draw from each of these posteriors, ``(m, d)``."""
        noise = torch.randn((len(of), self.d), generator=generator, dtype=torch.float64)
        return DiagonalGaussian(self.posteriors.mean[of], self.posteriors.logvar[of]).sample(noise)

    def drawn(self, most: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A draw from the posterior of each of at most so many samples, ``(m, d)``, and which posterior it is from."""
        of = torch.arange(len(self)) if len(self) <= most else torch.arange(most) * len(self) // most
        return self.posteriors_drawn(of, generator), of


def table_of(codes: Codes, most: int) -> Table:
    """At most ``most`` posteriors, evenly spread over the analysed samples.

    Raises:
        AnalyzerError: None of them is finite.
    """
    total, taken = len(codes.index), 0
    index: list[NDArray[np.int64]] = []
    means: list[NDArray[np.float64]] = []
    logvars: list[NDArray[np.float64]] = []
    wanted = np.arange(total)
    for numbers, mean, logvar in codes.chunks():
        d = max(1, int(np.prod(mean.shape[1:])))
        if not means:
            most = max(2, min(most, _MOST_NUMBERS // d))
            wanted = np.arange(total) if total <= most else np.arange(most) * total // most
        here = wanted[(wanted >= taken) & (wanted < taken + len(numbers))] - taken
        index.append(numbers[here])
        means.append(mean[here].reshape(len(here), -1).astype(np.float64))
        logvars.append(logvar[here].reshape(len(here), -1).astype(np.float64))
        taken += len(numbers)
    numbers, mean, logvar = np.concatenate(index), np.concatenate(means), np.concatenate(logvars)
    # Minus infinity is a point mass, which is a posterior.
    whole = np.isfinite(mean).all(axis=1) & ~(np.isnan(logvar) | (logvar == np.inf)).any(axis=1)
    if not whole.any():
        raise AnalyzerError(
            "no sample has a finite code", hint="vae-analyze inspect shows what is wrong with the model"
        )
    return Table(
        index=numbers[whole],
        posteriors=DiagonalGaussian(torch.from_numpy(mean[whole]), torch.from_numpy(logvar[whole])),
        total=total,
        broken=int((~whole).sum()),
    )
