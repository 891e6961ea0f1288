from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.gaussian import check_diagonal
from vae_analyze.loading.code.noise import Noise

MU = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
SIGMA = torch.rand(5, 3, generator=torch.Generator().manual_seed(2)) + 0.1
MIX = torch.tensor([[1.0, 0.5, 0.2], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])


def _check(sample: Callable[[], Tensor]) -> None:
    def drawn(noise: Noise) -> Tensor:
        with noise:
            return sample()

    quiet = Noise(0.0)
    codes = drawn(quiet)
    check_diagonal(codes, drawn(Noise(1.0)) - codes, len(quiet.draws), drawn, name="VAE")


def test_a_diagonal_gaussian_passes() -> None:
    _check(lambda: MU + SIGMA * torch.randn_like(MU))
    _check(lambda: MU - SIGMA * torch.randn_like(MU))


def test_draws_that_do_not_reach_the_code_do_not_matter() -> None:
    def sample() -> Tensor:
        torch.randn(5, 3)
        return MU + SIGMA * torch.randn_like(MU)

    _check(sample)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (lambda: MU + SIGMA * torch.randn_like(MU) + torch.randn_like(MU), "draws noise 2 times"),
        (lambda: MU + torch.randn_like(MU) @ MIX, "no diagonal Gaussian"),
        (lambda: torch.sigmoid(MU + SIGMA * torch.randn_like(MU)), "no diagonal Gaussian"),
        (lambda: MU + torch.tensor([1.0, 1.0, 0.0]) * SIGMA * torch.randn_like(MU), "1 of 3 numbers"),
    ],
)
def test_what_is_none_is_refused(sample: Callable[[], Tensor], reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        _check(sample)
