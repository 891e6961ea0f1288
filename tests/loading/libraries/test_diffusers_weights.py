from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from loading.real_libraries import fake_diffusers, written_autoencoder
from loading.written_files import hostile_torch_file
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.safetensors_file import packed
from vae_analyze.loading.libraries.diffusers_classes import KINDS
from vae_analyze.loading.libraries.diffusers_place import Weights, find_weights
from vae_analyze.loading.libraries.diffusers_weights import checked_config, contents_checked, loaded_model
from vae_analyze.loading.options import LoadOptions

CONFIG = {"_class_name": "AutoencoderKL", "_diffusers_version": "0.40.0", "sample_size": 8}
WEIGHTS = "diffusion_pytorch_model.safetensors"


def weights(folder: Path) -> Weights:
    return find_weights(folder, LoadOptions(), named=None)


def loading(folder: Path, config: dict[str, Any] | None = None, version: str = "0.40.0") -> tuple[Any, Any]:
    plain = json.loads((folder / "config.json").read_text()) if config is None else config
    return loaded_model(fake_diffusers(version), KINDS["AutoencoderKL"], plain, weights(folder), where="here")


def test_a_whole_folder_loads_without_doubts(tmp_path: Path) -> None:
    made = written_autoencoder(tmp_path / "m")
    contents_checked(weights(tmp_path / "m"))
    model, doubts = loading(tmp_path / "m")
    assert doubts == ()
    assert not model.training
    assert all(torch.equal(value, made.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"quantization_config": {"bits": 4}}, "quantised weights"),
        ({"layers_per_block": 10**9}, "field 'layers_per_block'"),
        ({"block_out_channels": [10**9]}, "field 'block_out_channels'"),
        ({"block_out_channels": [1] * 100}, "at most 64 numbers"),
    ],
)
def test_configurations_of_no_model_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        checked_config(config, where="here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"up.bias": None}, "missing: up.bias"),
        ({"other": torch.zeros(1)}, "unexpected: other"),
        ({"up.bias": torch.zeros(3)}, r"diffusers 0\.40\.0 cannot load it: RuntimeError"),
    ],
)
def test_every_difference_of_weights_and_configuration_is_an_error(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    state = written_autoencoder(tmp_path / "m").state_dict() | change
    kept = {name: value for name, value in state.items() if value is not None}
    (tmp_path / "m" / WEIGHTS).write_bytes(packed(kept, {"format": "pt"}))
    with pytest.raises(CheckpointError, match=message):
        loading(tmp_path / "m")


def test_a_described_network_larger_than_its_weights_is_not_built(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m")
    with pytest.raises(CheckpointError, match=r"describes a network of .* numbers, and its weights have only"):
        loading(tmp_path / "m", CONFIG | {"latent_channels": 4000})


def test_a_class_that_the_installed_library_lacks(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m")
    with pytest.raises(CheckpointError, match=r"is a VQModel, which the installed diffusers 0\.40\.0 does not have"):
        loaded_model(fake_diffusers(), KINDS["VQModel"], CONFIG, weights(tmp_path / "m"), where="here")


def test_unknown_options_of_a_newer_version_are_refused_and_others_are_a_warning(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m", new_wiring=True, decay=0.999, nothing=None)
    assert loading(tmp_path / "m")[1] == (
        "options that diffusers 0.40.0 does not know were ignored, as it does itself: new_wiring",
    )
    with pytest.raises(CheckpointError, match=r"written by diffusers 0\.40\.0 .* installed 0\.9\.3 .*new_wiring"):
        loading(tmp_path / "m", version="0.9.3")


def test_pickles_are_read_safely_first(tmp_path: Path) -> None:
    made = written_autoencoder(tmp_path / "m", weights="diffusion_pytorch_model.bin")
    contents_checked(weights(tmp_path / "m"))
    model, _ = loading(tmp_path / "m")
    assert torch.equal(model.up.weight, made.up.weight)


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m", weights="diffusion_pytorch_model.bin")
    hostile_torch_file(tmp_path / "m" / "diffusion_pytorch_model.bin", tmp_path / "trace")
    with pytest.raises(CheckpointError):
        contents_checked(weights(tmp_path / "m"))
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": torch.zeros(2), "b": "text"}, "nothing but tensors, found something else: b"),
        ({"a": torch.tensor([float("nan")])}, "finite weights"),
        ([1], "expected named tensors, found list"),
        ({}, "expected named tensors"),
    ],
)
def test_pickles_of_something_else(tmp_path: Path, content: Any, message: str) -> None:
    torch.save(content, tmp_path / "diffusion_pytorch_model.bin")
    with pytest.raises(CheckpointError, match=message):
        contents_checked(weights(tmp_path))


def test_damaged_safetensors_are_one_message(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m")
    whole = (tmp_path / "m" / WEIGHTS).read_bytes()
    for content in (whole[:-10], whole[:40], b"version https://git-lfs.github.com/spec/v1\n", b"<!doctype html>", b""):
        (tmp_path / "m" / WEIGHTS).write_bytes(content)
        with pytest.raises(CheckpointError):
            contents_checked(weights(tmp_path / "m"))


def test_a_tensor_that_its_file_lacks_is_named(tmp_path: Path) -> None:
    name = "diffusion_pytorch_model-00001-of-00001.safetensors"
    (tmp_path / name).write_bytes(packed({"a": torch.zeros(2)}, {}))
    (tmp_path / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": {"a": name, "b": name}}))
    with pytest.raises(CheckpointError, match=r"names tensors that .* lacks: b"):
        contents_checked(weights(tmp_path))
