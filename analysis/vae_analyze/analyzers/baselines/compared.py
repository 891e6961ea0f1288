"""The samples that are compared: their codes, and what the data say of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.errors import AnalyzerError

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Batch, Codes, Context

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_NUMBERS = 2**25  # of data: 256 MiB in float64
PIECE = 256  # samples read at once


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Compared:
    """Some or all of the analysed samples.

    Args:
        index: Their numbers within the data, ``(n,)``.
        codes: Posterior means, ``(n, *latent_shape)``, in the model's number format.
        labels: Class numbers ``(n,)``, or None.
        factors: Ground-truth factor values ``(n, k)``, or None.
        total: How many samples were analysed.
        broken: Samples left out because their code is not finite.
    """

    index: Integers
    codes: NDArray[np.float32]
    labels: Integers | None
    factors: Floats | None
    total: int
    broken: int = 0

    def __len__(self) -> int:
        return len(self.index)

    @property
    def d(self) -> int:
        """Number of latent dimensions."""
        return math.prod(self.codes.shape[1:])

    @property
    def flat(self) -> Floats:
        """Codes as vectors, ``(n, d)``."""
        return self.codes.reshape(len(self), self.d).astype(np.float64)

    def given(self, rows: slice) -> Tensor | None:
        """Labels of some of them, for a model that needs them; None without."""
        return None if self.labels is None else torch.from_numpy(self.labels[rows])

    def pieces(self) -> list[slice]:
        """The samples, a few at a time."""
        return [slice(start, start + PIECE) for start in range(0, len(self), PIECE)]


def compared_of(codes: Codes, features: int, most: int) -> Compared:
    """At most ``most`` samples, evenly spread over the analysed ones; fewer where they are large.

    Args:
        codes: Of all analysed samples.
        features: Numbers in one sample.
        most: Samples at most.

    Raises:
        AnalyzerError: None of them has a finite code.
    """
    total, taken = len(codes.index), 0
    wanted = np.arange(0)
    parts: list[tuple[Integers, NDArray[np.float32]]] = []
    for numbers, mean, _ in codes.chunks():
        if not parts:
            count = min(total, max(2, min(most, MOST_NUMBERS // max(features, math.prod(mean.shape[1:]), 1))))
            wanted = np.arange(count) * total // count
        here = wanted[(wanted >= taken) & (wanted < taken + len(numbers))] - taken
        parts.append((numbers[here], mean[here]))
        taken += len(numbers)
    index, means = (np.concatenate(part) for part in zip(*parts, strict=True))
    whole = np.isfinite(means.reshape(len(means), -1)).all(axis=1)
    if not whole.any():
        raise AnalyzerError(
            "no sample has a finite code", hint="vae-analyze inspect shows what is wrong with the model"
        )
    labels, factors = codes.labels(), codes.factors()
    return Compared(
        index=index[whole],
        codes=means[whole],
        labels=None if labels is None else labels[wanted][whole],
        factors=None if factors is None else factors[wanted][whole],
        total=total,
        broken=int((~whole).sum()),
    )


def noisy(batch: Batch, context: Context, noise: float) -> Tensor:
    """The samples of a batch with noise, the same for whoever removes it; clipped to the data's range if it has one."""
    bounds = context.data.value_range
    span = 1.0 if bounds is None else bounds[1] - bounds[0]
    shifted = batch.x + noise * span * batch.normal(batch.x.shape[1:], tag="noise")
    return shifted if bounds is None else shifted.clamp(*bounds)
