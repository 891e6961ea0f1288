"""Retrieval against loops written plainly, classes that are apart, and ties."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analyzers.baselines.known import Identity, compared, data
from vae_analyze.analyzers.baselines.retrieval import chance, none_drawn, retrieved


def test_against_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(70, 3)), rng.integers(0, 4, 70)
    found = retrieved(x, classes, (1, 3, 8))
    for i in range(70):
        distances = np.linalg.norm(x - x[i], axis=1)
        distances[i] = np.inf
        order = np.argsort(distances)
        for at, k in enumerate((1, 3, 8)):
            same = classes[order[:k]] == classes[i]
            assert found.recall[i, at] == float(same.any())
            assert found.precision[i, at] == pytest.approx(same.mean())


def test_chance_is_the_mean_over_random_neighbours() -> None:
    classes = np.array([0] * 12 + [1] * 5 + [2] * 1)
    expected = chance(classes, (1, 4))
    rng = np.random.default_rng(1)
    runs = [retrieved(rng.normal(size=(18, 2)), classes, (1, 4)) for _ in range(400)]
    assert np.mean([run.recall.mean(axis=0) for run in runs], axis=0) == pytest.approx(
        expected.recall.mean(axis=0), abs=0.01
    )
    assert np.mean([run.precision.mean(axis=0) for run in runs], axis=0) == pytest.approx(
        expected.precision.mean(axis=0), abs=0.01
    )
    assert expected.recall[-1] == pytest.approx([0, 0])  # alone in its class


def test_codes_that_do_not_differ_give_chance_whatever_their_order() -> None:
    classes = np.sort(np.random.default_rng(2).integers(0, 3, 60))
    found, expected = retrieved(np.zeros((60, 4)), classes, (1, 5)), chance(classes, (1, 5))
    assert found.recall == pytest.approx(expected.recall)
    assert found.precision == pytest.approx(expected.precision)


def test_ties_at_the_edge_are_drawn_by_lot() -> None:
    # Three others at distance 1, one of them of the query's class: of the two nearest it is in two of three draws.
    x = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    found = retrieved(x, np.array([0, 0, 1, 1]), (2,))
    assert found.recall[0, 0] == pytest.approx(2 / 3)
    assert found.precision[0, 0] == pytest.approx(1 / 3)


def test_the_probability_of_drawing_none_is_a_ratio_of_binomials() -> None:
    assert none_drawn(np.array([10]), np.array([3]), np.array([4]))[0] == pytest.approx(
        math.comb(7, 4) / math.comb(10, 4)
    )
    assert none_drawn(np.array([5]), np.array([2]), np.array([0]))[0] == 1


def test_two_classes_apart_are_found_and_chance_is_known() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 50)
    found = compared(Identity(3), data(rng.normal(size=(100, 3)) + 50 * labels[:, None], labels))
    for k in (1, 5, 10):
        assert found.scalar("recall", by="codes", k=k).value == 1
        assert found.scalar("precision", by="codes", k=k).value == 1
        assert found.scalar("precision", by="chance", k=k).value == pytest.approx(49 / 99)
        assert found.scalar("recall_gain", over="pixels", k=k).value == 0
    assert found.scalar("recall", by="chance", k=5).value == pytest.approx(1 - math.comb(50, 5) / math.comb(99, 5))
    assert found.scalar("probe_accuracy", by="codes", probe="linear").value == 1


def test_more_neighbours_than_others_are_left_out() -> None:
    rng = np.random.default_rng(4)
    found = compared(Identity(2), data(rng.normal(size=(8, 2)), np.array([0, 1] * 4)), neighbours=(1, 7, 8))
    assert found.scalar("recall", by="codes", k=7).value == 1
    with pytest.raises(KeyError):
        found.scalar("recall", by="codes", k=8)
    few = compared(Identity(2), data(rng.normal(size=(4, 2)), np.array([0, 1] * 2)), neighbours=(5,))
    assert "too few for the 5 nearest others" in few.scalar("recall", by="codes", k=5).reason
