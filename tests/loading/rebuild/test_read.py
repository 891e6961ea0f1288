from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from loading.rebuild.planted import Planted, evidence, mlp, trained
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild import REBUILD
from vae_analyze.loading.settling.convention import ConditionalConventional, Conventional
from vae_analyze.loading.source import Source


def rebuilt(path: Path, state: Any, **words: Any) -> Loaded:
    torch.save(state, path / "model.pt")
    source = Source.open(path / "model.pt")
    assert REBUILD.recognise(source)
    return REBUILD.read(source, LoadOptions(**words))


def assert_same(loaded: Loaded, model: Planted) -> None:
    x = evidence().x[:50]
    assert isinstance(loaded.vae, Conventional)
    with torch.no_grad():
        mean, logvar = model.encode(x)
        found = loaded.vae.encode(x)
        assert torch.allclose(found.mean, mean, atol=1e-4)
        assert torch.allclose(found.logvar, logvar, atol=1e-4)
        assert torch.allclose(loaded.vae.decode(mean), model.decode(mean).sigmoid(), atol=1e-4)


KINDS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU, "silu": nn.SiLU}


@cache
def network(activation: str, head: str) -> Planted:
    return trained(mlp(KINDS[activation], head))


@pytest.mark.parametrize(
    ("activation", "head"), [("relu", "two"), ("tanh", "halves"), ("elu", "interleaved"), ("silu", "two")]
)
def test_mlps_are_rebuilt_exactly(tmp_path: Path, activation: str, head: str) -> None:
    model = network(activation, head)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)
    assert loaded.card.guessed
    assert "activation" in {assumption.what for assumption in loaded.card.assumptions}
    assert loaded.card.input_shape == (1, 8, 8)
    assert loaded.card.details["blueprint"]["latent_shape"] == [6]


def test_an_input_range_is_found(tmp_path: Path) -> None:
    model = mlp(nn.ReLU)
    model.range = (-1.0, 1.0)
    loaded = rebuilt(tmp_path, trained(model).state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)
    said = next(one for one in loaded.card.assumptions if one.what == "input range")
    assert said.value == "[-1, 1]"


def test_convolutions_with_batch_norm_and_pooling(tmp_path: Path) -> None:
    torch.manual_seed(2)
    encoder = nn.Sequential(
        nn.Conv2d(1, 8, 3, 1, 1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 4, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        nn.Linear(6, 48),
        nn.Unflatten(1, (12, 2, 2)),
        nn.ConvTranspose2d(12, 8, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, 2, 1),
    )
    model = trained(Planted(encoder, decoder, 48, 6), steps=400)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)


def test_a_conditional_model_gets_its_labels(tmp_path: Path) -> None:
    torch.manual_seed(3)
    encoder = nn.Sequential(nn.Linear(74, 48), nn.ReLU())
    decoder = nn.Sequential(nn.Linear(14, 48), nn.ReLU(), nn.Linear(48, 64))
    model = trained(Planted(encoder, decoder, 48, 4), conditional=True)
    data = evidence(labels=True)
    assert data.labels is not None
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=data, second="logvar")

    assert loaded.card.conditional
    assert isinstance(loaded.vae, ConditionalConventional)
    with torch.no_grad():
        mean, _ = model.encode(data.x, one_hot(data.labels, 10).float())
        assert torch.allclose(loaded.vae.given(data.labels).encode(data.x).mean, mean, atol=1e-4)
    with pytest.raises(CheckpointError, match=r"conditional model.*has no labels"):
        rebuilt(tmp_path, model.state_dict(), evidence=evidence())


def test_a_plain_autoencoder_is_named_as_one(tmp_path: Path) -> None:
    model = network("relu", "two")
    state = {name: tensor for name, tensor in model.state_dict().items() if "fc_var" not in name}
    loaded = rebuilt(tmp_path, state, evidence=evidence())

    assert loaded.card.deterministic
    assert any("plain autoencoder" in warning for warning in loaded.card.warnings)


def test_without_data_it_is_refused_unless_a_guess_is_accepted(tmp_path: Path) -> None:
    model = network("relu", "two")
    with pytest.raises(CheckpointError, match=r"leave open what only data can decide.*activation: relu"):
        rebuilt(tmp_path, model.state_dict())
    loaded = rebuilt(tmp_path, model.state_dict(), accept_guess=True)

    assert loaded.card.guessed
    assert loaded.card.latent_shape == (6,)


def test_an_untrained_network_is_refused_as_such(tmp_path: Path) -> None:
    state = mlp(nn.ReLU).state_dict()
    with pytest.raises(CheckpointError, match=r"untrained: .*reconstruction error"):
        rebuilt(tmp_path, state, evidence=evidence())
    loaded = rebuilt(tmp_path, state, evidence=evidence(), accept_guess=True)

    assert any("untrained" in warning for warning in loaded.card.warnings)


def test_data_of_another_shape_are_refused(tmp_path: Path) -> None:
    model = network("relu", "two")
    other = replace(evidence(), x=torch.rand(300, 30), resize=None)
    with pytest.raises(CheckpointError, match=r"enter as 64 numbers.*samples of 30"):
        rebuilt(tmp_path, model.state_dict(), evidence=other)


def test_where_no_strides_lead_back_the_class_is_asked_for(tmp_path: Path) -> None:
    state = {
        "conv.weight": torch.randn(4, 1, 3, 3),
        "conv.bias": torch.randn(4),
        "fc_mu.weight": torch.randn(6, 100),
        "fc_mu.bias": torch.randn(6),
        "fc_var.weight": torch.randn(6, 100),
        "fc_var.bias": torch.randn(6),
        "fc.weight": torch.randn(100, 6),
        "fc.bias": torch.randn(100),
        "deconv.weight": torch.randn(4, 1, 3, 3),
        "deconv.bias": torch.randn(1),
    }
    with pytest.raises(CheckpointError, match=r"fit both ends.*lead from 1x8x8 through the code back") as raised:
        rebuilt(tmp_path, state, evidence=evidence())

    assert "--model" in raised.value.hint.partition(":")[0]


class Entered(nn.Module):
    """A decoder with one activation behind its first layer and another behind the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.d1, self.d2, self.d3, self.d4 = (nn.Linear(*s) for s in ((6, 48), (48, 48), (48, 48), (48, 64)))

    def forward(self, z: Tensor) -> Tensor:
        h = nn.functional.leaky_relu(self.d2(self.d1(z).relu()), 0.2)
        x: Tensor = self.d4(nn.functional.leaky_relu(self.d3(h), 0.2))
        return x


def test_another_activation_behind_the_decoders_first_layer_is_found(tmp_path: Path) -> None:
    torch.manual_seed(5)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2))
    model = trained(Planted(encoder, Entered(), 48, 6))
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar", accept_guess=True)

    assert_same(loaded, model)


def test_three_heads_are_refused_with_the_way_out(tmp_path: Path) -> None:
    state = network("relu", "two").state_dict() | {"fc_alphas.weight": torch.zeros(6, 48)}
    with pytest.raises(CheckpointError, match="more than two encoder outputs") as raised:
        rebuilt(tmp_path, state, evidence=evidence())

    assert "--model FILE.py:CLASS" in raised.value.hint


def test_what_a_person_says_is_no_guess(tmp_path: Path) -> None:
    model = network("relu", "two")
    loaded = rebuilt(
        tmp_path, model.state_dict(), evidence=evidence(), range=(0.0, 1.0), output="logits", second="logvar"
    )
    said = {one.what: one for one in loaded.card.assumptions}

    assert said["input range"].source == "option --range"
    assert said["decoder output"].source == "option --output"
    assert not said["second output"].guess


def test_the_fingerprint_follows_what_was_settled(tmp_path: Path) -> None:
    model = network("relu", "two")
    one = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")
    two = rebuilt(
        tmp_path, model.state_dict(), evidence=evidence(), second="logvar", range=(-1.0, 1.0), accept_guess=True
    )

    assert one.card.fingerprint != two.card.fingerprint


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


def test_the_mean_over_all_pixels_before_the_heads(tmp_path: Path) -> None:
    torch.manual_seed(8)
    encoder = nn.Sequential(nn.Conv2d(1, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 32, 3, 2, 1), nn.ReLU(), Mean())
    decoder = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 64))
    model = trained(Planted(encoder, decoder, 32, 6), steps=500)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)
    assert "mean over all pixels" in next(one.value for one in loaded.card.assumptions if one.what == "geometry")


class Last(nn.Module):
    """Channels innermost in vectors."""

    def forward(self, x: Tensor) -> Tensor:
        return x.movedim(1, -1).flatten(1) if x.ndim == 4 else x.reshape(-1, 4, 4, 8).movedim(-1, 1)


def test_vectors_with_channels_innermost(tmp_path: Path) -> None:
    torch.manual_seed(9)
    encoder = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), Last())
    decoder = nn.Sequential(nn.Linear(6, 128), nn.ReLU(), Last(), nn.ConvTranspose2d(8, 1, 4, 2, 1))
    model = trained(Planted(encoder, decoder, 128, 6), steps=400)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)
    assert "channels innermost" in next(one.value for one in loaded.card.assumptions if one.what == "geometry")
