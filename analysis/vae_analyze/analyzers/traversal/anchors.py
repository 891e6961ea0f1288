"""Where traversals start: the prior mean, some samples to be shown, and more to measure on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.errors import AnalyzerError

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Codes
    from vae_analyze.analyzers.traversal.gathered import Gathered

NO_SAMPLE = -1
PRIOR_MEAN, MEAN_CODE = "prior mean", "mean code"


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Anchors:
    """Codes from which one dimension at a time is moved away.

    Args:
        names: What people call them.
        index: Their samples, ``(m,)``; `NO_SAMPLE` for a code that belongs to none.
        codes: ``(m, d)``, float32.
        labels: Class numbers ``(m,)`` for conditional models; None where the data have none.
    """

    names: tuple[str, ...]
    index: NDArray[np.int64]
    codes: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def spread(self) -> float:
        """How far the codes lie apart along a dimension, root mean square; 1 where that cannot be told."""
        if len(self) < 2:
            return 1.0
        spread = float((self.codes.double() - self.codes.double().mean(dim=0)).square().mean().sqrt())
        return spread if math.isfinite(spread) and spread > 0 else 1.0


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chosen:
    """All anchors.

    Args:
        centre: The prior mean; for a deterministic model, which has no prior, the mean code.
        centre_label: Sample whose label the centre is decoded with, or `NO_SAMPLE`.
        shown: Samples by reconstruction error, best first.
        errors: Their squared reconstruction errors.
        measured: Samples evenly spread over the data.
        broken: Samples that cannot be anchors because a code or reconstruction is not finite.
        total: Analysed samples.
    """

    centre: Anchors
    centre_label: int
    shown: Anchors
    errors: tuple[float, ...]
    measured: Anchors
    broken: int
    total: int


def choose(gathered: Gathered) -> Chosen:
    """Anchors by reconstruction error and by place in the data; the same whatever the order of the pass.

    Raises:
        AnalyzerError: No sample has a finite code and reconstruction.
    """
    options, codes = gathered.options, gathered.context.codes
    index, error, broken = _candidates(gathered)
    ranked = np.lexsort((index, error))
    ranks = _ranks(len(index), options.anchors)
    shown = index[ranked[ranks]]
    count = min(options.measured, len(index))
    measured = index[np.arange(count) * len(index) // count]
    middle = int(index[ranked[(len(index) - 1) // 2]])
    found = _codes_of(codes, np.concatenate([shown, measured, [middle]]))
    start, name = _centre(gathered)
    labels = found.labels
    return Chosen(
        centre=Anchors(
            names=(name,),
            index=np.array([NO_SAMPLE]),
            codes=start,
            labels=None if labels is None else labels[-1:],
        ),
        centre_label=middle if gathered.context.card.conditional else NO_SAMPLE,
        shown=_part(found, slice(0, len(shown)), tuple(_name(rank, len(index)) for rank in ranks)),
        errors=tuple(float(value) for value in error[ranked[ranks]]),
        measured=_part(found, slice(len(shown), -1), tuple(f"sample {at}" for at in measured)),
        broken=broken,
        total=len(index) + broken,
    )


def _candidates(gathered: Gathered) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Samples that decode to something, by rising index, and their errors; and how many there are besides."""
    rows = gathered.rows.gather()
    order = np.argsort(rows.index, kind="stable")
    index, error = rows.index[order], rows.values[order, 0]
    finite = [numbers[np.isfinite(mean.reshape(len(mean), -1)).all(axis=1)] for numbers, mean, _ in
              gathered.context.codes.chunks()]  # fmt: skip
    whole = np.isfinite(error) & np.isin(index, np.concatenate(finite))
    if not whole.any():
        raise AnalyzerError(
            "no sample has a finite code and reconstruction",
            hint="vae-analyze inspect shows what is wrong with the model",
        )
    return index[whole], error[whole], int((~whole).sum())


def _ranks(n: int, wanted: int) -> list[int]:
    """So many ranks out of n, evenly spread, both ends among them; one: the middle."""
    if wanted == 1:
        return [(n - 1) // 2]
    return sorted({math.floor(at + 0.5) for at in np.linspace(0, n - 1, wanted)})


def _name(rank: int, n: int) -> str:
    if n == 1:
        return "only sample"
    named = {0: "best reconstruction", (n - 1) // 2: "median reconstruction", n // 2: "median reconstruction"}
    named |= {0: "best reconstruction", n - 1: "worst reconstruction"}
    return named.get(rank, f"rank {rank + 1} of {n}")


def _codes_of(codes: Codes, wanted: NDArray[np.int64]) -> Anchors:
    """Codes and labels of samples, in this order."""
    place: dict[int, list[int]] = {}
    for at, sample in enumerate(wanted):
        place.setdefault(int(sample), []).append(at)
    labels = codes.labels()
    found: list[NDArray[np.float32] | None] = [None] * len(wanted)
    classes, taken = np.zeros(len(wanted), dtype=np.int64), 0
    for numbers, mean, _ in codes.chunks():
        for row in np.flatnonzero(np.isin(numbers, wanted)):
            for at in place[int(numbers[row])]:
                found[at] = mean[row].reshape(-1)
                classes[at] = 0 if labels is None else labels[taken + row]
        taken += len(numbers)
    return Anchors(
        names=("",) * len(wanted),
        index=wanted,
        codes=torch.from_numpy(np.stack([one for one in found if one is not None]).astype(np.float32)),
        labels=None if labels is None else torch.from_numpy(classes),
    )


def _part(found: Anchors, rows: slice, names: tuple[str, ...]) -> Anchors:
    return Anchors(
        names=names,
        index=found.index[rows],
        codes=found.codes[rows],
        labels=None if found.labels is None else found.labels[rows],
    )


def _centre(gathered: Gathered) -> tuple[Tensor, str]:
    mean = gathered.activity.means.mean
    if not gathered.deterministic:
        return torch.zeros((1, len(mean)), dtype=torch.float32), PRIOR_MEAN
    return torch.from_numpy(np.nan_to_num(mean)[None].astype(np.float32)), MEAN_CODE
