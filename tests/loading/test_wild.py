"""Checkpoints of public repositories, from the path alone with MNIST's test images as evidence."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from support.wild import CONDITIONAL, HEALTHY, JOINT
from vae_analyze.data.open import open_data
from vae_analyze.data.resize import Resized
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Card, Loaded
from vae_analyze.loading.load import load, verified
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.vae import VAE

N = 1000  # images whose error is stated


@pytest.fixture(scope="module")
def wild(shared_data: Path) -> Path:
    folder = shared_data / "wild"
    if not folder.is_dir():
        pytest.skip("the checkpoints of public repositories are not here")
    return folder


@pytest.fixture(scope="module")
def facts(wild: Path) -> dict[str, dict[str, Any]]:
    return {fact["file"]: fact for fact in json.loads((wild / "facts.json").read_text())}


@pytest.fixture(scope="module")
def evidence(shared_data: Path) -> Evidence:
    images = shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    if not images.is_file():
        pytest.skip("MNIST's test images are not here")
    data = open_data(str(images))
    found = data.read(np.arange(N))
    assert found.labels is not None

    def resize(height: int, width: int) -> Tensor:
        return torch.from_numpy(np.array(Resized(data, (height, width)).read(np.arange(N)).x))

    return Evidence(
        name="mnist",
        x=torch.from_numpy(np.array(found.x)),
        value_range=data.value_range,
        labels=torch.from_numpy(np.array(found.labels)),
        classes=10,
        resize=resize,
    )


@pytest.fixture(autouse=True)
def nothing_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary unpickler, a command or an import for the file's sake fails the test."""
    import importlib
    import os
    import pickle
    import subprocess

    def fail(*args: object, **words: object) -> None:
        raise AssertionError("the file was executed")

    for owner, name in ((pickle, "load"), (pickle, "loads"), (os, "system"), (subprocess, "Popen")):
        monkeypatch.setattr(owner, name, fail)
    before = importlib.import_module

    def only_ours(name: str, package: str | None = None) -> object:
        assert not name.startswith(("__main__", "pytorch_lightning", "lightning")), f"{name} was imported for the file"
        return before(name, package)

    monkeypatch.setattr(importlib, "import_module", only_ours)


def _error(vae: VAE, x: Tensor) -> float:
    with torch.no_grad():
        decoded = vae.decode(vae.encode(x.reshape(len(x), *vae.input_shape)).mean)
    return float((decoded.reshape(x.shape) - x).square().mean())


def _free(loaded: Loaded) -> VAE:
    assert not loaded.card.conditional
    assert isinstance(loaded.vae, VAE)
    return loaded.vae


def _assert_reads(vae: VAE, mean: Tensor, reconstruction: Tensor, x: Tensor) -> None:
    with torch.no_grad():
        found = vae.encode(x.reshape(len(x), *vae.input_shape)).mean
        decoded = vae.decode(found)
    scale = float(mean.abs().max())
    torch.testing.assert_close(found.flatten(1), mean, atol=1e-4 * scale, rtol=0)
    torch.testing.assert_close(decoded.flatten(1), reconstruction.flatten(1), atol=1e-4, rtol=0)


def _said(card: Card) -> str:
    checks = [f"{check.what}: {check.value}" for check in card.checks if check.outcome == "failed"]
    return " ".join((*card.warnings, *checks)).lower()


@pytest.mark.parametrize("file", HEALTHY)
def test_a_healthy_file_loads_from_its_path_alone(
    file: str, wild: Path, facts: dict[str, dict[str, Any]], evidence: Evidence
) -> None:
    loaded = load(wild / file, evidence=evidence)
    vae = _free(loaded)
    expected = HEALTHY[file](wild / file, evidence.x, torch.zeros(0))
    assert _error(vae, evidence.x) == pytest.approx(facts[file]["reconstruction_mse_of_the_mean"], abs=0.002)
    _assert_reads(vae, expected.mean, expected.reconstruction, evidence.x)


def test_raw_standard_deviations_are_recognised(wild: Path, evidence: Evidence) -> None:
    card = load(wild / "02.pth", evidence=evidence).card
    assert any(found.value.startswith(("std", "standard deviation")) for found in card.assumptions), card.assumptions


@pytest.mark.parametrize("file", CONDITIONAL)
def test_a_conditional_file_loads_with_labels(
    file: str, wild: Path, facts: dict[str, dict[str, Any]], evidence: Evidence
) -> None:
    loaded = load(wild / file, evidence=evidence)
    assert evidence.labels is not None
    assert loaded.card.conditional
    assert not isinstance(loaded.vae, VAE)
    vae = loaded.vae.given(evidence.labels)
    expected = CONDITIONAL[file](wild / file, evidence.x, evidence.labels)
    assert _error(vae, evidence.x) == pytest.approx(facts[file]["reconstruction_mse_of_the_mean"], abs=0.002)
    _assert_reads(vae, expected.mean, expected.reconstruction, evidence.x)


@pytest.mark.parametrize(("file", "word"), [("07.ckpt", "train"), ("08.pth", "collapse"), ("09.pth", "collapse")])
def test_what_ails_a_file_is_said(file: str, word: str, wild: Path, evidence: Evidence) -> None:
    try:
        loaded = verified(load(wild / file, evidence=evidence), evidence)
    except CheckpointError as error:
        assert word in str(error).lower()  # noqa: PT017  # either outcome must name what ails it
        return
    assert word in _said(loaded.card)


def test_a_plain_autoencoder_loads_as_one(wild: Path, evidence: Evidence) -> None:
    loaded = verified(load(wild / "13.pth", evidence=evidence), evidence)
    assert loaded.card.deterministic
    assert "autoencoder" in _said(loaded.card)
    # Such a network takes any size: it was trained on 32x32, which nothing in its weights tells.
    assert any(known.what == "image size" and known.guess for known in loaded.card.assumptions)
    x = evidence.at(loaded.card.input_shape)
    assert x is not None
    # The stated error is of data in [-1, 1].
    assert 4 * _error(_free(loaded), x) == pytest.approx(0.0047, abs=0.002)


def test_a_file_of_other_data_is_refused_without_them(wild: Path) -> None:
    with pytest.raises(CheckpointError, match="--data"):
        load(wild / "14.pth")


def test_a_file_of_other_data_loads_where_guesses_are_accepted(wild: Path) -> None:
    loaded = load(wild / "14.pth", accept_guess=True)
    assert loaded.card.guessed
    assert math.prod(loaded.vae.input_shape) == 144
    assert loaded.vae.latent_shape == (120,)


def test_a_categorical_head_is_read_or_named(wild: Path, facts: dict[str, dict[str, Any]], evidence: Evidence) -> None:
    try:
        loaded = load(wild / "15.pt", evidence=evidence)
    except CheckpointError as error:
        assert "categorical" in str(error).lower() or "alphas" in str(error)  # noqa: PT017  # see above
        return
    assert evidence.resize is not None
    x = evidence.resize(32, 32)
    expected = JOINT["15.pt"](wild / "15.pt", x, torch.zeros(0))
    assert _error(_free(loaded), x) == pytest.approx(facts["15.pt"]["reconstruction_mse_of_the_mean"], abs=0.002)
    _assert_reads(_free(loaded), expected.mean, expected.reconstruction, x)


@pytest.mark.parametrize("file", ["06.pt", "07.ckpt"])
def test_files_that_name_code_run_none_of_it(file: str, wild: Path, evidence: Evidence) -> None:
    try:
        card = load(wild / file, evidence=evidence).card
    except CheckpointError:
        return  # `nothing_executed` watched
    assert card.parameters > 0
