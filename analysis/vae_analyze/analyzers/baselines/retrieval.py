"""Retrieval: whether the nearest samples are of the same class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_ROWS = 256
_EXACT = 2**30  # multiplications up to which distances are summed from differences, which keeps ties


@final
@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """Per query and number of neighbours, ``(n, len(ks))`` each.

    Args:
        recall: Probability that one of the k nearest others is of the query's class: 0 or 1 but for ties.
        precision: Share of the k nearest others that are.
    """

    recall: Floats
    precision: Floats


def retrieved(features: Floats, classes: Integers, ks: tuple[int, ...]) -> Retrieved:
    """Each sample as a query among all others, by Euclidean distance.

    Of samples at one distance, any may be the nearer: the expectation over all orders is taken, so that codes that do
    not differ give the numbers of chance.

    Args:
        features: ``(n, d)``.
        classes: ``(n,)``.
        ks: Numbers of neighbours, each at most n - 1.
    """
    x, own = torch.from_numpy(features), torch.from_numpy(classes)
    n, d = x.shape
    mode = "donot_use_mm_for_euclid_dist" if n * n * d <= _EXACT else "use_mm_for_euclid_dist"
    recall, precision = np.empty((n, len(ks))), np.empty((n, len(ks)))
    for start in range(0, n, _ROWS):
        rows = torch.arange(start, min(start + _ROWS, n))
        distances = torch.cdist(x[rows], x, compute_mode=mode)
        distances[torch.arange(len(rows)), rows] = torch.inf
        same = own[rows, None] == own[None]
        nearest = distances.topk(max(ks), largest=False, sorted=True).values
        for at, k in enumerate(ks):
            recall[rows, at], precision[rows, at] = _expected(distances, same, nearest[:, k - 1 : k], k)
    return Retrieved(recall, precision)


def _expected(distances: Tensor, same: Tensor, edge: Tensor, k: int) -> tuple[Floats, Floats]:
    """Recall and precision of the k nearest, where those at the distance of the last one are drawn at random."""
    inside, tied = distances < edge, distances == edge
    hits = (inside & same).sum(dim=1).numpy()
    drawn = k - inside.sum(dim=1).numpy()
    urn, good = tied.sum(dim=1).numpy(), (tied & same).sum(dim=1).numpy()
    return np.where(hits > 0, 1.0, 1.0 - none_drawn(urn, good, drawn)), (hits + drawn * good / urn) / k


def chance(classes: Integers, ks: tuple[int, ...]) -> Retrieved:
    """What neighbours drawn at random would give."""
    _, which, counts = np.unique(classes, return_inverse=True, return_counts=True)
    others, good = np.full(len(classes), len(classes) - 1), counts[which] - 1
    recall = np.stack([1.0 - none_drawn(others, good, np.full(len(classes), k)) for k in ks], axis=1)
    return Retrieved(recall, np.repeat((good / others)[:, None], len(ks), axis=1))


def none_drawn(urn: Integers, good: Integers, drawn: Integers) -> Floats:
    """Probability of drawing no good one without putting back; by the hypergeometric distribution."""
    from scipy.stats import hypergeom

    found: Floats = hypergeom.pmf(0, urn, good, drawn)
    return found
