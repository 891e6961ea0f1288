from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vae_analyze.loading.settling.curvature import curvature, line

WEIGHTS = torch.tensor([3.0, 1.0, 0.5, 0.1], dtype=torch.float64)


def decode(z: Tensor, samples: Tensor) -> Tensor:
    return z * WEIGHTS


def codes() -> Tensor:
    return torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_of_a_linear_decoder_is_the_squared_weight() -> None:
    found = curvature(decode, codes())
    assert torch.allclose(found.log_h.exp(), WEIGHTS.square().expand(len(found.samples), 4))


def test_line_has_slope_one_for_the_right_variance_and_two_for_its_root() -> None:
    found = curvature(decode, codes())
    variance = (1 / (1 + 100 * WEIGHTS.square())).expand(50, 4)
    assert line(found, variance, variance).slope == pytest.approx(1.0)
    precise = variance / 1e4  # far below 1, where 1 / variance - 1 is a power of the precision
    assert line(found, precise.sqrt(), precise.sqrt()).slope == pytest.approx(2.0, rel=0.2)


def test_line_falls_where_wide_posteriors_meet_a_sharp_decoder() -> None:
    found = curvature(decode, codes())
    variance = (0.01 * WEIGHTS.square()).expand(50, 4)
    assert line(found, variance, variance).slope < 0


def test_no_line_through_wide_posteriors() -> None:
    found = curvature(decode, codes())
    nothing = line(found, torch.ones(50, 4), torch.ones(50, 4))
    assert math.isnan(nothing.slope)
    assert nothing.points == 0


def test_few_may_be_decoded() -> None:
    found = curvature(decode, codes(), most_decoded=32)
    assert found.log_h.shape == (4, 4)


def test_spatial_codes_and_their_samples() -> None:
    mean = torch.randn(10, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    asked: list[tuple[int, ...]] = []

    def watched(z: Tensor, samples: Tensor) -> Tensor:
        asked.append(tuple(z.shape))
        assert len(samples) == len(z)
        return z

    found = curvature(watched, mean)
    assert set(asked) == {(10, 2, 4, 4)}
    assert found.of(mean).shape == (10, 24)
