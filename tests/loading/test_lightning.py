"""Checkpoints written by Lightning itself where it is installed, and files of the same layout elsewhere."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from loading.small_vaes import LATENTS, evidence, trained
from support.zoo.images import small
from vae_analyze.loading.load import load
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild import REBUILD
from vae_analyze.loading.source import Source
from vae_analyze.loading.unwrapping.unwrap import chosen, unwrap

CODE = """
import lightning as L
import torch
from torch import nn
from torch.nn import functional as F


class LitVAE(L.LightningModule):
    def __init__(self, input_dim: int, hidden: int, latent_dim: int, beta: float = 1.0, lr: float = 3e-3):
        super().__init__()
        self.save_hyperparameters()
        self.body = nn.Sequential(nn.Linear(input_dim, hidden), nn.ReLU())
        self.mu, self.logvar = nn.Linear(hidden, latent_dim), nn.Linear(hidden, latent_dim)
        self.decoder = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, input_dim))

    def encode(self, x):
        h = self.body(x.view(x.size(0), -1))
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        return torch.sigmoid(self.decoder(z))

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.decode(z), mu, logvar

    def training_step(self, batch, index):
        recon, mu, logvar = self(batch)
        lost = F.binary_cross_entropy(recon, batch.flatten(1), reduction="sum")
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        loss = (lost + self.hparams.beta * kl) / len(batch)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


if __name__ == "__main__":
    raise SystemExit("training again")
open("ran", "w").close()
"""
ARGUMENTS = {"input_dim": 64, "hidden": 48, "latent_dim": LATENTS, "beta": 0.5, "lr": 0.003}
EPOCHS = 4


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the class; running all of it would leave a file behind."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "lit_vae.py"
    path.write_text(CODE)
    return path


def imitated(code: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A file laid out as Lightning 2 does, around a network trained otherwise."""
    weights = dict(trained().state_dict())
    path = code.with_name("last.ckpt")
    plain = {
        "epoch": EPOCHS,
        "global_step": 92,
        "pytorch-lightning_version": "2.6.0",
        "state_dict": weights,
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(1.0)}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(48, 64)}}, "param_groups": [{"params": [0]}]}],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": ARGUMENTS,
    }
    torch.save(plain, path)
    return path, weights


def written_by_lightning(code: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A few epochs by the real Trainer, which saves the file."""
    lightning: Any = pytest.importorskip(
        "lightning", reason="the library lightning is not installed (nox -s libraries)"
    )
    classes: dict[str, Any] = {"__name__": "lit_vae"}
    exec(CODE.split("if __name__")[0], classes)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=()):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        model = classes["LitVAE"](**ARGUMENTS)
        batches: Any = DataLoader(small(8).train, batch_size=64, shuffle=True)  # type: ignore[arg-type]  # indexable
        words: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
        saves = lightning.pytorch.callbacks.ModelCheckpoint(dirpath=code.parent / "checkpoints", save_last=True)
        trainer = lightning.Trainer(max_epochs=25, accelerator="cpu", callbacks=[saves], **words)
        trainer.fit(model, batches)
    return code.parent / "checkpoints" / "last.ckpt", dict(model.state_dict())


WRITERS = pytest.mark.parametrize("write", [imitated, written_by_lightning], ids=["layout", "real"])


@WRITERS
def test_everything_is_read_without_the_library(code: Path, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path, weights = write(code)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lightning", "pytorch_lightning")]:
        monkeypatch.setitem(sys.modules, name, None)
    content = unwrap(Source.open(path).content, LoadOptions())
    state = chosen(content, LoadOptions())
    assert set(state.tensors) == set(weights)
    assert all(torch.equal(state.tensors[name], weights[name]) for name in weights)
    assert content.stated.items() >= ARGUMENTS.items()
    assert content.stated["global_step"] >= 92
    assert not (code.parent / "ran").exists()


@WRITERS
@pytest.mark.parametrize("importable", [True, False], ids=["importable", "missing"])
def test_the_class_by_name_gives_identical_codes(
    code: Path, write: Any, importable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, weights = write(code)
    if importable and importlib.util.find_spec("lightning") is None:
        pytest.skip("the library lightning is not installed (nox -s libraries)")
    if not importable:
        for name in {"lightning", *(name for name in sys.modules if name.partition(".")[0] == "lightning")}:
            monkeypatch.setitem(sys.modules, name, None)
    loaded = load(path, model=f"{code}:LitVAE", evidence=evidence(), second="logvar")
    same_codes(loaded.vae, weights)
    assert loaded.card.latent_shape == (LATENTS,)
    assert loaded.card.input_shape == (1, 8, 8)
    assert not (code.parent / "ran").exists()


@WRITERS
def test_the_path_alone_gives_identical_codes(code: Path, write: Any) -> None:
    path, weights = write(code)
    options = LoadOptions(evidence=evidence(), second="logvar", accept_guess=True)
    same_codes(REBUILD.read(Source.open(path), options).vae, weights)


def same_codes(vae: Any, weights: dict[str, torch.Tensor]) -> None:
    x = evidence().x[:5]
    h = torch.relu(x.flatten(1) @ weights["body.0.weight"].T + weights["body.0.bias"])
    mean = h @ weights["mu.weight"].T + weights["mu.bias"]
    torch.testing.assert_close(vae.encode(x).mean, mean, rtol=1e-5, atol=1e-5)
    logvar = h @ weights["logvar.weight"].T + weights["logvar.bias"]
    torch.testing.assert_close(vae.encode(x).logvar, logvar, rtol=1e-5, atol=1e-5)
    h = torch.relu(mean @ weights["decoder.0.weight"].T + weights["decoder.0.bias"])
    x_hat = torch.sigmoid(h @ weights["decoder.2.weight"].T + weights["decoder.2.bias"]).view(-1, 1, 8, 8)
    torch.testing.assert_close(vae.decode(mean), x_hat, rtol=1e-5, atol=1e-5)
