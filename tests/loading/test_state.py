from __future__ import annotations

from typing import Any

import pytest
import torch

from loading.written_files import small_mlp
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.registry import Network, build
from vae_analyze.loading.state import fill, shapes


def empty() -> Network:
    return build("mlp", small_mlp().options.to_plain())


def state() -> dict[str, Any]:
    return dict(small_mlp().state_dict())


def test_weights_fill_the_network_as_float32_copies() -> None:
    weights = {name: value.double() for name, value in state().items()}
    network = fill(empty(), weights, where="file")
    assert {value.dtype for value in network.state_dict().values()} == {torch.float32}
    x = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(network.encode(x).mean, small_mlp().encode(x).mean)


def test_every_difference_is_named_at_once() -> None:
    weights = state()
    del weights["mean.bias"]
    weights["extra\x1b[31m"] = torch.zeros(1)
    weights["output.bias"] = torch.zeros(3)
    with pytest.raises(CheckpointError) as caught:
        fill(empty(), weights, where="file")
    message = caught.value.message
    assert "missing: mean.bias (3,)" in message
    assert "unexpected: extra;" in message
    assert "of another shape: output.bias (expected (16,), found (3,))" in message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named_and_counted(value: float) -> None:
    weights = state()
    weights["mean.bias"] = torch.tensor([0.0, value, value])
    with pytest.raises(CheckpointError, match=r"NaN or infinity in 1 tensors of 14: mean\.bias \(2 of 3\)"):
        fill(empty(), weights, where="file")


@pytest.mark.parametrize("value", ["text", 3, torch.zeros(3, dtype=torch.int64), torch.zeros(3).to_sparse()])
def test_other_things_than_weights_are_named(value: object) -> None:
    with pytest.raises(CheckpointError, match=r"expected floating point tensors, .*mean\.bias"):
        fill(empty(), state() | {"mean.bias": value}, where="file")


@pytest.mark.parametrize("weights", [None, {}, [1], {1: torch.zeros(1)}])
def test_something_else_than_named_weights_is_refused(weights: object) -> None:
    with pytest.raises(CheckpointError, match="file: expected named weights"):
        fill(empty(), weights, where="file")


def test_shapes_are_listed_up_to_a_limit() -> None:
    assert shapes({"a": torch.zeros(2, 3), "b": torch.zeros(1)}, most=1) == "a (2, 3) and 1 more"
