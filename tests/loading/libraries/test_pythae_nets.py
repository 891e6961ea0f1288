from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from loading.real_libraries import fake_pythae, written_pythae
from loading.written_files import hostile_pickle, hostile_torch_file
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries import pythae_nets
from vae_analyze.loading.libraries.pythae_classes import MODELS
from vae_analyze.loading.libraries.pythae_nets import (
    age_of_pickles,
    build,
    check_consent,
    pickles_of,
    python_of,
    read_state,
)
from vae_analyze.loading.options import LoadOptions

VAE = MODELS["VAEConfig"]


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythae_nets, "needed", fake_pythae)


def config_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "model_config.json").read_text())
    return found


def test_custom_networks_need_consent_and_nothing_runs_without(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m", uses_default_encoder=False)
    hostile_pickle(tmp_path / "m" / "encoder.pkl", tmp_path / "trace", protocol=4)
    config = config_of(tmp_path / "m")
    assert pickles_of(config) == ("encoder.pkl",)
    with pytest.raises(CheckpointError, match=r"would execute encoder\.pkl\. Nothing was executed") as caught:
        check_consent(tmp_path / "m", config, LoadOptions())
    assert "--trust" in caught.value.hint
    check_consent(tmp_path / "m", config, LoadOptions(trust=True))
    assert not (tmp_path / "trace").exists()


def test_custom_networks_that_are_missing_are_named(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m", uses_default_encoder=False, uses_default_decoder=False)
    with pytest.raises(CheckpointError, match=r"encoder\.pkl, decoder\.pkl are missing"):
        check_consent(tmp_path / "m", config_of(tmp_path / "m"), LoadOptions(trust=True))


def test_a_configuration_that_does_not_say_is_taken_for_custom() -> None:
    assert pickles_of({}) == ("encoder.pkl", "decoder.pkl")


def test_default_networks_execute_nothing_of_the_folder(tmp_path: Path) -> None:
    made = written_pythae(tmp_path / "m")
    hostile_pickle(tmp_path / "m" / "encoder.pkl", tmp_path / "trace", protocol=4)
    config = config_of(tmp_path / "m")
    check_consent(tmp_path / "m", config, LoadOptions())
    parts = build(tmp_path / "m", config, VAE, read_state(tmp_path / "m"), where="here")
    assert torch.equal(parts.state_dict()["encoder.embedding.weight"], made.encoder.embedding.weight)
    assert not parts.training
    assert not (tmp_path / "trace").exists()


def test_hostile_weights_run_nothing(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m")
    hostile_torch_file(tmp_path / "m" / "model.pt", tmp_path / "trace")
    with pytest.raises(CheckpointError):
        read_state(tmp_path / "m")
    assert not (tmp_path / "trace").exists()


def test_weights_that_are_missing_or_something_else(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m")
    torch.save({"state_dict": {}}, tmp_path / "m" / "model.pt")
    with pytest.raises(CheckpointError, match="under model_state_dict, as pythae writes them, found state_dict"):
        read_state(tmp_path / "m")
    torch.save({"model_state_dict": {"a": torch.tensor([float("inf")])}}, tmp_path / "m" / "model.pt")
    with pytest.raises(CheckpointError, match="finite"):
        read_state(tmp_path / "m")
    (tmp_path / "m" / "model.pt").unlink()
    with pytest.raises(CheckpointError, match=r"expected model\.pt beside model_config\.json"):
        read_state(tmp_path / "m")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder.embedding.bias": None}, r"missing: encoder\.embedding\.bias"),
        ({"discriminator.weight": torch.zeros(1)}, r"unexpected: discriminator\.weight"),
        ({"encoder.embedding.bias": torch.zeros(9)}, r"another shape: encoder.embedding.bias \(expected \(3,\), found"),
    ],
)
def test_every_difference_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    written_pythae(tmp_path / "m")
    state = {key: value for key, value in (read_state(tmp_path / "m") | change).items() if value is not None}
    with pytest.raises(CheckpointError, match=message):
        build(tmp_path / "m", config_of(tmp_path / "m"), VAE, state, where="here")


def test_weights_that_only_training_needs_are_left_out(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m", name="FactorVAEConfig")
    state = read_state(tmp_path / "m")
    assert "discriminator.weight" in state
    parts = build(tmp_path / "m", config_of(tmp_path / "m"), MODELS["FactorVAEConfig"], state, where="here")
    assert set(parts) == {"encoder", "decoder"}


@pytest.mark.parametrize("change", [{"latent_dim": 10**12}, {"input_dim": [3, 0, 4]}, {"latent_dim": "ten"}])
def test_sizes_of_no_model_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    written_pythae(tmp_path / "m")
    config = config_of(tmp_path / "m") | change
    with pytest.raises(CheckpointError, match="whole positive sizes"):
        build(tmp_path / "m", config, VAE, {}, where="here")
    with pytest.raises(CheckpointError, match="those of no model"):
        build(tmp_path / "m", config | {"input_dim": [1 << 20, 1 << 20], "latent_dim": 2}, VAE, {}, where="here")


def test_a_library_that_cannot_build_it_is_one_message(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m")
    config, state = config_of(tmp_path / "m"), read_state(tmp_path / "m")
    (tmp_path / "m" / "model_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="pythae cannot build it: KeyError"):
        build(tmp_path / "m", config, VAE, state, where="here")


@pytest.mark.parametrize(("content", "message"), [(b"\x80\x04N.", "expected a network"), (b"x", "cannot be unpickled")])
def test_pickles_of_something_else(tmp_path: Path, content: bytes, message: str) -> None:
    written_pythae(tmp_path / "m", uses_default_encoder=False)
    (tmp_path / "m" / "encoder.pkl").write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        build(tmp_path / "m", config_of(tmp_path / "m"), VAE, read_state(tmp_path / "m"), where="here")


def test_the_age_of_pickles_matters_and_that_of_weights_does_not(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m", uses_default_encoder=False)
    assert python_of(tmp_path / "m") == "3.8"
    assert "pickled by Python 3.8" in age_of_pickles(tmp_path / "m", config_of(tmp_path / "m"))
    written_pythae(tmp_path / "n")
    assert age_of_pickles(tmp_path / "n", config_of(tmp_path / "n")) == ""
