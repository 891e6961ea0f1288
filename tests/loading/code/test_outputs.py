from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, distributions

from vae_analyze.loading.code.outputs import parts

A, B = torch.zeros(3, 2), torch.ones(3, 2)


class Pair(NamedTuple):
    mu: Tensor
    logvar: Tensor


@dataclass
class Record:
    mu: Tensor
    logvar: Tensor
    loss: float = 0.0


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (A, [""]),
        ((A, B), ["0", "1"]),
        ([A, None, 3, "x", B], ["0", "4"]),
        ({"mu": A, "more": {"lv": B}}, ["mu", "more.lv"]),
        (Pair(A, B), ["mu", "logvar"]),
        (Record(A, B), ["mu", "logvar"]),
        (SimpleNamespace(mu=A, _hidden=B), ["mu"]),
        (distributions.Normal(A, B), ["loc", "scale"]),
        (distributions.Independent(distributions.Normal(A, B), 1), ["loc", "scale"]),
        (distributions.MultivariateNormal(A, torch.eye(2).expand(3, 2, 2)), ["loc", "scale"]),
        (distributions.Bernoulli(probs=B), ["mean"]),
        (torch.arange(3), []),
        (None, []),
    ],
)
def test_tensors_are_found_with_their_places(value: Any, names: list[str]) -> None:
    assert [part.name for part in parts(value)] == names


def test_a_full_covariance_is_not_taken_for_a_diagonal_one() -> None:
    covariance = torch.tensor([[2.0, 1.0], [1.0, 2.0]]).expand(3, 2, 2)
    assert [part.name for part in parts(distributions.MultivariateNormal(A, covariance))] == ["mean"]


def test_only_tensors_of_so_many_samples() -> None:
    assert len(parts((A, torch.zeros(()), torch.zeros(4, 2)), batch=3)) == 1
