"""Distances to the nearest real sample against a tree, and what does not count as one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from vae_analyze.analyzers.interpolation.reference import nearest

NONE = np.zeros((0, 1), dtype=np.int64)


def random(n: int, d: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return torch.from_numpy((scale * np.random.default_rng(seed).normal(size=(n, d))).astype(np.float32))


@pytest.mark.parametrize(("r", "d"), [(1, 3), (3, 5), (700, 12), (40, 3000)])
def test_distances_are_those_of_a_tree(r: int, d: int) -> None:
    x, points = random(r, d), random(1100, d, 1)
    found = nearest(x, points, np.full((1100, 1), -1))
    expected = cKDTree(x.double().numpy()).query(points.double().numpy())[0] / np.sqrt(d)
    assert np.allclose(found, expected, rtol=1e-6)


def test_what_does_not_count_is_passed_over() -> None:
    x = random(300, 6)
    own = np.arange(300)[:, None]
    second = cKDTree(x.double().numpy()).query(x.double().numpy(), k=2)[0][:, 1] / np.sqrt(6)
    assert np.allclose(nearest(x, x, own), second, rtol=1e-6)


def test_a_point_beside_a_sample_keeps_its_digits() -> None:
    x = random(50, 100, scale=100)
    points = x[:5] + 1e-3
    exact = (points.double() - x[:5].double()).square().mean(dim=1).sqrt().numpy()
    assert np.allclose(nearest(x, points, np.full((5, 1), -1)), exact, rtol=1e-6)


def test_without_a_sample_left_there_is_no_distance() -> None:
    x = random(2, 4)
    assert np.isnan(nearest(x, random(3, 4, 1), np.tile([0, 1], (3, 1)))).all()


def test_points_that_are_not_finite_have_no_distance() -> None:
    x, points = random(9, 4), random(3, 4, 1)
    points[1, 2] = torch.nan
    found = nearest(x, points, np.full((3, 1), -1))
    assert np.isnan(found).tolist() == [False, True, False]
