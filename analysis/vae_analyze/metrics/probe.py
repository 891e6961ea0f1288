"""How well classes can be told from features, by simple classifiers that have not seen the sample they judge."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_STEPS = 500


@final
@dataclass(frozen=True, slots=True, eq=False)
class Probed:
    """Predictions for every sample.

    Args:
        classes: The classes, ascending, ``(m,)``.
        predicted: The most probable class of each sample, ``(n,)``; -1 where no classifier could be fitted.
        probability: Of each class, ``(n, m)``, 0 for a class that the other folds did not hold; NaN likewise.
    """

    classes: Integers
    predicted: Integers
    probability: Floats

    def accuracy(self, classes: Integers) -> float:
        """Share of samples whose class was predicted; NaN where some could not be."""
        if len(classes) == 0 or (self.predicted < 0).any():
            return math.nan
        return float((self.predicted == classes).mean())


def linear_probe(features: Floats, classes: Integers, folds: Integers) -> Probed:
    """Multinomial logistic regression on standardised features, fitted to all other folds.

    Args:
        features: ``(n, d)``.
        classes: Class numbers, ``(n,)``.
        folds: Fold of each sample, ``(n,)``, such as `vae_analyze.stats.folds.folds` gives.

    References:
        Alain and Bengio 2017, "Understanding intermediate layers using linear classifier probes". L2 penalty 1, as
        scikit-learn's ``LogisticRegression`` has it.
    """

    def fitted(x: Floats, y: Integers) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=1.0, max_iter=_STEPS).fit(x, y)

    return _crossed(features, classes, folds, fitted)


def nearest_probe(features: Floats, classes: Integers, folds: Integers, neighbours: int = 5) -> Probed:
    """The share of each class among the nearest neighbours in all other folds, by Euclidean distance.

    Features are taken as they are, not standardised: distances between codes are what is asked about.

    Args:
        features: ``(n, d)``.
        classes: Class numbers, ``(n,)``.
        folds: Fold of each sample, ``(n,)``.
        neighbours: How many; fewer where the other folds have fewer samples.
    """

    def fitted(x: Floats, y: Integers) -> Any:
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(min(neighbours, len(x))).fit(x, y)

    return _crossed(features, classes, folds, fitted, scaled=False)


def majority(classes: Integers, folds: Integers) -> Integers:
    """The most frequent class of the other folds, ``(n,)``: what a probe must beat. -1 where they are empty."""
    found = np.full(len(classes), -1, dtype=np.int64)
    for fold in np.unique(folds):
        held, rest = folds == fold, classes[folds != fold]
        if len(rest):
            values, counts = np.unique(rest, return_counts=True)
            found[held] = values[counts.argmax()]
    return found


def _crossed(
    features: Floats,
    classes: Integers,
    folds: Integers,
    fitted: Callable[[Floats, Integers], Any],
    *,
    scaled: bool = True,
) -> Probed:
    from threadpoolctl import threadpool_limits

    known = np.unique(classes)
    predicted = np.full(len(classes), -1, dtype=np.int64)
    probability = np.full((len(classes), len(known)), np.nan)
    for fold in np.unique(folds):
        held, rest = folds == fold, folds != fold
        present = np.unique(classes[rest])
        if len(present) == 0:
            continue
        columns = np.searchsorted(known, present)
        probability[held] = 0.0
        if len(present) == 1:
            probability[np.ix_(held, columns)] = 1.0
        else:
            x, y = features[rest], features[held]
            if scaled:
                mean, spread = x.mean(axis=0), x.std(axis=0)
                # A feature that does not vary says nothing; dividing by nothing would say less.
                spread = np.where(spread > 0, spread, 1.0)
                x, y = (x - mean) / spread, (y - mean) / spread
            with threadpool_limits(1), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a probe that has not converged to its last digit is still a probe
                probability[np.ix_(held, columns)] = fitted(x, classes[rest]).predict_proba(y)
        predicted[held] = known[probability[held].argmax(axis=1)]
    return Probed(known, predicted, probability)
