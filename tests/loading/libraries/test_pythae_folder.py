from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import vae_analyze
from loading.real_libraries import fake_pythae, written_pythae
from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.errors import CheckpointError
from vae_analyze.loading import load
from vae_analyze.loading.libraries import pythae_nets
from vae_analyze.loading.libraries.pythae_folder import PYTHAE
from vae_analyze.loading.source import Source
from vae_analyze.vae import VAE


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [known for known in load.FORMATS if known is not PYTHAE]
    monkeypatch.setattr(load, "FORMATS", (PYTHAE, *others))


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythae_nets, "needed", fake_pythae)


def images() -> ArrayDataset:
    x = np.random.default_rng(0).random((40, 1, 8, 8), dtype=np.float32)
    return ArrayDataset(x, name="noise", description="noise")


# Without the library.


def test_recognised_and_refused_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(name: str) -> Any:
        raise ModuleNotFoundError(name, name=name.partition(".")[0])

    monkeypatch.setattr(importlib, "import_module", lacking)
    written_pythae(tmp_path / "m")
    assert PYTHAE.recognise(Source.open(tmp_path / "m"))
    with pytest.raises(CheckpointError, match=r"written by pythae \(VAE\), needs the library pythae") as caught:
        load.load(tmp_path / "m")
    assert "vae-analyze[pythae]" in caught.value.hint
    written_pythae(tmp_path / "s", name="SVAEConfig")
    with pytest.raises(CheckpointError, match="hypersphere"):
        load.load(tmp_path / "s")


@pytest.mark.usefixtures("stand_in")
def test_a_folder_becomes_a_model_with_a_card(tmp_path: Path) -> None:
    made = written_pythae(tmp_path / "m")
    loaded = load.load(tmp_path / "m")
    assert isinstance(loaded.vae, VAE)
    x = torch.rand(3, 1, 4, 4)
    posterior, theirs = loaded.vae.encode(x), made.encoder(x)
    assert torch.equal(posterior.mean, theirs["embedding"])
    assert torch.equal(posterior.logvar, theirs["log_covariance"])
    assert torch.equal(loaded.vae.decode(posterior.mean), made.decoder(posterior.mean)["reconstruction"])
    card = loaded.card
    assert (card.format, card.likelihood, card.input_shape, card.latent_shape) == (
        "pythae",
        "bernoulli",
        (1, 4, 4),
        (3,),
    )
    assert (card.guessed, card.deterministic, card.gradients, card.warnings) == (False, False, True, ())
    assert card.details["options"]["latent_dim"] == 3


@pytest.mark.usefixtures("stand_in")
def test_an_autoencoder_and_a_table_of_codes_are_deterministic(tmp_path: Path) -> None:
    written_pythae(tmp_path / "a", name="AEConfig")
    written_pythae(tmp_path / "q", name="VQVAEConfig", num_embeddings=16)
    plain, table = load.load(tmp_path / "a").card, load.load(tmp_path / "q").card
    assert (plain.deterministic, plain.gradients, plain.likelihood) == (True, True, "unknown")
    assert (table.deterministic, table.gradients) == (True, False)
    assert "discrete codes from a table of 16" in table.architecture


@pytest.mark.usefixtures("stand_in")
def test_the_output_of_a_training_says_what_was_taken(tmp_path: Path) -> None:
    written_pythae(tmp_path / "t" / "checkpoint_epoch_3", name="VAMPConfig")
    card = load.load(tmp_path / "t").card
    assert any(assumption.value == "checkpoint_epoch_3" for assumption in card.assumptions)
    assert "did not finish" in card.warnings[0]
    assert "VampPrior" in card.warnings[1]


# With the library.


def library_or_skip() -> Any:
    return pytest.importorskip("pythae.models", reason="the extra pythae is not installed (nox -s libraries)")


def made_by(models: Any, name: str, **config: Any) -> Any:
    torch.manual_seed(0)
    settings = getattr(models, f"{name}Config", None) or getattr(models, f"{name}_Config")
    return getattr(models, name)(settings(input_dim=(1, 8, 8), latent_dim=3, **config)).eval()


GAUSSIANS = ["VAE", "BetaVAE", "BetaTCVAE", "DisentangledBetaVAE", "IWAE", "CIWAE", "MIWAE", "PIWAE", "INFOVAE_MMD"]
GAUSSIANS += ["MSSSIM_VAE", "FactorVAE", "VAEGAN", "Adversarial_AE", "VAMP"]


@pytest.mark.parametrize("name", [*GAUSSIANS, "AE", "RAE_GP", "RAE_L2", "WAE_MMD"])
def test_identical_to_the_library(tmp_path: Path, name: str) -> None:
    made_by(library_or_skip(), name).save(str(tmp_path / "m"))
    direct = library_or_skip().AutoModel.load_from_folder(str(tmp_path / "m")).eval()
    loaded = load.load(tmp_path / "m")
    assert isinstance(loaded.vae, VAE)
    x = torch.rand(4, 1, 8, 8)
    with torch.no_grad():
        posterior, theirs = loaded.vae.encode(x), direct.encoder(x)
        assert torch.equal(posterior.mean, theirs.embedding)
        if name in GAUSSIANS:
            assert torch.equal(posterior.logvar, theirs.log_covariance)
        assert torch.equal(loaded.vae.decode(posterior.mean), direct.decoder(theirs.embedding).reconstruction)
    assert loaded.card.deterministic == (name not in GAUSSIANS)
    assert loaded.card.details.get("executed") is None


@pytest.mark.parametrize("averaged", [False, True])
def test_a_table_of_codes_decodes_as_the_library_reconstructs(tmp_path: Path, averaged: bool) -> None:
    model = made_by(library_or_skip(), "VQVAE", num_embeddings=16, use_ema=averaged)
    model.save(str(tmp_path / "m"))
    vae = load.load(tmp_path / "m").vae
    assert isinstance(vae, VAE)
    x = torch.rand(4, 1, 8, 8)
    with torch.no_grad():
        assert torch.equal(vae.decode(vae.encode(x).mean), model({"data": x}).recon_x)


@pytest.mark.parametrize("name", ["VAE", "BetaVAE", "AE", "VQVAE"])
def test_analysed_with_robustness(tmp_path: Path, name: str) -> None:
    made_by(library_or_skip(), name).save(str(tmp_path / "m"))
    run = vae_analyze.analyze(tmp_path / "m", ["robustness"], data=images(), samples=32, workers=1)
    assert [result.status for result in run.results] == ["ok"]


def custom_networks() -> tuple[Any, Any]:
    from torch import nn

    library = importlib.import_module("pythae.models.nn")
    output = importlib.import_module("pythae.models.base.base_utils").ModelOutput

    class Encoder(library.BaseEncoder):  # type: ignore[misc, name-defined]  # a library without types
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 4, 2, 1)
            self.norm = nn.BatchNorm2d(4)
            self.mean, self.log_var = nn.Linear(64, 3), nn.Linear(64, 3)

        def forward(self, x: Any) -> Any:
            h = self.norm(self.conv(x)).relu().flatten(1)
            return output(embedding=self.mean(h), log_covariance=self.log_var(h))

    class Decoder(library.BaseDecoder):  # type: ignore[misc, name-defined]  # a library without types
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 64)

        def forward(self, z: Any) -> Any:
            return output(reconstruction=self.layer(z).sigmoid().reshape(-1, 1, 8, 8))

    return Encoder(), Decoder()


def test_custom_networks_load_with_trust_alone(tmp_path: Path) -> None:
    models = library_or_skip()
    torch.manual_seed(0)
    encoder, decoder = custom_networks()
    settings = models.VAEConfig(input_dim=(1, 8, 8), latent_dim=3, reconstruction_loss="bce")
    model = models.VAE(settings, encoder=encoder, decoder=decoder)
    with torch.no_grad():
        model.encoder(torch.rand(16, 1, 8, 8))  # statistics of the normalisation that are not those it begins with
    model.eval().save(str(tmp_path / "m"))
    with pytest.raises(CheckpointError, match=r"would execute encoder\.pkl and decoder\.pkl"):
        load.load(tmp_path / "m")
    loaded = load.load(tmp_path / "m", trust=True)
    assert isinstance(loaded.vae, VAE)
    x = torch.rand(4, 1, 8, 8)
    with torch.no_grad():
        theirs = model.encoder(x)
        assert torch.equal(loaded.vae.encode(x).mean, theirs.embedding)
        assert torch.equal(loaded.vae.encode(x).logvar, theirs.log_covariance)
        assert torch.equal(loaded.vae.decode(theirs.embedding), model.decoder(theirs.embedding).reconstruction)
    assert loaded.card.details["executed"] == ["encoder.pkl", "decoder.pkl"]
    run = vae_analyze.analyze(tmp_path / "m", ["robustness"], data=images(), samples=32, workers=1, trust=True)
    assert [result.status for result in run.results] == ["ok"]


def test_a_configuration_with_unknown_options_is_one_message(tmp_path: Path) -> None:
    made_by(library_or_skip(), "VAE").save(str(tmp_path / "m"))
    path = tmp_path / "m" / "model_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"wiring": 3}))
    with pytest.raises(CheckpointError, match=r"does not know these options .*wiring"):
        load.load(tmp_path / "m")
