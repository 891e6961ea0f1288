from __future__ import annotations

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.pythae_classes import MODELS, REASONS, is_pythae, model_of


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SVAEConfig", "SVAE of pythae.*hypersphere"),
        ("PoincareVAEConfig", "Poincaré ball"),
        ("HVAEConfig", "Hamiltonian"),
        ("RHVAEConfig", "Hamiltonian"),
        ("VAE_IAF_Config", "VAE_IAF of pythae.*moved by a normalizing flow"),
        ("MAFConfig", "normalizing flow over data"),
        ("PixelCNNConfig", "autoregressive"),
    ],
)
def test_others_are_refused_by_name_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        model_of({"name": name}, where="here")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(CheckpointError, match="found 'OddConfig'"):
        model_of({"name": "OddConfig"}, where="here")


def test_a_deterministic_posterior_is_a_plain_code() -> None:
    assert model_of({"name": "Adversarial_AE_Config"}, where="here").code == "gaussian"
    stated = {"name": "Adversarial_AE_Config", "deterministic_posterior": True}
    assert model_of(stated, where="here").code == "plain"


def test_configurations_of_pythae_are_told_by_their_name() -> None:
    assert all(is_pythae({"name": name}) for name in (*MODELS, *REASONS))
    assert is_pythae({"name": "TomorrowConfig", "uses_default_encoder": True})
    assert not is_pythae({"name": "bert"})
    assert not is_pythae({})
