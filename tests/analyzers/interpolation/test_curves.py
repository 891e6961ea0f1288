"""Straight and spherical paths against closed forms and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial import geometric_slerp

from vae_analyze.analyzers.interpolation.curves import spherical, straight

ALPHAS = torch.linspace(0, 1, 11, dtype=torch.float64)


def random(m: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(m, d)))


def test_a_straight_path_meets_its_ends_to_the_bit_and_has_even_steps() -> None:
    a, b = random(5, 4).float(), random(5, 4, 1).float() * 1e6
    points = straight(a, b, ALPHAS)
    assert torch.equal(points[:, 0], a)
    assert torch.equal(points[:, -1], b)
    steps = (points[:, 1:] - points[:, :-1]).norm(dim=2)
    assert torch.allclose(steps, steps.mean(dim=1, keepdim=True).expand_as(steps), rtol=1e-5)


@pytest.mark.parametrize("d", [2, 3, 10])
def test_unit_vectors_are_interpolated_as_scipy_does(d: int) -> None:
    a, b = (torch.nn.functional.normalize(random(6, d, seed), dim=1) for seed in (2, 3))
    points, straightened = spherical(a, b, ALPHAS)
    assert not straightened.any()
    for row in range(6):
        expected = geometric_slerp(a[row].numpy(), b[row].numpy(), ALPHAS.numpy())
        assert np.allclose(points[row].numpy(), expected, atol=1e-12)


def test_norms_go_from_one_to_the_other_linearly_and_angles_evenly() -> None:
    a, b = torch.tensor([[3.0, 0.0]], dtype=torch.float64), torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    points, _ = spherical(a, b, ALPHAS)
    assert torch.allclose(points[0].norm(dim=1), 3 - 2 * ALPHAS)
    angles = torch.atan2(points[0, :, 1], points[0, :, 0])
    assert torch.allclose(angles, ALPHAS * math.pi / 2)
    assert torch.equal(points[0, 0], a[0])
    assert torch.equal(points[0, -1], b[0])


def test_where_no_plane_is_theirs_the_path_is_straight() -> None:
    a = torch.tensor([[0.0, 0.0], [1.0, 2.0], [1.0, 2.0], [0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    b = torch.tensor([[1.0, 1.0], [2.0, 4.0], [-2.0, -4.0], [0.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    points, straightened = spherical(a, b, ALPHAS)
    assert straightened.tolist() == [True, True, True, True, False]
    assert torch.equal(points[:4], straight(a[:4], b[:4], ALPHAS))


def test_nearly_opposite_and_nearly_equal_vectors_stay_finite() -> None:
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    for angle in (1e-4, math.pi - 1e-4):
        b = torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
        points, straightened = spherical(a, b, ALPHAS)
        assert not straightened.any()
        assert torch.allclose(points.norm(dim=2), torch.ones(1, 11, dtype=torch.float64), atol=1e-8)
