"""Probes against scikit-learn's own cross-validation, closed forms and chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_analyze.metrics import linear_probe, majority, nearest_probe
from vae_analyze.stats.folds import folds
from vae_analyze.stats.share import wilson


def two_classes(n: int, distance: float, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, n)
    features = rng.normal(size=(n, 3))
    features[:, 0] += distance * classes
    return features, classes


def split(n: int) -> NDArray[np.int64]:
    return folds(np.arange(n), 5, seed=0)


def test_two_gaussians_are_told_apart_as_well_as_can_be() -> None:
    features, classes = two_classes(4000, 2.0)
    found = linear_probe(features, classes, split(4000)).accuracy(classes)
    best = 0.5 * (1 + math.erf(1 / math.sqrt(2)))  # the error of the optimal plane half way between
    low, high = wilson(round(found * 4000), 4000)
    assert low <= best <= high


def test_it_is_scikit_learns_own_cross_validation() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, 400)
    features = rng.normal(size=(400, 6)) * [1, 10, 0.1, 1, 1, 1] + rng.normal(size=(4, 6))[classes]
    parts = PredefinedSplit(split(400))
    for model, found in (
        (
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
            linear_probe(features, classes, split(400)),
        ),
        (KNeighborsClassifier(7), nearest_probe(features, classes, split(400), 7)),
    ):
        expected = cross_val_predict(model, features, classes, cv=parts, method="predict_proba")
        np.testing.assert_allclose(found.probability, expected, atol=1e-3)
        assert (found.predicted == np.argmax(expected, axis=1)).mean() > 0.995


def test_labels_that_mean_nothing_are_read_at_chance() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, 2000)
    found = linear_probe(rng.normal(size=(2000, 5)), classes, split(2000)).accuracy(classes)
    low, high = wilson(round(found * 2000), 2000)
    assert low <= 0.5 <= high


def test_a_class_that_only_one_fold_holds_is_never_predicted_there() -> None:
    classes = np.array([0, 1] * 10 + [7])
    where = np.array([0, 0, 1, 1] * 5 + [1])
    found = linear_probe(np.random.default_rng(0).normal(size=(21, 2)), classes, where)
    assert list(found.classes) == [0, 1, 7]
    assert found.predicted[-1] in (0, 1)
    assert found.probability[-1, 2] == 0
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)


def test_one_class_is_always_right_and_one_fold_says_nothing() -> None:
    features = np.random.default_rng(0).normal(size=(6, 2))
    same = np.full(6, 3)
    assert linear_probe(features, same, np.array([0, 1] * 3)).accuracy(same) == 1
    nothing = linear_probe(features, same, np.zeros(6, dtype=np.int64))
    assert math.isnan(nothing.accuracy(same))
    assert (nothing.predicted == -1).all()
    assert np.isnan(nothing.probability).all()


def test_features_that_do_not_vary_do_no_harm() -> None:
    features, classes = two_classes(200, 4.0)
    with_constant = np.column_stack([features, np.full(200, 7.0)])
    expected = linear_probe(features, classes, split(200)).probability
    np.testing.assert_allclose(linear_probe(with_constant, classes, split(200)).probability, expected, atol=1e-6)


def test_neighbours_are_no_more_than_there_are() -> None:
    features, classes = two_classes(6, 30.0)
    found = nearest_probe(features, classes, np.array([0, 0, 0, 1, 1, 1]), 50)
    assert np.isfinite(found.probability).all()


def test_the_majority_is_that_of_the_other_folds() -> None:
    classes = np.array([0, 0, 0, 1, 1, 1, 1])
    where = np.array([0, 0, 1, 1, 0, 0, 0])
    assert list(majority(classes, where)) == [0, 0, 1, 1, 0, 0, 0]
    assert list(majority(classes, np.zeros(7, dtype=np.int64))) == [-1] * 7


@pytest.mark.parametrize("probe", [linear_probe, nearest_probe])
def test_the_order_of_samples_does_not_matter(probe: object) -> None:
    features, classes = two_classes(120, 1.0)
    order = np.random.default_rng(1).permutation(120)
    one = probe(features, classes, split(120)).probability  # type: ignore[operator]  # either of two functions
    other = probe(features[order], classes[order], split(120)[order]).probability  # type: ignore[operator]  # likewise
    np.testing.assert_allclose(one[order], other, atol=1e-4)
