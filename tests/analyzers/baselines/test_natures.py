"""Every nature of model and data, few samples, faults, and laws of the numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from analyzers.baselines.known import Affine, Identity, cells, compared, data, stretched
from support.datasets import Memory, images, vectors
from support.models import Autoencoder, ConditionalVAE, LinearVAE, NumpyVAE, SpatialVAE
from vae_analyze.analyzers.baselines.question import Baselines
from vae_analyze.api import analyze
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"
FEW: dict[str, Any] = {"probes": False}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (SpatialVAE(), images(60)),
        (ConditionalVAE(), images(60)),
        (Autoencoder(), images(60)),
        (NumpyVAE(), vectors(60, 6)),
        (LinearVAE.random(8, 1), vectors(60, 8)),
        (LinearVAE.random(40, 300), vectors(60, 40)),
    ],
    ids=["spatial", "conditional", "deterministic", "without gradients", "one dimension", "hundreds of dimensions"],
)
def test_every_nature_is_served(model: Any, given: Memory) -> None:
    found = compared(model, given)
    assert found.scalar("reconstruction_mse", by="model").value > 0
    assert found.scalar("reconstruction_mse", by="pca").value >= 0
    assert all(scalar.reason for scalar in found.scalars if math.isnan(scalar.value))
    for figure in found.figures:
        assert any(character.isdigit() for character in figure.alt), figure.name
        assert "nan" not in figure.alt
    assert found.readings[0].startswith("Against PCA")
    assert not any("nan" in text for text in (*found.readings, *found.warnings))


def test_a_model_without_gradients_has_a_jacobian_by_differences() -> None:
    model = NumpyVAE()
    found = compared(model, vectors(200, 6), **FEW)
    # At zero tanh has slope one: the Jacobian is the matrix itself.
    from scipy.linalg import subspace_angles
    from sklearn.decomposition import PCA

    x = vectors(200, 6).x.astype(np.float64)
    angles = subspace_angles(model.w.T.astype(np.float64), PCA(2).fit(x).components_.T)
    assert found.scalar("subspace_cosine2", of="jacobian").value == pytest.approx(
        np.square(np.cos(angles)).mean(), abs=1e-3
    )
    assert any("by central differences" in said for said in found.warnings)


def test_a_model_with_gradients_has_an_exact_one() -> None:
    found = compared(SpatialVAE(), images(60), **FEW)
    assert not any("by central differences" in said for said in found.warnings)


def test_too_many_dimensions_have_no_jacobian_and_say_so() -> None:
    found = compared(LinearVAE.random(40, 300), vectors(60, 40), **FEW)
    assert "300 latent dimensions are too many" in found.scalar("subspace_cosine2", of="jacobian").reason
    assert found.scalar("subspace_cosine2", of="reconstructions").value > 0


def test_dead_dimensions_are_not_counted_as_directions() -> None:
    x = stretched(300)
    w = np.concatenate((np.eye(12)[:, :2], np.zeros((12, 3))), axis=1)
    v = np.concatenate((np.eye(12)[:2], np.random.default_rng(0).normal(size=(3, 12))))
    found = compared(Affine(np.zeros(12), w, v), data(x), **FEW)
    assert found.scalar("subspace_cosine2", of="random").value == pytest.approx(2 / 12)
    alone = compared(Affine(np.zeros(12), np.eye(12)[:, :2], np.eye(12)[:2]), data(x), **FEW)
    assert found.scalar("subspace_cosine2", of="jacobian").value == pytest.approx(
        alone.scalar("subspace_cosine2", of="jacobian").value
    )
    by_active, by_size = (found.scalar("reconstruction_mse", by=by).value for by in ("pca_active", "pca"))
    assert by_active == pytest.approx(alone.scalar("reconstruction_mse", by="pca").value)
    assert by_size < by_active
    assert any("5 dimensions (2 of them active)" in text for text in found.readings)


def test_a_collapsed_model_is_called_so() -> None:
    found = compared(CHECKPOINTS / "digits-collapsed.pt", "digits")
    assert "No latent dimension is active" in found.readings[0]
    assert any("collapsed" in text for text in found.warnings)
    assert any("does not earn its keep" in text for text in found.warnings)
    assert found.scalar("pca_components_to_match").value <= 1
    assert "no latent dimension is active" in found.scalar("subspace_cosine2", of="jacobian").reason
    precision = found.scalar("precision", by="codes", k=5)
    assert precision.value == pytest.approx(found.scalar("precision", by="chance", k=5).value, abs=0.01)


def test_a_healthy_model_beats_pca_of_its_size() -> None:
    found = compared(CHECKPOINTS / "digits-vae.pt", "digits")
    assert found.scalar("reconstruction_gain", over="pca").low > 0.01
    assert 15 < found.scalar("pca_components_to_match").value < 25
    assert found.scalar("probe_accuracy", by="codes", probe="linear").value > 0.85
    assert "better at reconstruction" in found.readings[0]
    names = [figure.name for figure in found.figures]
    assert names == ["components", "probes", "retrieval", "angles", "reconstructions", "denoised"]


@pytest.mark.parametrize("n", [2, 5])
def test_very_few_samples_give_numbers_or_reasons(n: int) -> None:
    found = compared(SpatialVAE(), images(n))
    assert found.scalar("reconstruction_mse", by="model").value > 0
    assert found.scalar("reconstruction_mse", by="pca").value > 0
    assert any("fitted to" in text for text in found.warnings)
    assert not any("nan" in text for text in found.readings)


class Breaking(Identity):
    """A code, or a decoded value, is not finite where the first feature is large."""

    def __init__(self, features: int, *, where: str) -> None:
        super().__init__(features)
        self.where = where

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return super().encode(torch.where(x[:, :1] > 2, torch.nan, x) if self.where == "codes" else x)

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.where(z[:, :1] > 2, torch.nan, z) if self.where == "decoded" else z


def test_a_single_sample_has_no_rival() -> None:
    # No analysis has a single sample, but of two the code of one may be broken.
    found = compared(Breaking(3, where="codes"), data(np.array([[0.1, 0.2, 0.3], [9.0, 0, 0]])))
    assert found.scalar("reconstruction_mse", by="model").n == 1
    assert "one sample leaves none" in found.scalar("pca_components_to_match").reason
    assert "one sample leaves none" in found.scalar("reconstruction_mse", by="pca").reason
    assert found.readings[0] == "1 sample is too few to fit a simpler model to."


def test_codes_that_are_not_finite_are_left_out_and_counted() -> None:
    x = np.random.default_rng(0).normal(size=(300, 3)) * 0.5
    x[:7, 0] = 3.0
    found = compared(Breaking(3, where="codes"), data(x), noise=0.01)
    assert any("7 of 300 codes are not finite" in text for text in found.warnings)
    assert found.scalar("reconstruction_mse", by="model").n == 293
    assert found.scalar("reconstruction_mse", by="model").value == pytest.approx(0, abs=1e-12)


def test_decoded_values_that_are_not_finite_have_their_reason() -> None:
    x = np.random.default_rng(0).normal(size=(100, 3)) * 0.5
    x[:7, 0] = 3.0
    found = compared(Breaking(3, where="decoded"), data(x))
    assert "not finite" in found.scalar("reconstruction_mse", by="model").reason
    assert "not finite" in found.scalar("subspace_cosine2", of="reconstructions").reason
    assert found.scalar("reconstruction_mse", by="pca").value < 0.1


def test_no_finite_code_at_all_is_an_error() -> None:
    x = np.full((20, 3), 5.0) + np.random.default_rng(0).normal(size=(20, 3))
    run = analyze(Breaking(3, where="codes"), [Baselines()], data=data(np.abs(x) + 2), no_cache=True)
    assert "no sample has a finite code" in str(run.failed[0].reason)


def test_numbers_do_not_depend_on_the_batch() -> None:
    one, other = (compared(SpatialVAE(), images(90), batch_size=size) for size in (7, 64))
    for scalar in one.scalars:
        value = other.scalar(scalar.name, **dict(scalar.params)).value
        loose = 2 / 90 if scalar.name.startswith("probe") else 1e-5  # a probe may tell a borderline sample otherwise
        assert value == pytest.approx(scalar.value, rel=1e-4, abs=loose, nan_ok=True), scalar.name


def test_the_samples_compared_are_capped_and_it_is_said() -> None:
    x = stretched(500)
    found = compared(LinearVAE.random(12, 3), data(x), compared=100, **FEW)
    assert found.scalar("reconstruction_mse", by="model").n == 100
    assert "100 of 500 samples are compared, evenly spread." in found.warnings
    assert found.rows is not None
    assert (np.diff(np.sort(found.rows.gather().index)) >= 1).all()


def test_labels_and_factors_stay_with_their_samples_when_few_are_compared() -> None:
    x = np.random.default_rng(0).normal(size=(400, 2))
    labels = (x[:, 0] > 0).astype(np.int64)
    named = compared(Identity(2), data(10 * x, labels), compared=150)
    assert named.scalar("probe_accuracy", by="codes", probe="linear").value > 0.9
    graded = Memory((10 * x).astype(np.float32), None, labels[:, None].astype(np.float64))
    factor = compared(Identity(2), graded, compared=150)
    assert factor.scalar("probe_accuracy", by="codes", probe="linear", of="f0").value > 0.9


def test_a_foreign_model_beside_another(shared_data: Path) -> None:
    folder = shared_data / "checkpoints"
    given = str(shared_data / "mnist" / "t10k-images-idx3-ubyte.gz")
    found = compared(folder / "VAE_mnist", given, samples=300, resize=True, against=str(folder / "btcvae_mnist"), **FEW)
    # A penalty on total correlation costs reconstruction.
    assert found.scalar("reconstruction_gain", over="against").value == pytest.approx(0.0048, abs=0.0006)
    assert found.scalar("reconstruction_ratio", over="pca").low > 3
    assert found.scalar("pca_components_to_match").value > 40


def test_large_pixels_are_projected_for_the_linear_probe_only() -> None:
    found = compared(Large(), images(40, size=34))
    assert any("1156 features is fitted to their first 256" in text for text in found.warnings)
    assert found.scalar("probe_accuracy", by="pixels", probe="linear").value >= 0


class Large(torch.nn.Module):
    """The first five pixels of an image as its code."""

    input_shape = (1, 34, 34)
    latent_shape = (5,)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = x.flatten(1)[:, :5]
        return DiagonalGaussian(mean, torch.full_like(mean, -2))

    def decode(self, z: Tensor, /) -> Tensor:
        return torch.nn.functional.pad(z, (0, 34 * 34 - 5)).reshape(-1, 1, 34, 34)


def test_codes_of_the_pass_are_not_encoded_again() -> None:
    class Counting(LinearVAE):
        encoded = 0

        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            type(self).encoded += len(x)
            return super().encode(x)

    base = LinearVAE.random(8, 2)
    before = Counting.encoded
    compared(Counting(base.w, base.v), vectors(100, 8), **FEW)
    # Once in the pass, once with noise; a few when it is taken in.
    assert Counting.encoded - before <= 200 + 16


def test_values_per_sample_are_kept_for_comparisons_of_runs() -> None:
    found = compared(SpatialVAE(), images(30))
    assert found.rows is not None
    means = found.rows.gather().values.mean(axis=0)
    for column, mean in zip(found.rows.columns, means, strict=True):
        assert found.scalar(column.name, **dict(column.params)).value == pytest.approx(mean)


def test_tables_and_figures_have_the_numbers_of_the_scalars() -> None:
    found: Findings = compared(Autoencoder(), images(60))
    assert cells(found, "reconstruction", "mse")[0] == found.scalar("reconstruction_mse", by="model").value
    assert cells(found, "probes", "accuracy")[0] == found.scalar("probe_accuracy", by="codes", probe="linear").value
    figure = next(figure for figure in found.figures if figure.name == "components")
    rows = [row for row in figure.table.rows if row[0] == "PCA, held out"]
    assert rows[3][2] == pytest.approx(found.scalar("reconstruction_mse", by="pca").value)
    assert 4 <= sum(scalar.headline for scalar in found.scalars) <= 8
