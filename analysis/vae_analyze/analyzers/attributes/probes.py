"""How well attributes and groups can be read off the code by a linear probe that has not seen the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.streamed import FOLDS
from vae_analyze.metrics.probe import linear_probe, majority
from vae_analyze.stats.normal import around
from vae_analyze.stats.share import wilson

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.groups import Grouping
    from vae_analyze.analyzers.attributes.streamed import Streamed

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Without any signal, an error that two folds have in common counts in the test of both: for differences a of the means
# of K folds the areas go with the sum over k of a_k (sum over l != k of a_l), which holds every pair twice, so that its
# variance is twice that of K independent probes.
_CROSSED = math.sqrt(2)
MOST_FEATURES = 512  # dimensions that a probe is given, those of largest variance


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Separability:
    """How well one attribute is told from its absence.

    Args:
        correct: Whether each held-out sample was told rightly, ``(m,)``.
        present: Whether each has the attribute, ``(m,)``.
        probability: That it has it, by the probe, ``(m,)``.
        chance: Accuracy of always saying what is more frequent in the other folds.
        auc: Area under the ROC curve of the held-out probabilities, within folds.
        auc_error: Its standard error.
    """

    correct: NDArray[np.bool_]
    present: NDArray[np.bool_]
    probability: Floats
    chance: float
    auc: float
    auc_error: float

    @property
    def accuracy(self) -> float:
        """Share told rightly."""
        return float(self.correct.mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson(int(self.correct.sum()), len(self.correct))

    @property
    def balanced(self) -> float:
        """Mean of the shares told rightly among those with and those without."""
        return float((self.correct[self.present].mean() + self.correct[~self.present].mean()) / 2)

    @property
    def above_chance(self) -> bool:
        """Whether the interval of the AUC lies above one half."""
        return around(self.auc, self.auc_error)[0] > 0.5


def separability(codes: Floats, present: NDArray[np.bool_], folds: Integers) -> Separability:
    """A probe fitted to four folds, asked about the fifth.

    The error of the area is DeLong's times √2, for probes that are fitted to one another's test samples: right without
    any signal, where it decides what is above chance, and wide elsewhere.

    Args:
        codes: ``(m, d)``.
        present: Which have the attribute, ``(m,)``.
        folds: ``(m,)``.
    """
    classes = present.astype(np.int64)
    found = linear_probe(codes, classes, folds)
    probability = found.probability[:, -1]
    area, error = area_under_roc(probability, present, folds)
    return Separability(
        correct=found.predicted == classes,
        present=present,
        probability=probability,
        chance=float((majority(classes, folds) == classes).mean()),
        auc=area,
        auc_error=_CROSSED * error,
    )


def area_under_roc(scores: Floats, present: NDArray[np.bool_], folds: Integers) -> tuple[float, float]:
    """Area under the ROC curve within folds, ties counted half, and its standard error.

    Scores of different folds come from different probes and are not compared: a probe whose samples held fewer of those
    that have it gives lower scores to a fold that has more of them, which would push the area below one half.

    Args:
        scores: ``(m,)``, higher for those that have it.
        present: ``(m,)``.
        folds: ``(m,)``; one without both kinds is left out.

    Returns:
        The share of pairs of one fold that are in order, and its error; NaN without any pair.

    References:
        DeLong, DeLong and Clarke-Pearson 1988, by ranks, with the placement of every sample within its fold.
    """
    from scipy.stats import rankdata

    above: list[Floats] = []
    below: list[Floats] = []
    weights: list[tuple[int, int]] = []
    for fold in np.unique(folds):
        own, has = scores[folds == fold], present[folds == fold]
        with_it, without = int(has.sum()), int((~has).sum())
        if with_it == 0 or without == 0:
            continue
        ranks = rankdata(own)
        above.append((ranks[has] - rankdata(own[has])) / without)
        below.append(1 - (ranks[~has] - rankdata(own[~has])) / with_it)
        weights.append((with_it, without))
    if not weights:
        return math.nan, math.nan
    pairs = np.prod(weights, axis=1)
    area = float(np.average([part.mean() for part in above], weights=pairs))
    sides = [np.concatenate(side) for side in (above, below)]
    variance = sum(float(side.var(ddof=1)) / len(side) if len(side) > 1 else math.nan for side in sides)
    return area, math.sqrt(variance)


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judge:
    """A probe that tells the groups of one grouping apart, and whom it may be asked about.

    Args:
        codes: What it is fitted to, ``(m, f)``.
        numbers: Group of each, ``(m,)``.
        folds: Fold of each, ``(m,)``.
        size: Number of groups.
        apart: Which folds it is fitted to, counted from that of the sample it is asked about.
    """

    codes: Floats
    numbers: Integers
    folds: Integers
    size: int
    apart: tuple[int, ...] = tuple(range(1, FOLDS))

    def probability(self, codes: Floats, folds: Integers) -> Floats:
        """Probability of each group, by a probe that has not seen the code's own fold.

        Args:
            codes: ``(q, f)``, any codes.
            folds: Fold of the sample that each is made from, ``(q,)``.

        Returns:
            ``(q, size)``; NaN for a code that is not finite.
        """
        found = np.full((len(codes), self.size), np.nan)
        whole = np.isfinite(codes).all(axis=1)
        for fold in np.unique(folds[whole]):
            asked, fitted = whole & (folds == fold), np.isin((self.folds - fold) % FOLDS, self.apart)
            if fitted.any():
                found[asked] = self._fitted(fitted, codes[asked])
        return found

    def _fitted(self, to: NDArray[np.bool_], asked: Floats) -> Floats:
        # As two folds: what is asked about is the second one, in which there is nothing to learn.
        numbers = self.numbers[to]
        probed = linear_probe(
            np.concatenate([self.codes[to], asked]),
            np.concatenate([numbers, np.full(len(asked), numbers[0])]),
            np.repeat(np.array([0, 1]), [len(numbers), len(asked)]),
        )
        found = np.zeros((len(asked), self.size))
        found[:, probed.classes] = probed.probability[len(numbers) :]
        return found


def judge(streamed: Streamed, grouping: Grouping, at: int, *, level: int | None, seen: Integers) -> Judge:
    """For a grouping, or, with a level, for that group against the rest."""
    numbers = grouping.numbers[streamed.rows]
    return Judge(
        codes=streamed.codes[:, seen],
        numbers=numbers if level is None else (numbers == level).astype(np.int64),
        folds=streamed.fold(at),
        size=len(grouping.levels) if level is None else 2,
    )


def seen_by_probes(streamed: Streamed) -> Integers:
    """The dimensions that probes are given: all, or those of largest variance."""
    order = np.argsort(-streamed.whole.variance(), kind="stable")
    return np.sort(order[:MOST_FEATURES]).astype(np.int64)
