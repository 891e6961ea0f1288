from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.load import load
from vae_analyze.vae import VAE


@pytest.fixture(scope="session")
def frames(shared_data: Path) -> Tensor:
    """The 100 real frames, 64x64: a 10 x 10 grid of 66-pixel pitch with a 2-pixel border."""
    from PIL import Image

    sheet = np.asarray(Image.open(shared_data / "dsprites-samples.png").convert("L"), dtype=np.float32) / 255
    starts = [2 + 66 * at for at in range(10)]
    cut = np.stack([sheet[top : top + 64, left : left + 64] for top in starts for left in starts])
    return torch.from_numpy(cut[:, None].copy())


def bce_per_image(vae: VAE, x: Tensor) -> float:
    with torch.inference_mode():
        x_hat = vae.decode(vae.encode(x).mean)
        return float(torch.nn.functional.binary_cross_entropy(x_hat, x, reduction="sum")) / len(x)


@pytest.mark.parametrize(("name", "bce", "within"), [("VAE_dsprites", 12.4, 0.5), ("btcvae_dsprites", 33.2, 1.7)])
def test_real_checkpoints_reconstruct_real_frames_as_known(
    shared_data: Path, frames: Tensor, name: str, bce: float, within: float
) -> None:
    loaded = load(shared_data / "checkpoints" / name)
    assert isinstance(loaded.vae, VAE)
    assert bce_per_image(loaded.vae, frames) == pytest.approx(bce, abs=within)
    assert loaded.card.name == name
    assert loaded.card.warnings == ()
    assert any("even rows mean" in assumption.value for assumption in loaded.card.assumptions)


@pytest.mark.parametrize("name", ["VAE_mnist", "btcvae_mnist"])
def test_smaller_images_have_three_convolutions(shared_data: Path, name: str) -> None:
    card = load(shared_data / "checkpoints" / name).card
    assert card.input_shape == (1, 32, 32)
    assert "3 x 32 channels" in card.architecture
    assert card.likelihood == "bernoulli"


def test_the_file_and_its_folder_are_the_same_model(shared_data: Path) -> None:
    folder = shared_data / "checkpoints" / "VAE_mnist"
    assert load(folder).card.fingerprint == load(folder / "model.pt").card.fingerprint


SPECS = {"model_type": "Burgess", "img_size": [1, 32, 32], "latent_dim": 2, "name": "made"}
SPECS |= {"rec_dist": "bernoulli", "dataset": "x", "loss": "betaH", "betaH_B": 4}
_LAYERS = {
    "encoder.conv1": (4, 1, 4, 4),
    "encoder.conv2": (4, 4, 4, 4),
    "encoder.conv3": (4, 4, 4, 4),
    "encoder.lin1": (6, 64),
    "encoder.lin2": (6, 6),
    "encoder.mu_logvar_gen": (4, 6),
    "decoder.lin1": (6, 2),
    "decoder.lin2": (6, 6),
    "decoder.lin3": (64, 6),
    "decoder.convT1": (4, 4, 4, 4),
    "decoder.convT2": (4, 4, 4, 4),
    "decoder.convT3": (4, 1, 4, 4),
}


def state() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    made: dict[str, Tensor] = {}
    for name, shape in _LAYERS.items():
        outputs = shape[1] if "convT" in name else shape[0]
        made[f"{name}.weight"] = torch.randn(shape, generator=generator) / 3
        made[f"{name}.bias"] = torch.randn(outputs, generator=generator) / 3
    return made


def folder(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None] | None = None) -> Path:
    specs, weights = dict(SPECS), state()
    if change is not None:
        change(specs, weights)
    path.mkdir(exist_ok=True)
    (path / "specs.json").write_text(json.dumps(specs))
    torch.save(weights, path / "model.pt", _use_new_zipfile_serialization=False)
    return path


def test_a_made_up_folder_loads_and_matches_the_layers_by_hand(tmp_path: Path) -> None:
    loaded = load(folder(tmp_path / "made"))
    assert isinstance(loaded.vae, VAE)
    weights, x = state(), torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    hidden = x
    for name in ("conv1", "conv2", "conv3"):
        kernel, bias = weights[f"encoder.{name}.weight"], weights[f"encoder.{name}.bias"]
        hidden = torch.nn.functional.conv2d(hidden, kernel, bias, stride=2, padding=1).relu()
    hidden = hidden.reshape(2, -1)
    for name in ("lin1", "lin2"):
        hidden = (hidden @ weights[f"encoder.{name}.weight"].T + weights[f"encoder.{name}.bias"]).relu()
    head = hidden @ weights["encoder.mu_logvar_gen.weight"].T + weights["encoder.mu_logvar_gen.bias"]
    posterior = loaded.vae.encode(x)
    assert torch.allclose(posterior.mean, head[:, 0::2], atol=1e-5)
    assert torch.allclose(posterior.logvar, head[:, 1::2], atol=1e-5)
    assert loaded.card.details["betaH_B"] == 4


def refused(path: Path, match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        load(path)


def test_renamed_weights_are_named(tmp_path: Path) -> None:
    def rename(specs: dict[str, Any], weights: dict[str, Any]) -> None:
        weights["down.2.weight"] = weights.pop("encoder.conv2.weight")

    refused(folder(tmp_path / "a", rename), r"missing: down\.2\.weight .*unexpected: \(theirs\) down\.2\.weight")


def test_another_latent_size_than_the_weights_have_is_refused(tmp_path: Path) -> None:
    refused(
        folder(tmp_path / "a", lambda specs, weights: specs.update(latent_dim=3)),
        r"of another shape: head\.weight \(expected \(6, 6\), found \(4, 6\)\)",
    )


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    refused(folder(tmp_path / "a", lambda specs, weights: weights.pop("encoder.conv1.weight")), "it is not")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"model_type": "Other"}, "field 'model_type'"),
        ({"img_size": [1, 28, 28]}, "32x32 or 64x64"),
        ({"latent_dim": "ten"}, "field 'latent_dim'"),
        ({"rec_dist": "cauchy"}, "field 'rec_dist'"),
    ],
)
def test_specs_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any], match: str) -> None:
    refused(folder(tmp_path / "a", lambda specs, weights: specs.update(change)), match)


@pytest.mark.parametrize("text", ["", "{", '{"model_type": NaN}', "[1]", "[" * 100_000])
def test_specs_that_are_no_json_are_refused(tmp_path: Path, text: str) -> None:
    path = folder(tmp_path / "a")
    (path / "specs.json").write_text(text)
    refused(path, "JSON describing the model|expected named fields")


def test_specs_of_an_absurd_size_are_not_read(tmp_path: Path) -> None:
    path = folder(tmp_path / "a")
    (path / "specs.json").write_text(" " * (2 << 20))
    refused(path, "small JSON file")


def test_without_the_specs_only_data_can_tell_how_the_head_is_to_be_read(tmp_path: Path) -> None:
    path = folder(tmp_path / "a")
    shutil.move(path / "specs.json", tmp_path / "elsewhere.json")
    refused(path / "model.pt", r"names and shapes leave open what only data can decide[\s\S]*--data")
