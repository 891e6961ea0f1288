"""Public checkpoints with classes restated from their facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import vae_analyze
from loading.code.made import read, written
from loading.code.wild_classes import CLASSES
from vae_analyze.data.resize import Resized
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.load import load
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.vae import VAE, ConditionalVAE

HEALTHY = ("01.pth", "02.pth", "03.pth", "04.pth", "05.pth", "06.pt", "10.pt", "11.pth", "12.pth")
COUNT = 1000


@pytest.fixture(scope="module")
def evidence(shared_data: Path) -> Evidence:
    images = shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    if not images.is_file() or not (shared_data / "wild").is_dir():
        pytest.skip("the public checkpoints are not here")
    data = vae_analyze.open_data(str(images))
    first = data.read(np.arange(COUNT))
    assert first.labels is not None
    return Evidence(
        name="mnist",
        x=torch.from_numpy(first.x),
        value_range=data.value_range,
        labels=torch.from_numpy(first.labels),
        classes=10,
        resize=lambda h, w: torch.from_numpy(Resized(data, (h, w)).read(np.arange(COUNT)).x),
    )


def _facts(shared_data: Path, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads((shared_data / "wild" / "facts.json").read_text(encoding="utf-8"))
    return next(one for one in found if one["file"] == name)


@pytest.mark.parametrize("name", HEALTHY)
def test_reconstructions_are_as_good_as_stated(
    tmp_path: Path, shared_data: Path, evidence: Evidence, name: str
) -> None:
    kind, source = CLASSES[name]
    file = written(tmp_path / "model.py", source)
    loaded = read(shared_data / "wild" / name, f"{file}:{kind}", output="auto", evidence=evidence)
    facts = _facts(shared_data, name)
    assert evidence.labels is not None
    vae = loaded.vae.given(evidence.labels) if isinstance(loaded.vae, ConditionalVAE) else loaded.vae
    assert loaded.card.conditional is facts["needs_label"]
    assert int(np.prod(vae.latent_shape)) == facts["latent_dim"]
    with torch.no_grad():
        error = (vae.decode(vae.encode(evidence.x).mean) - evidence.x).square().mean()
    assert float(error) == pytest.approx(facts["reconstruction_mse_of_the_mean"], abs=2e-4)
    assert not loaded.card.guessed


@pytest.mark.parametrize(("name", "second"), [("02.pth", "standard deviation"), ("05.pth", "log standard deviation")])
def test_the_second_output_is_what_the_facts_say(
    tmp_path: Path, shared_data: Path, evidence: Evidence, name: str, second: str
) -> None:
    kind, source = CLASSES[name]
    file = written(tmp_path / "model.py", source)
    card = read(shared_data / "wild" / name, f"{file}:{kind}", output="auto", evidence=evidence).card
    assert second in next(one.value for one in card.assumptions if one.what == "second output")


def test_a_plain_autoencoder_is_deterministic_and_its_image_size_a_guess(
    tmp_path: Path, shared_data: Path, evidence: Evidence
) -> None:
    kind, source = CLASSES["13.pth"]
    file = written(tmp_path / "model.py", source)
    card = read(shared_data / "wild" / "13.pth", f"{file}:{kind}", output="auto", evidence=evidence).card
    assert card.deterministic
    assert card.guessed


def test_a_partly_discrete_code_is_refused(tmp_path: Path, shared_data: Path, evidence: Evidence) -> None:
    kind, source = CLASSES["15.pt"]
    file = written(tmp_path / "model.py", source)
    given = (("img_size", "(1, 32, 32)"), ("latent_spec", "{'cont': 10, 'disc': [10]}"))
    with pytest.raises(CheckpointError, match=r"disc\.0, probabilities of 10 classes; decode takes") as caught:
        read(shared_data / "wild" / "15.pt", f"{file}:{kind}", output="auto", evidence=evidence, arguments=given)
    # The adapter that is printed, as it is.
    told, _, adapter = caught.value.hint.partition("import torch\n")
    assert "--adapter adapter.py" in told
    written(tmp_path / "adapter.py", "import torch\n" + adapter)
    loaded = load(shared_data / "wild" / "15.pt", adapter=str(tmp_path / "adapter.py"), evidence=evidence)
    x = evidence.at((1, 32, 32))
    assert x is not None
    assert isinstance(loaded.vae, VAE)
    with torch.no_grad():
        posterior = loaded.vae.encode(x)
        error = float((loaded.vae.decode(posterior.mean) - x).square().mean())
    assert error == pytest.approx(_facts(shared_data, "15.pt")["reconstruction_mse_of_the_mean"], abs=2e-4)
    assert bool((posterior.logvar[:, 10:] == -torch.inf).all())
    assert bool(torch.isfinite(posterior.logvar[:, :10]).all())


def test_samples_that_are_no_images(tmp_path: Path, shared_data: Path, evidence: Evidence) -> None:
    kind, source = CLASSES["14.pth"]
    file = written(tmp_path / "model.py", source)
    loaded = read(shared_data / "wild" / "14.pth", f"{file}:{kind}", output="auto")
    assert loaded.vae.input_shape == (144,)
    assert loaded.vae.latent_shape == (120,)
