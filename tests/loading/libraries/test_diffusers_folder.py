from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import vae_analyze
from loading.real_libraries import fake_diffusers, written_autoencoder
from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.errors import CheckpointError
from vae_analyze.loading import load
from vae_analyze.loading.files.safetensors_file import packed
from vae_analyze.loading.libraries import diffusers_folder
from vae_analyze.loading.libraries.diffusers_folder import DIFFUSERS
from vae_analyze.loading.source import Source
from vae_analyze.vae import VAE

TWO = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
USUAL = {**TWO, "block_out_channels": (8, 16), "norm_num_groups": 4, "sample_size": 16}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [known for known in load.FORMATS if known is not DIFFUSERS]
    monkeypatch.setattr(load, "FORMATS", (DIFFUSERS, *others))


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_folder, "needed", lambda *_, **__: fake_diffusers())


def images(channels: int, side: int = 16, n: int = 40) -> ArrayDataset:
    """Smooth coloured blobs."""
    rng = np.random.default_rng(0)
    grid = np.linspace(-1, 1, side)
    centre, colour = rng.uniform(-0.6, 0.6, (n, 2)), rng.uniform(0.2, 1, (n, channels, 1, 1))
    squared = (grid[None, :, None] - centre[:, :1, None]) ** 2 + (grid[None, None] - centre[:, 1:, None]) ** 2
    x = (colour * np.exp(-4 * squared)[:, None]).astype(np.float32)
    return ArrayDataset(x, name=f"blobs{channels}", description="blobs")


# Without the library.


def test_folders_and_files_are_recognised_without_the_library(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "model_index.json").write_text("{}")
    paths = [tmp_path / "m", tmp_path / "m" / "diffusion_pytorch_model.safetensors", tmp_path / "w", tmp_path / "p"]
    assert all(DIFFUSERS.recognise(Source.open(path)) for path in paths)
    assert not DIFFUSERS.recognise(Source.open(tmp_path))
    assert not DIFFUSERS.recognise(Source.open(tmp_path / "m" / "config.json"))


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(name: str) -> Any:
        raise ModuleNotFoundError(name, name=name)

    written_autoencoder(tmp_path / "m")
    monkeypatch.setattr(importlib, "import_module", lacking)
    with pytest.raises(
        CheckpointError, match=r"written by diffusers \(AutoencoderKL\), needs the library diffusers"
    ) as caught:
        load.load(tmp_path / "m")
    assert "vae-analyze[diffusers]" in caught.value.hint


def test_what_is_not_read_is_refused_without_the_library(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m", _class_name="ConsistencyDecoderVAE")
    with pytest.raises(CheckpointError, match="draws random numbers"):
        load.load(tmp_path / "m")
    (tmp_path / "m" / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"no such file: .*config\.json"):
        load.load(tmp_path / "m")


@pytest.mark.usefixtures("stand_in")
def test_a_folder_becomes_a_model_with_a_card(tmp_path: Path) -> None:
    made = written_autoencoder(tmp_path / "m", scaling_factor=0.5)
    loaded = load.load(tmp_path / "m")
    assert isinstance(loaded.vae, VAE)
    x, z = torch.rand(3, 1, 8, 8), torch.randn(3, 2, 4, 4)
    posterior = loaded.vae.encode(x)
    assert torch.equal(torch.cat([posterior.mean, posterior.logvar], dim=1), made.down(2 * x - 1))
    assert torch.equal(loaded.vae.decode(z), (made.decode(z)[0] + 1) / 2)
    card = loaded.card
    assert (card.format, card.input_shape, card.latent_shape) == ("diffusers", (1, 8, 8), (2, 4, 4))
    assert (card.guessed, card.deterministic, card.gradients, card.warnings) == (False, False, True, ())
    assert card.details["scaling_factor"] == 0.5
    assert any(assumption.value == "-1 to 1" for assumption in card.assumptions)
    defaults = [assumption.value for assumption in card.assumptions if assumption.what == "options not stated"]
    assert defaults == ["block_out_channels, in_channels"]


@pytest.mark.usefixtures("stand_in")
def test_pipeline_folder_and_file_are_the_same_model(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "p" / "vae")
    (tmp_path / "p" / "model_index.json").write_text('{"_class_name": "P", "vae": ["diffusers", "AutoencoderKL"]}')
    ways = [tmp_path / "p", tmp_path / "p" / "vae", tmp_path / "p" / "vae" / "diffusion_pytorch_model.safetensors"]
    cards = [load.load(path).card for path in ways]
    assert len({card.fingerprint for card in cards}) == 1
    assert [card.name for card in cards] == ["p", "vae", "vae"]


@pytest.mark.usefixtures("stand_in")
def test_a_variant_and_another_size_are_other_models_and_said(tmp_path: Path) -> None:
    written_autoencoder(tmp_path / "m", weights="diffusion_pytorch_model.fp16.safetensors")
    plain = load.load(tmp_path / "m").card
    assert any(assumption.value == "variant fp16" for assumption in plain.assumptions)
    larger = vae_analyze.load(tmp_path / "m", data=images(1)).card
    assert larger.input_shape == (1, 16, 16)
    assert larger.fingerprint != plain.fingerprint


# With the library.


def made_by(library: Any, name: str) -> Any:
    torch.manual_seed(0)
    makers: dict[str, Callable[[], Any]] = {
        "AutoencoderKL": lambda: library.AutoencoderKL(**USUAL, latent_channels=4, shift_factor=0.1),
        "grey AutoencoderKL": lambda: library.AutoencoderKL(**USUAL, in_channels=1, out_channels=1),
        "AsymmetricAutoencoderKL": lambda: library.AsymmetricAutoencoderKL(
            **TWO,
            down_block_out_channels=(8, 16),
            up_block_out_channels=(8, 16),
            norm_num_groups=4,
            sample_size=16,
        ),
        "AutoencoderTiny": lambda: library.AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
        ),
        "AutoencoderDC": lambda: library.AutoencoderDC(
            latent_channels=4,
            attention_head_dim=4,
            encoder_block_out_channels=(8, 16),
            decoder_block_out_channels=(8, 16),
            encoder_layers_per_block=(1, 1),
            decoder_layers_per_block=(1, 1),
            encoder_qkv_multiscales=((), (5,)),
            decoder_qkv_multiscales=((), (5,)),
            encoder_block_types=("ResBlock", "EfficientViTBlock"),
            decoder_block_types=("ResBlock", "EfficientViTBlock"),
        ),
        "VQModel": lambda: library.VQModel(**USUAL, num_vq_embeddings=16),
        "AutoencoderKLFlux2": lambda: library.AutoencoderKLFlux2(**USUAL, latent_channels=4),
        "AutoencoderKLHunyuanImage": lambda: library.AutoencoderKLHunyuanImage(
            in_channels=3,
            out_channels=3,
            latent_channels=4,
            block_out_channels=(32, 32),
            layers_per_block=1,
            spatial_compression_ratio=2,
            sample_size=16,
        ),
    }
    if not hasattr(library, name.rpartition(" ")[2]):
        pytest.skip(f"the installed diffusers has no {name}")
    return makers[name]().eval()


def library_or_skip() -> Any:
    return pytest.importorskip("diffusers", reason="the extra diffusers is not installed (nox -s libraries)")


def codes_of(model: Any, x: Tensor) -> list[Tensor]:
    found = model.encode(2 * x - 1)
    if hasattr(found, "latent_dist"):
        return [found.latent_dist.mean, found.latent_dist.logvar]
    return [found[0]]


NAMES = [
    "AutoencoderKL",
    "grey AutoencoderKL",
    "AsymmetricAutoencoderKL",
    "AutoencoderTiny",
    "AutoencoderDC",
    "VQModel",
    "AutoencoderKLFlux2",
    "AutoencoderKLHunyuanImage",
]


@pytest.mark.parametrize("name", NAMES)
def test_identical_to_the_library(tmp_path: Path, name: str) -> None:
    made_by(library_or_skip(), name).save_pretrained(tmp_path / "m")
    direct = getattr(library_or_skip(), name.rpartition(" ")[2]).from_pretrained(tmp_path / "m").eval()
    loaded = load.load(tmp_path / "m")
    assert isinstance(loaded.vae, VAE)
    x = torch.rand(4, *loaded.card.input_shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        posterior, theirs = loaded.vae.encode(x), codes_of(direct, x)
        assert torch.equal(posterior.mean, theirs[0])
        assert torch.equal(posterior.logvar, theirs[1]) if len(theirs) > 1 else loaded.card.deterministic
        assert torch.equal(loaded.vae.decode(theirs[0]), (direct.decode(theirs[0]).sample + 1) / 2)
    assert loaded.card.warnings == ()
    assert loaded.card.gradients == (name != "VQModel")
    assert ("discrete codes" in loaded.card.architecture) == (name == "VQModel")


@pytest.mark.parametrize("name", NAMES[:6])
def test_analysed_with_robustness(tmp_path: Path, name: str) -> None:
    made_by(library_or_skip(), name).save_pretrained(tmp_path / "m")
    channels = 1 if name.startswith("grey") else 3
    run = vae_analyze.analyze(tmp_path / "m", ["robustness"], data=images(channels), samples=32, workers=1)
    assert [result.status for result in run.results] == ["ok"]


def test_pickled_weights_and_half_precision_load(tmp_path: Path) -> None:
    made = made_by(library_or_skip(), "AutoencoderKL")
    made.save_pretrained(tmp_path / "bin", safe_serialization=False)
    assert (tmp_path / "bin" / "diffusion_pytorch_model.bin").is_file()
    x = torch.rand(2, 3, 16, 16)
    found = load.load(tmp_path / "bin").vae
    assert isinstance(found, VAE)
    with torch.no_grad():
        assert torch.equal(found.encode(x).mean, codes_of(made, x)[0])
    made.half().save_pretrained(tmp_path / "half", variant="fp16")
    half = load.load(tmp_path / "half").vae
    assert isinstance(half, VAE)
    with torch.no_grad():
        assert torch.equal(half.encode(x).mean, codes_of(made.float(), x)[0])


def test_several_files_load_and_a_missing_one_is_named(tmp_path: Path) -> None:
    made = made_by(library_or_skip(), "AutoencoderKL")
    made.save_pretrained(tmp_path / "m", max_shard_size="20KB")
    shards = sorted((tmp_path / "m").glob("*-of-*"))
    assert len(shards) > 1
    found = load.load(tmp_path / "m").vae
    assert isinstance(found, VAE)
    x = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(found.encode(x).mean, codes_of(made, x)[0])
    shards[0].unlink()
    with pytest.raises(CheckpointError, match=f"{shards[0].name} is missing"):
        load.load(tmp_path / "m")


def test_attention_weights_under_their_old_names_load(tmp_path: Path) -> None:
    made = made_by(library_or_skip(), "AutoencoderKL")
    made.save_pretrained(tmp_path / "m")
    renamed = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = dict(made.state_dict())
    for new, old in renamed.items():
        state = {name.replace(f".{new}.", f".{old}."): value for name, value in state.items()}
    assert "encoder.mid_block.attentions.0.query.weight" in state
    (tmp_path / "m" / "diffusion_pytorch_model.safetensors").write_bytes(packed(state, {"format": "pt"}))
    found = load.load(tmp_path / "m").vae
    assert isinstance(found, VAE)
    x = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(found.encode(x).mean, codes_of(made, x)[0])


def test_weights_of_another_configuration_are_refused(tmp_path: Path) -> None:
    library = library_or_skip()
    made_by(library, "AutoencoderKL").save_pretrained(tmp_path / "m")
    library.AutoencoderKL(**USUAL, latent_channels=8).save_pretrained(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "config.json", tmp_path / "m" / "config.json")
    with pytest.raises(CheckpointError, match=r"cannot load it|do not fit"):
        load.load(tmp_path / "m")
    library.AutoencoderKL(**USUAL, latent_channels=4, use_quant_conv=False).save_pretrained(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "config.json", tmp_path / "m" / "config.json")
    with pytest.raises(CheckpointError, match=r"unexpected: quant_conv\.bias, quant_conv\.weight"):
        load.load(tmp_path / "m")
