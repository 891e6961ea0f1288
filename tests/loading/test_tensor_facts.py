from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from loading.real_libraries import written_autoencoder, written_pythae
from loading.written_files import small_mlp
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.safetensors_file import described, packed, unpacked
from vae_analyze.loading.inspect import inspect_file
from vae_analyze.loading.own_files.saving import save


@pytest.mark.parametrize("weights", ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"])
@pytest.mark.parametrize("pipeline", [False, True])
def test_a_diffusers_folder_shows_its_tensors(tmp_path: Path, weights: str, pipeline: bool) -> None:
    model = written_autoencoder(tmp_path / "p" / "vae", weights=weights)
    (tmp_path / "p" / "model_index.json").write_text(json.dumps({"vae": ["diffusers", "AutoencoderKL"]}))
    found = inspect_file(tmp_path / "p" if pipeline else tmp_path / "p" / "vae")
    facts = {tensor.name: (tensor.shape, tensor.dtype) for tensor in found.tensors}
    assert facts == {name: (tuple(value.shape), "float32") for name, value in model.state_dict().items()}


def test_all_files_of_several_are_shown(tmp_path: Path) -> None:
    model = written_autoencoder(tmp_path / "m")
    (tmp_path / "m" / "diffusion_pytorch_model.safetensors").unlink()
    state, index = model.state_dict(), {}
    for at, (name, value) in enumerate(state.items(), start=1):
        part = f"diffusion_pytorch_model-0000{at}-of-0000{len(state)}.safetensors"
        (tmp_path / "m" / part).write_bytes(packed({name: value}, {}))
        index[name] = part
    path = tmp_path / "m" / "diffusion_pytorch_model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": index}))
    assert {tensor.name for tensor in inspect_file(tmp_path / "m").tensors} == set(state)


def test_a_pythae_folder_and_a_training_show_their_tensors(tmp_path: Path) -> None:
    written_pythae(tmp_path / "VAE_training_2024-01-01_00-00-00" / "final_model")
    for path in (tmp_path, tmp_path / "VAE_training_2024-01-01_00-00-00" / "final_model"):
        found = inspect_file(path)
        assert found.format == "pythae"
        assert "model_state_dict.encoder.embedding.weight" in {tensor.name for tensor in found.tensors}


def test_a_program_shows_its_weights(tmp_path: Path) -> None:
    save(small_mlp(), tmp_path / "a.vae", kind="program")
    found = inspect_file(tmp_path / "a.vae")
    assert found.tensor_count >= len(small_mlp().state_dict())


def test_a_header_says_what_the_whole_file_says(tmp_path: Path) -> None:
    tensors = {
        "a": torch.zeros(2, 3),
        "b": torch.zeros(4, dtype=torch.int64),
        "c": torch.ones((), dtype=torch.float16),
        "d": torch.zeros(0, 5),
    }
    path = tmp_path / "a.safetensors"
    path.write_bytes(packed(tensors, {"x": "y"}))
    whole, _ = unpacked(torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8), where="a")
    found = described(path, where="a")
    assert found == {name: (tuple(value.shape), value.dtype) for name, value in whole.items()}


@pytest.mark.parametrize("cut", [4, 40, 200])
def test_a_cut_file_has_no_header_to_show(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(packed({"a": torch.zeros(20, 3)}, {})[:cut])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        described(path, where="a")


def test_a_damaged_folder_is_described_without_tensors(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m")
    path = tmp_path / "m" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    found = inspect_file(tmp_path / "m")
    assert (found.tensor_count, found.loads) == (0, False)
