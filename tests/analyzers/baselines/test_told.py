"""Probes and denoising: scikit-learn beside them, labels that mean nothing, noise of known size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from analyzers.baselines.known import Affine, Floats, Identity, cells, compared, data, stretched
from support.datasets import images
from vae_analyze.stats.folds import stratified
from vae_analyze.vae import DiagonalGaussian


def told(x: Floats, labels: NDArray[np.int64], classifier: Any) -> float:
    which, right = stratified(np.arange(len(x)), labels, 5, seed=0), 0
    for fold in range(5):
        fitted = classifier.fit(x[which != fold], labels[which != fold])
        right += int((fitted.predict(x[which == fold]) == labels[which == fold]).sum())
    return right / len(x)


def test_probes_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 150)
    x = (rng.normal(size=(150, 4)) + labels[:, None] * [1.0, 0.5, 0, 0]).astype(np.float32).astype(np.float64)
    found = compared(Identity(4), data(x, labels))
    linear = told(x, labels, make_pipeline(StandardScaler(), LogisticRegression()))
    nearest = told(x, labels, KNeighborsClassifier(5))
    for by in ("codes", "pixels"):
        assert found.scalar("probe_accuracy", by=by, probe="linear").value == pytest.approx(linear)
        assert found.scalar("probe_accuracy", by=by, probe="neighbours").value == pytest.approx(nearest)
    assert found.scalar("probe_gain", over="pixels", probe="linear").value == 0


def test_random_labels_are_told_no_better_than_by_chance() -> None:
    rng = np.random.default_rng(1)
    found = compared(Identity(5), data(rng.normal(size=(400, 5)), rng.integers(0, 2, 400)))
    for probe in ("linear", "neighbours"):
        share = found.scalar("probe_accuracy", by="codes", probe=probe)
        assert share.low <= 0.5 <= share.high
    precision = found.scalar("precision", by="codes", k=5)
    assert precision.low <= found.scalar("precision", by="chance", k=5).value <= precision.high


def test_codes_without_the_class_lose_to_pixels_that_have_it() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 300)
    x = rng.normal(size=(300, 4)) + 3 * labels[:, None] * [0, 0, 0, 1.0]
    blind = Affine(np.zeros(4), np.eye(4)[:, :2], np.eye(4)[:2])
    found = compared(blind, data(x, labels))
    for probe in ("linear", "neighbours"):
        assert found.scalar("probe_gain", over="pixels", probe=probe).high < -0.2
    assert found.scalar("precision_gain", over="pixels", k=5).high < 0


def test_an_identity_leaves_all_of_the_noise() -> None:
    found = compared(Identity(50), data(np.random.default_rng(3).normal(size=(200, 50))), noise=0.3)
    error = found.scalar("denoising_mse", by="model")
    assert error.low <= 0.09 <= error.high
    assert found.scalar("denoising_mse", by="input").value == pytest.approx(error.value, rel=1e-6)
    assert found.scalar("denoising_gain", over="input").value == pytest.approx(0, abs=1e-8)


def test_a_projection_leaves_its_share_of_the_noise() -> None:
    # Data in 3 of 30 dimensions: whoever projects on these keeps 3 / 30 of the noise.
    x = np.zeros((400, 30))
    x[:, :3] = np.random.default_rng(4).normal(size=(400, 3))
    found = compared(Affine(np.zeros(30), np.eye(30)[:, :3], np.eye(30)[:3]), data(x), noise=0.2)
    for by in ("model", "pca"):
        assert found.scalar("denoising_mse", by=by).value == pytest.approx(0.04 * 3 / 30, rel=0.1)
    assert found.scalar("denoising_gain", over="input").low > 0


def test_noise_is_a_share_of_the_range_and_stays_within_it() -> None:
    middle = np.zeros((300, 20))
    found = compared(Identity(20), data(middle, value_range=(-10.0, 10.0)), noise=0.01)
    assert found.scalar("denoising_mse", by="input").value == pytest.approx(0.04, rel=0.05)
    # At the end of the range half of the noise is cut off.
    found = compared(Identity(20), data(middle, value_range=(0.0, 1.0)), noise=0.01)
    assert found.scalar("denoising_mse", by="input").value == pytest.approx(0.5e-4, rel=0.05)


def test_without_noise_denoising_is_reconstruction() -> None:
    x = stretched(100)
    found = compared(Affine(np.zeros(12), np.eye(12)[:, :2], np.eye(12)[:2]), data(x), noise=0)
    for by in ("model", "pca"):
        assert found.scalar("denoising_mse", by=by).value == pytest.approx(
            found.scalar("reconstruction_mse", by=by).value, rel=1e-5
        )
    assert not any("noisy" in text for text in found.readings)


def test_factors_stand_in_for_labels() -> None:
    given = images(90)
    unlabelled = type(given)(given.x, None, given.factor_values, value_range=(0.0, 1.0))
    found = compared(Pixels(), unlabelled)
    assert set(cells(found, "probes", "target")) == {"factor 'f0'", "factor 'f1'"}
    assert found.scalar("probe_accuracy", by="codes", probe="linear", of="f1").value > 0
    assert found.scalar("recall", by="codes", k=1, of="f0").value > 0
    with pytest.raises(KeyError):
        found.scalar("recall", by="codes", k=1, of="f1")


def test_probes_can_be_left_out() -> None:
    found = compared(Pixels(), images(60), probes=False)
    assert "--no-probes" in found.scalar("probe_accuracy", by="codes", probe="linear").reason
    assert found.scalar("recall", by="codes", k=1).value > 0


@pytest.mark.parametrize("labels", [None, np.zeros(40, dtype=np.int64)])
def test_without_classes_it_says_why_nothing_is_told(labels: NDArray[np.int64] | None) -> None:
    x = np.random.default_rng(5).normal(size=(40, 3))
    found = compared(Identity(3), data(x, labels))
    for scalar in (
        found.scalar("recall", by="codes", k=1),
        found.scalar("probe_accuracy", by="codes", probe="linear"),
    ):
        assert math.isnan(scalar.value)
        assert ("neither labels" if labels is None else "one class") in scalar.reason
    assert "Retrieval and probes say nothing here" in found.readings[-1]


class Pixels(torch.nn.Module):
    """The identity on images, flattened."""

    input_shape = (1, 8, 8)
    latent_shape = (64,)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = x.flatten(1)
        return DiagonalGaussian(mean, torch.full_like(mean, -3.0))

    def decode(self, z: Tensor, /) -> Tensor:
        return z.reshape(-1, 1, 8, 8)


def test_a_probe_that_has_learnt_nothing_is_right_as_often_as_chance() -> None:
    accuracies, usual = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        found = compared(Identity(4), data(rng.normal(size=(60, 4)), np.arange(60) % 2))
        accuracies.append(found.scalar("probe_accuracy", by="codes", probe="linear").value)
        usual.append(found.scalar("probe_accuracy", by="majority").value)
    assert usual == [0.5] * 30
    assert abs(np.mean(accuracies) - 0.5) < 3 * np.std(accuracies) / 30**0.5
