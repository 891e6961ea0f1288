from __future__ import annotations

import torch

from vae_analyze.loading.architectures.layers import ACTIVATIONS, dense, output_mean


def test_dense_alternates_linear_layers_and_activations() -> None:
    layers = dense((4, 3, 2), "tanh")
    assert [type(layer).__name__ for layer in layers] == ["Linear", "Tanh", "Linear", "Tanh"]
    assert len(dense((4,), "relu")) == 0


def test_every_activation_is_a_module_of_its_own() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert len({tuple(make()(x).tolist()) for make in ACTIVATIONS.values()}) == len(ACTIVATIONS)


def test_output_mean_is_a_probability_only_for_bernoulli() -> None:
    raw = torch.tensor([0.0, 3.0])
    assert output_mean(raw, "bernoulli")[0] == 0.5
    assert torch.equal(output_mean(raw, "gaussian"), raw)
