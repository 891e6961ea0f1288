from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.diffusers_place import find_weights, is_weights, model_folder
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source

PLAIN = "diffusion_pytorch_model.safetensors"
SHARDS = ["diffusion_pytorch_model-00001-of-00002.safetensors", "diffusion_pytorch_model-00002-of-00002.safetensors"]


def holding(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def pipeline(folder: Path, **classes: str) -> Source:
    folder.mkdir(parents=True, exist_ok=True)
    listed: dict[str, Any] = {name: ["diffusers", class_name] for name, class_name in classes.items()}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "SomePipeline"} | listed))
    for name, class_name in classes.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps({"_class_name": class_name}))
    return Source.open(folder)


def test_a_pipeline_gives_its_autoencoder(tmp_path: Path) -> None:
    source = pipeline(tmp_path / "p", unet="UNet2DConditionModel", vae="AutoencoderKL", movq="VQModel")
    assert model_folder(source) == tmp_path / "p" / "vae"
    assert model_folder(pipeline(tmp_path / "q", unet="UNet2DModel", vqvae="VQModel")) == tmp_path / "q" / "vqvae"


def test_a_pipeline_without_or_with_several_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="none of its parts here is an autoencoder: unet"):
        model_folder(pipeline(tmp_path / "p", unet="UNet2DModel"))
    with pytest.raises(CheckpointError, match="several autoencoders: a, b"):
        model_folder(pipeline(tmp_path / "q", a="VQModel", b="AutoencoderKL"))


def test_a_part_that_leads_out_of_the_pipeline_is_no_part(tmp_path: Path) -> None:
    source = pipeline(tmp_path / "p", unet="UNet2DModel")
    outside = tmp_path / "out"
    outside.mkdir()
    (outside / "config.json").write_text('{"_class_name": "AutoencoderKL"}')
    (tmp_path / "p" / "model_index.json").write_text('{"../out": ["diffusers", "AutoencoderKL"]}')
    with pytest.raises(CheckpointError, match="none of its parts"):
        model_folder(source)


def test_plain_safetensors_go_before_variants_and_pickles(tmp_path: Path) -> None:
    folder = holding(tmp_path / "a", PLAIN, "diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.safetensors")
    found = find_weights(folder, LoadOptions(), named=None)
    assert (found.entry.name, found.variant, found.safe, found.size) == (PLAIN, "", True, 1)


def test_the_named_file_is_taken(tmp_path: Path) -> None:
    folder = holding(tmp_path / "a", PLAIN, "diffusion_pytorch_model.fp16.bin")
    found = find_weights(folder, LoadOptions(), named=folder / "diffusion_pytorch_model.fp16.bin")
    assert (found.variant, found.safe) == ("fp16", False)


def test_a_single_variant_is_taken_and_several_are_not(tmp_path: Path) -> None:
    folder = holding(tmp_path / "a", "diffusion_pytorch_model.fp16.safetensors")
    assert find_weights(folder, LoadOptions(), named=None).variant == "fp16"
    holding(folder, "diffusion_pytorch_model.bf16.safetensors")
    with pytest.raises(CheckpointError, match=r"only variants .*bf16.*fp16"):
        find_weights(folder, LoadOptions(), named=None)


def test_averaged_or_raw_weights_as_asked(tmp_path: Path) -> None:
    folder = holding(tmp_path / "a", PLAIN, "diffusion_pytorch_model.non_ema.safetensors")
    assert find_weights(folder, LoadOptions(weights="raw"), named=None).variant == "non_ema"
    assert find_weights(folder, LoadOptions(weights="ema"), named=None).variant == ""
    with pytest.raises(CheckpointError, match="nothing to choose"):
        find_weights(holding(tmp_path / "b", PLAIN), LoadOptions(weights="raw"), named=None)


def test_no_weights_says_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"expected diffusion_pytorch_model\.safetensors .*found README.md"):
        find_weights(holding(tmp_path / "a", "README.md"), LoadOptions(), named=None)


def index(folder: Path, plain: Any) -> Path:
    holding(folder, *SHARDS[:1])
    (folder / f"{PLAIN}.index.json").write_text(json.dumps(plain))
    return folder


def test_the_parts_of_an_index(tmp_path: Path) -> None:
    folder = index(tmp_path / "a", {"weight_map": {"a": SHARDS[0]}})
    assert [file.name for file in find_weights(folder, LoadOptions(), named=None).files] == SHARDS[:1]


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}, "00002-of-00002.safetensors is missing"),
        ({"weight_map": {}}, "expected a field weight_map"),
        ({}, "expected a field weight_map"),
        ({"weight_map": {"a": 3}}, "expected a field weight_map"),
        ({"weight_map": {"a": f"../{SHARDS[0]}"}}, "none of this folder's weights"),
        ({"weight_map": {"a": "config.json"}}, "none of this folder's weights"),
    ],
)
def test_a_broken_index_is_refused(tmp_path: Path, plain: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        find_weights(index(tmp_path / "a", plain), LoadOptions(), named=None)


def test_names_of_weights() -> None:
    assert all(is_weights(Path(name)) for name in (*SHARDS, PLAIN, f"{PLAIN}.index.json"))
    assert not any(is_weights(Path(name)) for name in ("model.safetensors", "pytorch_model.bin", "config.json"))
