from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from loading.rebuild.planted import evidence, mlp, trained
from loading.rebuild.test_read import assert_same, rebuilt
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.rebuild.beside import without_others, without_prior
from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.search import Search


def _vae(latent: int = 4) -> dict[str, Tensor]:
    shapes = {"enc": (32, 64), "mu": (latent, 32), "logvar": (latent, 32), "dec": (32, latent), "out": (64, 32)}
    found: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        found |= {f"{name}.weight": torch.zeros(shape), f"{name}.bias": torch.zeros(shape[0])}
    return found


def _left(extra: dict[str, tuple[int, ...]], latent: int = 4) -> tuple[str, ...]:
    layers = layers_of(_vae(latent) | {name: torch.zeros(shape) for name, shape in extra.items()})
    structure = Search(chain=layers.chain, extras=()).run()[0]
    return without_prior(layers, structure).beside


@pytest.mark.parametrize("name", ["classifier", "clf", "label_head", "property_predictor", "discriminator", "class_fc"])
def test_what_names_call_a_classifier_or_discriminator_lies_beside(name: str) -> None:
    kept, others = without_others(_vae() | {f"net.{name}.0.weight": torch.zeros(10, 4)})

    assert others == (f"net.{name}",)
    assert list(kept) == list(_vae())


@pytest.mark.parametrize("name", ["class_embedding", "label_embed", "prediction.mu", "encoder", "classes"])
def test_other_names_do_not(name: str) -> None:
    assert without_others({f"{name}.weight": torch.zeros(10, 4)})[1] == ()


def test_parameters_of_a_mixture_prior_lie_beside() -> None:
    assert _left({"pi_": (10,), "mu_c": (10, 4), "log_sigma2_c": (10, 4)}) == ("pi_", "mu_c", "log_sigma2_c")
    assert _left({"gmm_prior": (4, 7), "pi": (7,)}) == ("gmm_prior", "pi")


@pytest.mark.parametrize(
    "extra",
    [
        {"scale": (4,)},  # of a code, perhaps: no name of a prior
        {"mu_c": (10, 5)},  # of another length than the code
        {"mu_c": (10, 4), "log_sigma2_c": (7, 4)},  # two numbers of components
        {"pi": (10,)},  # nothing as long as a code
        {"mu_c": (10, 4), "table": (10, 4)},
    ],
)
def test_what_may_be_something_else_is_not_left_out(extra: dict[str, tuple[int, ...]]) -> None:
    assert _left(extra) == ()


def test_networks_are_rebuilt_without_what_lies_beside_them(tmp_path: Path) -> None:
    model = trained(mlp(nn.ReLU))
    extra = {"classifier.weight": torch.zeros(10, 6), "pi_": torch.zeros(10), "mu_c": torch.zeros(10, 6)}
    loaded = rebuilt(tmp_path, model.state_dict() | extra, evidence=evidence(), second="logvar")
    said = {one.what: one.value for one in loaded.card.assumptions}

    assert_same(loaded, model)
    assert "classifier" in said["left out: beside the autoencoder"]
    assert "mu_c" in said["left out: beside the autoencoder"]


def test_a_discriminator_with_half_a_network_is_refused(tmp_path: Path) -> None:
    state = {"mu.weight": torch.rand(4, 64), "discriminator.0.weight": torch.rand(1, 64)}
    with pytest.raises(CheckpointError, match=r"discriminator|not a VAE|order"):
        rebuilt(tmp_path, state, evidence=evidence())
