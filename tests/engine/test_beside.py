"""Another model beside the one under analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from support.datasets import Memory, images
from support.models import Autoencoder, ConditionalVAE
from vae_analyze.api import load
from vae_analyze.data.open import open_data
from vae_analyze.engine.beside import OtherModel, beside
from vae_analyze.engine.session import Session, Settings
from vae_analyze.errors import AnalyzerError, CheckpointError
from vae_analyze.loading.card import Card, Loaded

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


def session(model: Any, data: Any, tmp_path: Path, *, batch_size: int = 2) -> Session:
    settings = Settings(seed=0, device="cpu", dtype="float32", batch_size=batch_size, cache=tmp_path)
    return Session(Loaded(model, card(fingerprint="this")), data, settings)


def card(**words: Any) -> Card:
    facts = {"input_shape": (1, 8, 8), "latent_shape": (3,), "fingerprint": "other"}
    return Card(name="other", architecture="", path="other.pt", **(facts | words))


def test_a_conditional_model_is_given_the_labels_in_chunks_of_the_sessions_size(tmp_path: Path) -> None:
    model, given = ConditionalVAE(), images(5)
    assert given.labels is not None
    x, labels = torch.from_numpy(given.x), torch.from_numpy(given.labels)
    other = OtherModel(Loaded(model, card(conditional=True)), session(Autoencoder(), given, tmp_path))
    codes = other.encode(x, labels).mean
    assert not other.same
    torch.testing.assert_close(codes, model.given(labels).encode(x).mean)
    torch.testing.assert_close(other.decode(codes, labels), model.given(labels).decode(codes))


def test_a_model_that_fails_is_named(tmp_path: Path) -> None:
    class Failing(Autoencoder):
        def decode(self, z: Tensor, /) -> Tensor:
            if len(z) == 1:
                raise RuntimeError("no single codes")
            return z

    other = OtherModel(Loaded(Failing(), card()), session(Autoencoder(), images(4), tmp_path))
    with pytest.raises(AnalyzerError, match=r"other\.pt: decode fails: RuntimeError: no single codes"):
        other.decode(torch.zeros(1, 3), None)
    with pytest.raises(AnalyzerError, match=r"decode fails: expected data of shape"):
        other.decode(torch.zeros(4, 3), None)


def test_the_same_checkpoint_is_known_and_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(CHECKPOINTS / "digits-vae.pt")
    path = str(CHECKPOINTS / "digits-vae.pt")
    data = open_data("digits:test")
    settings = Settings(seed=0, device="cpu", dtype="float32", batch_size=8, cache=tmp_path)
    this = Session(loaded, data, settings)
    assert beside(path, this).same
    assert beside(path, this).doubts == ()
    monkeypatch.setattr("vae_analyze.loading.load.load", lambda *a, **k: pytest.fail("loaded again"))
    assert beside(path, this).card.name == "digits-vae"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.pt", "there is no such file"),
        ("sprites-beta.pt", r"expected a model of samples of shape \(1, 8, 8\), found one of \(1, 64, 64\)"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        beside(str(CHECKPOINTS / name), session(Autoencoder(), images(10), tmp_path))


def test_labels_that_are_needed_and_missing_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conditional = Loaded(ConditionalVAE(), card(conditional=True))
    monkeypatch.setattr("vae_analyze.loading.load.load", lambda *a, **k: conditional)
    monkeypatch.setattr("vae_analyze.loading.load.verified", lambda loaded, evidence: loaded)
    file = tmp_path / "conditional.pt"
    file.touch()
    unlabelled = Memory(images(10).x, value_range=(0, 1))
    with pytest.raises(CheckpointError, match="it needs a label per sample, and memory has none"):
        beside(str(file), session(Autoencoder(), unlabelled, tmp_path))
