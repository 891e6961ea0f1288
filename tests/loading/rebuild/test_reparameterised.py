from __future__ import annotations

import warnings

import torch
from torch import nn
from torch.nn.utils import parametrizations

from vae_analyze.loading.rebuild.reparameterised import multiplied


def test_plain_weights_stay() -> None:
    weights = {"fc.weight": torch.ones(2, 3), "fc.bias": torch.zeros(2)}

    assert multiplied(weights) == weights


def test_weight_norm_is_multiplied_out_in_both_spellings() -> None:
    modern = parametrizations.weight_norm(nn.Linear(5, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that the older spelling will go
        old = nn.utils.weight_norm(nn.Conv2d(2, 4, 3))

    assert torch.allclose(multiplied({f"a.{k}": v for k, v in modern.state_dict().items()})["a.weight"], modern.weight)
    assert torch.allclose(multiplied({f"a.{k}": v for k, v in old.state_dict().items()})["a.weight"], old.weight)


def test_spectral_norm_is_divided_out() -> None:
    torch.manual_seed(0)
    layer = parametrizations.spectral_norm(nn.ConvTranspose2d(4, 2, 3))
    layer.eval()
    found = multiplied({f"a.{name}": tensor for name, tensor in layer.state_dict().items()})

    assert set(found) == {"a.bias", "a.weight"}
    weight = layer.weight
    assert isinstance(weight, torch.Tensor)
    assert torch.allclose(found["a.weight"], weight, atol=1e-6)
