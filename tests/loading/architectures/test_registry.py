from __future__ import annotations

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.registry import build, name_of

HUGE = {"input_shape": [1, 4096, 4096], "hidden": [1 << 24, 1 << 24], "latent_dim": 1 << 24}


def test_claimed_sizes_take_no_memory() -> None:
    network = build("mlp", HUGE)
    assert sum(weight.numel() for weight in network.parameters()) > 1e14


@pytest.mark.parametrize("name", ["mlp", "conv"])
def test_names_lead_back(name: str) -> None:
    plain = {"input_shape": [1, 32, 32], "channels": 2, "hidden": [4], "latent_dim": 2}
    assert name_of(build(name, plain)) == name


def test_an_unknown_architecture_names_the_nearest() -> None:
    with pytest.raises(CheckpointError, match=r"expected a known architecture, found 'mpl'\n.*Did you mean mlp"):
        build("mpl", {})


def test_options_must_be_named() -> None:
    with pytest.raises(CheckpointError, match="options of architecture mlp: expected named fields"):
        build("mlp", [1])
