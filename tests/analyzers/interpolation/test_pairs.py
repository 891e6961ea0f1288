"""Pairs: distinct, even in their use of samples, of the class they say, and as many as there are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from vae_analyze.analyzers.interpolation.pairs import DIFFERENT, NEAREST, RANDOM, SAME, Pairs, kinds_of, pairs_of


def context(seed: int = 0, *, conditional: bool = False) -> Any:
    def generator(tag: str) -> torch.Generator:
        return torch.Generator().manual_seed(seed + sum(map(ord, tag)))

    return SimpleNamespace(card=SimpleNamespace(conditional=conditional), generator=generator)


def codes(n: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, 3)))


def labels(n: int, classes: int = 4) -> NDArray[np.int64]:
    return np.random.default_rng(5).integers(0, classes, size=n)


def unordered(pairs: Pairs) -> set[tuple[int, int]]:
    return {(min(i, j), max(i, j)) for i, j in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)}


@pytest.mark.parametrize("kind", [RANDOM, NEAREST, SAME, DIFFERENT])
def test_pairs_are_distinct_and_join_two_samples(kind: str) -> None:
    found = pairs_of(kind, codes(200), labels(200), 64, context())
    assert len(found) == len(unordered(found)) == 64
    assert (found.first != found.second).all()
    assert found.reason == ""


def test_random_pairs_use_no_sample_twice_while_others_are_left() -> None:
    found = pairs_of(RANDOM, codes(128), None, 64, context())
    assert sorted([*found.first, *found.second]) == list(range(128))


def test_classes_are_what_the_kind_says() -> None:
    of = labels(300)
    same, different = (pairs_of(kind, codes(300), of, 64, context()) for kind in (SAME, DIFFERENT))
    assert (of[same.first] == of[same.second]).all()
    assert (of[different.first] != of[different.second]).all()
    assert set(of[same.first]) == set(range(4))


def test_neighbours_are_those_of_another_implementation() -> None:
    z = codes(150)
    found = pairs_of(NEAREST, z, None, 40, context())
    nearest = NearestNeighbors(n_neighbors=2).fit(z.numpy()).kneighbors(z.numpy())[1][:, 1]
    assert (nearest[found.first] == found.second).all()


def test_neighbours_of_a_conditional_model_have_one_label() -> None:
    z, of = codes(150), labels(150)
    found = pairs_of(NEAREST, z, of, 40, context(conditional=True))
    for i, j in zip(found.first, found.second, strict=True):
        among = np.flatnonzero((of == of[i]) & (np.arange(150) != i))
        assert j == among[int((z[among] - z[i]).norm(dim=1).argmin())]


@pytest.mark.parametrize(("kind", "expected"), [(RANDOM, 15), (SAME, 6), (DIFFERENT, 9)])
def test_few_samples_give_every_pair_there_is(kind: str, expected: int) -> None:
    found = pairs_of(kind, codes(6), np.array([0, 0, 0, 1, 1, 1]), 64, context())
    assert len(found) == len(unordered(found)) == expected
    assert found.reason == f"there are only {expected}"


@pytest.mark.parametrize(
    ("kind", "of", "reason"),
    [
        (RANDOM, [0], "one sample makes no pair"),
        (NEAREST, [0], "one sample makes no pair"),
        (SAME, [0, 1, 2], "no two samples have one class"),
        (DIFFERENT, [1, 1, 1], "all samples have one class"),
    ],
)
def test_where_there_is_no_pair_it_says_why(kind: str, of: list[int], reason: str) -> None:
    found = pairs_of(kind, codes(len(of)), np.array(of), 8, context())
    assert len(found) == 0
    assert found.reason == reason


def test_a_rare_class_is_found() -> None:
    of = np.zeros(500, dtype=np.int64)
    of[17] = 1
    found = pairs_of(DIFFERENT, codes(500), of, 30, context())
    assert len(found) == 30
    assert ((found.first == 17) | (found.second == 17)).all()


def test_the_seed_decides() -> None:
    one, same, other = (pairs_of(RANDOM, codes(200), None, 20, context(seed)) for seed in (1, 1, 2))
    assert unordered(one) == unordered(same) != unordered(other)


def test_kinds_follow_from_labels_and_the_model() -> None:
    assert kinds_of(labelled=False, conditional=False) == (RANDOM, NEAREST)
    assert kinds_of(labelled=True, conditional=False) == (RANDOM, NEAREST, SAME, DIFFERENT)
    assert kinds_of(labelled=True, conditional=True) == (SAME, NEAREST)
