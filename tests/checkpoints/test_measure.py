from __future__ import annotations

import numpy as np
import pytest
import torch

from checkpoints.scripts import script
from vae_analyze.data.open import open_data
from vae_analyze.loading.architectures.mlp import MLP, MLPOptions


def constant(*, deterministic: bool = False) -> MLP:
    """Every weight is zero but the first latent's mean, which is the first active pixel; decodes to one half."""
    model = MLP(MLPOptions(input_shape=(1, 8, 8), hidden=(), latent_dim=2, deterministic=deterministic))
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
        model.mean.weight[0, 2] = 1.0
    return model.eval()


def test_numbers_of_a_model_that_is_known_by_hand() -> None:
    data = open_data("digits:test")
    found = script("measure").measure(constant(), data, most=100_000, tolerance=0.1)
    x = data.read(np.arange(len(data))).x.astype(np.float64)
    assert found.n == len(data)
    assert found.bce_per_image == pytest.approx(64 * np.log(2), rel=1e-6)
    assert found.mse_per_pixel == pytest.approx(((x - 0.5) ** 2).mean(), rel=1e-6)
    assert found.kl_per_dim == pytest.approx((0.5 * (x[:, 0, 0, 2] ** 2).mean(), 0.0), rel=1e-5)
    assert found.active_units == 1


def test_an_autoencoder_has_no_kl() -> None:
    found = script("measure").measure(constant(deterministic=True), open_data("digits:test"), most=50, tolerance=0.1)
    assert found.kl_per_dim == ()
    assert found.n == 50
