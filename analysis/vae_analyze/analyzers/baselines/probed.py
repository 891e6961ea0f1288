"""Simple classifiers on codes, principal components and pixels: which samples each gets right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.metrics import linear_probe, nearest_probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vae_analyze.analyzers.baselines.targets import Target

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Probe = Literal["linear", "neighbours"]
NEIGHBOURS = 5
PROBES: tuple[Probe, ...] = ("linear", "neighbours")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One way to describe the samples.

    Args:
        whole: ``(n, d)``, between which distances are taken.
        reduced: ``(n, d')``, which linear probes are fitted to; None: the same.
    """

    whole: Floats
    reduced: Floats | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Which samples were told right, 1 or 0 each.

    Args:
        target: What was to be told.
        by: ``(n,)`` by representation and probe; all NaN where a probe could not be fitted.
        majority: Of the most frequent class, ``(n,)``.
    """

    target: Target
    by: Mapping[tuple[str, Probe], Floats]
    majority: Floats

    @property
    def representations(self) -> list[str]:
        """Their names, codes first."""
        return list(dict.fromkeys(by for by, _ in self.by))


def hits(representations: Mapping[str, Features], target: Target, folds: Integers) -> Hits:
    """Every representation by every probe, each sample told by a probe that has not seen it."""
    found: dict[tuple[str, Probe], Floats] = {}
    for name, features in representations.items():
        given = features.whole if features.reduced is None else features.reduced
        linear = linear_probe(given, target.classes, folds)
        nearest = nearest_probe(features.whole, target.classes, folds, NEIGHBOURS)
        found[name, "linear"] = _right(linear.predicted, target.classes)
        found[name, "neighbours"] = _right(nearest.predicted, target.classes)
    return Hits(target, found, _usual(target.classes))


def _right(predicted: Integers, classes: Integers) -> Floats:
    if (predicted < 0).any():
        return np.full(len(classes), np.nan)
    return np.asarray(predicted == classes, dtype=np.float64)


def _usual(classes: Integers) -> Floats:
    """Whether each sample is of the most frequent class of all.

    Not of the other folds: where classes are even, the most frequent of the others is the rarest of those held out.
    """
    values, counts = np.unique(classes, return_counts=True)
    return np.asarray(classes == values[counts.argmax()], dtype=np.float64)
