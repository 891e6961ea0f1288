"""Probes against scikit-learn used plainly, and against Bayes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vae_analyze.analyzers.attributes.arithmetic import BROKEN, called
from vae_analyze.analyzers.attributes.probes import Judge, area_under_roc, separability
from vae_analyze.analyzers.attributes.streamed import FOLDS, JUDGES
from vae_analyze.metrics.probe import linear_probe
from vae_analyze.stats.folds import folds

Floats = NDArray[np.float64]


def two_gaussians(n: int, distance: float, seed: int = 0) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    present = np.arange(n) % 2 == 0
    codes = rng.normal(size=(n, 4))
    codes[:, 1] += distance * present
    return codes, present, folds(np.arange(n), 5, seed=seed)


@pytest.mark.parametrize("distance", [1.0, 2.0, 3.0])
def test_accuracy_and_area_are_those_of_bayes_for_two_gaussians(distance: float) -> None:
    inside, areas = 0, 0
    for seed in range(12):
        found = separability(*two_gaussians(1000, distance, seed))
        low, high = found.accuracy_interval
        inside += int(low <= norm.cdf(distance / 2) <= high)
        areas += int(abs(found.auc - norm.cdf(distance / np.sqrt(2))) < 1.96 * found.auc_error)
        assert found.above_chance
    assert inside >= 10
    assert areas >= 10


def test_an_attribute_that_the_code_does_not_hold_is_not_found_there() -> None:
    found = [separability(*two_gaussians(400, 0.0, seed)) for seed in range(20)]
    # Folds of a balanced attribute that it tells nothing of err below one half, never far above.
    assert sum(one.accuracy_interval[0] > 0.5 for one in found) <= 1
    assert sum(one.above_chance for one in found) <= 1
    assert abs(float(np.mean([one.accuracy for one in found])) - 0.5) < 0.03


def test_one_fold_is_what_scikit_learn_says_plainly() -> None:
    codes, present, parts = two_gaussians(300, 1.0)
    found = separability(codes, present, parts)
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(codes[parts != 2], present[parts != 2])
    np.testing.assert_allclose(found.probability[parts == 2], plain.predict_proba(codes[parts == 2])[:, 1], atol=1e-4)
    assert found.balanced == pytest.approx(balanced_accuracy_score(present, found.correct == present))


def test_area_under_roc_against_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(1)
    scores, present = rng.integers(0, 6, 80).astype(float), rng.random(80) < 0.3
    area, _ = area_under_roc(scores, present, np.zeros(80, dtype=np.int64))
    assert area == pytest.approx(roc_auc_score(present, scores))


def test_error_of_the_area_is_what_repetition_gives() -> None:
    areas, errors = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        present = np.arange(90) < 30
        area, error = area_under_roc(rng.normal(size=90) + present, present, np.zeros(90, dtype=np.int64))
        areas.append(area)
        errors.append(error)
    assert float(np.mean(errors)) == pytest.approx(float(np.std(areas)), rel=0.1)


def test_perfect_scores_have_an_area_of_one_and_no_error() -> None:
    present = np.arange(20) < 8
    assert area_under_roc(present.astype(float), present, np.arange(20) % 2) == (1.0, 0.0)


def test_scores_of_different_folds_are_not_compared() -> None:
    rng = np.random.default_rng(1)
    present, parts = rng.random(90) < 0.4, np.arange(90) % 3
    scores = rng.normal(size=90) + present
    area, error = area_under_roc(scores, present, parts)
    assert area_under_roc(scores + 100 * parts, present, parts) == (area, error)
    pairs = [int(present[parts == k].sum() * (~present[parts == k]).sum()) for k in range(3)]
    plain = [roc_auc_score(present[parts == k], scores[parts == k]) for k in range(3)]
    assert area == pytest.approx(float(np.average(plain, weights=pairs)))


def test_a_fold_of_one_kind_has_no_pairs() -> None:
    present = np.array([True, False, True, True])
    area, _ = area_under_roc(np.array([1.0, 0.0, 5.0, 6.0]), present, np.array([0, 0, 1, 1]))
    assert area == 1.0
    assert np.isnan(area_under_roc(np.arange(4.0), np.ones(4, dtype=bool), np.zeros(4, dtype=np.int64))).all()


@pytest.mark.parametrize(("n", "with_it"), [(60, 30), (60, 6), (200, 20)])
def test_without_signal_the_area_is_one_half_and_seldom_called_more(n: int, with_it: int) -> None:
    present, areas, above = np.arange(n) < with_it, [], 0
    for seed in range(100):
        parts = np.zeros(n, dtype=np.int64)
        for side in (present, ~present):
            parts[side] = folds(np.flatnonzero(side), 10, seed=seed) % 5
        found = separability(np.random.default_rng([n, with_it, seed]).normal(size=(n, 10)), present, parts)
        areas.append(found.auc)
        above += int(found.above_chance)
    assert abs(float(np.mean(areas)) - 0.5) < 3 * float(np.std(areas)) / np.sqrt(100)
    assert above <= 6  # 2.5 of 100 are expected


class TestJudge:
    def make(self, n: int = 200) -> tuple[Judge, Floats, NDArray[np.int64]]:
        rng = np.random.default_rng(0)
        numbers = rng.integers(0, 3, n)
        codes = rng.normal(size=(n, 3)) + 2 * np.eye(3)[numbers]
        parts = folds(np.arange(n), 5, seed=0)
        return Judge(codes=codes, numbers=numbers, folds=parts, size=3), codes, parts

    def test_asked_about_its_own_samples_it_says_what_the_cross_fitted_probe_says(self) -> None:
        judge, codes, parts = self.make()
        crossed = linear_probe(codes, judge.numbers, parts)
        np.testing.assert_allclose(judge.probability(codes, parts), crossed.probability, atol=1e-9)

    def test_it_has_not_seen_the_fold_it_is_asked_about(self) -> None:
        judge, codes, parts = self.make()
        own = parts == 1
        wrong = np.where(own, (judge.numbers + 1) % 3, judge.numbers)
        other = Judge(codes=np.where(own[:, None], 9.0, codes), numbers=wrong, folds=parts, size=3)
        asked = np.random.default_rng(3).normal(size=(7, 3))
        folds_asked = np.full(7, 1)
        np.testing.assert_allclose(
            judge.probability(asked, folds_asked), other.probability(asked, folds_asked), atol=1e-12
        )

    def test_it_is_fitted_to_the_folds_that_it_is_given_and_to_no_other(self) -> None:
        judge, codes, parts = self.make()
        two = replace(judge, apart=JUDGES)
        used = np.isin((parts - 1) % FOLDS, JUDGES)
        plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(codes[used], judge.numbers[used])
        asked = np.random.default_rng(3).normal(size=(7, 3))
        np.testing.assert_allclose(two.probability(asked, np.full(7, 1)), plain.predict_proba(asked), atol=1e-4)

    def test_a_group_that_the_other_folds_do_not_hold_has_no_probability(self) -> None:
        codes, numbers = np.arange(12.0)[:, None], np.array([0, 1] * 5 + [2, 2])
        judge = Judge(codes=codes, numbers=numbers, folds=np.where(numbers == 2, 4, np.arange(12) % 4), size=3)
        assert judge.probability(codes[:1], np.array([4]))[0, 2] == 0

    def test_codes_that_are_not_finite_are_called_nothing(self) -> None:
        judge, codes, _ = self.make()
        asked = codes[:3].copy()
        asked[1, 0] = np.inf
        given = judge.probability(asked, np.zeros(3, dtype=np.int64))
        assert np.isnan(given[1]).all()
        assert called(given)[1] == BROKEN
        assert (called(given)[[0, 2]] >= 0).all()
